"""Outgoing HTTP: sockets, deadlines, the map of errors; the only home of requests and urllib3."""
