"""The subcommands, and what only they need."""
