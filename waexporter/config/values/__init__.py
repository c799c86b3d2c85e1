"""Single values of the configuration: texts, numbers, durations, addresses, small files."""
