"""Who may use which path."""
