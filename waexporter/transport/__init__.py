"""The HTTP client: deadlines, TLS, connections, errors. Only this package imports requests and urllib3."""
