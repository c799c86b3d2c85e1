"""The metrics of the targets and of this process: names, families, pages of text."""
