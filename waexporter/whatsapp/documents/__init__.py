"""The documents of the On-Premises API, a module for each."""
