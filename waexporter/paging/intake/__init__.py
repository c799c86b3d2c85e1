"""The sources of pages: Alertmanager's webhook, watchdogs, the built-in watch of verdicts."""
