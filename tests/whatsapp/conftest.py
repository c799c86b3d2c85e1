"""The fixtures of tests that talk to servers."""

from tests.transport.fixtures import connect, serve

__all__ = ["connect", "serve"]
