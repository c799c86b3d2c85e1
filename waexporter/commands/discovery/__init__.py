"""The targets that a web server publishes, for commands that need them once."""
