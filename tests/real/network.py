"""Small doings on the loopback interface."""

from __future__ import annotations

import random
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from typing import NamedTuple

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy of the environment


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


def ask(url: str, *, patience: float) -> Answer | None:
    """GET an address; None when nobody answers in time (seconds)."""
    try:
        with DIRECT.open(url, timeout=patience) as answer:
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read())
    except (OSError, HTTPException):
        return None


def find_free_port() -> int:
    """Find a port that nobody uses now, below those that the system gives to whoever asks for any.

    One of those may belong to another test by the time it is used.
    """
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
