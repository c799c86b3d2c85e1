"""The text of messages: digest of the pages, wording, markup, links."""
