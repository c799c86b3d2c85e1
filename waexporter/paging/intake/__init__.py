"""The sources of pages: Alertmanager's webhook, missing watchdogs, and changed verdicts (`pager.watch`)."""
