"""The text of a page: digest of the alerts, wording, markup, links."""
