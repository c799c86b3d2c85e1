"""The HTTP server: routes and their handlers, requests and responses, connections."""
