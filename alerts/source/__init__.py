"""The source of docs/alerts.md: the rules, the score of their tests, how soon they fire."""
