"""The pager: from Alertmanager's webhook to a durable journal, and from there to people."""
