"""The fixtures of tests that talk to servers."""

from tests.transport.fixtures import serve
from tests.whatsapp.fixtures import connect

__all__ = ["connect", "serve"]
