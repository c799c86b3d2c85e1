"""The fixtures of tests that talk to servers."""

from tests.transport.fixtures import authority, ca_file, connect, serve

__all__ = ["authority", "ca_file", "connect", "serve"]
