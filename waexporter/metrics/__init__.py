"""From a client's answers to pages of metrics: names, families, text."""
