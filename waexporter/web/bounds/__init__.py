"""What clients may use at a time, and whose turn it is."""
