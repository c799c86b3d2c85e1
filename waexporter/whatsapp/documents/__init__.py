"""Parsers for the documents of the On-Premises API, one module for each kind."""
