"""Messages through Apprise, whose plugins may fail in any way and know secrets."""

from __future__ import annotations

import io
import json
import logging
import threading
from traceback import format_exception
from typing import TYPE_CHECKING, Any

import pytest
from apprise.decorators import notify

from tests.paging.fakes import an_alert
from waexporter import log
from waexporter.model import Fallback, LogSettings, Secret
from waexporter.paging.channels import ACCEPTED, try_to_send
from waexporter.paging.channels.apprise import AppriseChannel
from waexporter.paging.channels.fallback_channels import open_fallback_channels
from waexporter.paging.messages.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.receivers import Receiver

# Apprise looks for a module of Python's that is about to go.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MESSAGE = Message("FIRING", (an_alert("Down", "alpha"), an_alert("Up", ends_at=2e9)))


def test_apprise_sends_to_its_own_kinds_of_addresses(receiver: Receiver) -> None:
    [channel] = open_fallback_channels([Fallback(Secret(f"json://{receiver.place}/hooks/T0K3N"))], _no_poster)

    assert channel.kind == "apprise"
    assert channel.send(MESSAGE) == ACCEPTED

    [request] = receiver.heard
    assert request.path.startswith("/hooks/T0K3N")
    assert json.loads(request.body)["message"] == "FIRING"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Yield everything that is logged, by us and by others, at the level debug."""
    stream = io.StringIO()
    plain = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    log.configure(LogSettings(level="debug"), stream)
    root.addHandler(plain)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(plain)
    for handler in [each for each in root.handlers if isinstance(each, log._Handler)]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("status", [0, 404, 500])
def test_a_failure_of_apprise_shows_no_secret(receiver: Receiver, logged: io.StringIO, status: int) -> None:
    receiver.status, receiver.drops = status, not status
    channel = AppriseChannel(Secret(f"json://me:hunter2@{receiver.place}/hooks/T0K3N?key=s3cr3t"))

    outcome = channel.send(MESSAGE)

    assert (outcome.code, outcome.why) == ("failed", "Apprise could not send to json://…")
    assert not outcome.is_permanent
    assert not shown(f"{outcome!r} {logged.getvalue()}")


PLUGINS: dict[str, Callable[[], bool]] = {}


def plugin(name: str, act: Callable[[], bool]) -> AppriseChannel:
    """Return a channel to a plugin of Apprise that calls `act`."""
    if name not in PLUGINS:
        notify(on=name)(lambda *_args, **_others: PLUGINS[name]())  # type: ignore[no-untyped-call]
    PLUGINS[name] = act
    return AppriseChannel(Secret(f"{name}://hunter2/T0K3N"), timeout=0.2)


def test_a_plugin_that_hangs_times_out_and_may_have_sent_it() -> None:
    released = threading.Event()
    channel = plugin("hanging", released.wait)

    outcomes = [channel.send(MESSAGE) for _ in range(5)]

    released.set()
    assert [(each.code, each.is_permanent, each.may_have_arrived) for each in outcomes] == [
        ("timeout", False, True)
    ] * 5
    assert outcomes[0].why == "Apprise came to no end in time with hanging://…"


def test_an_exception_of_a_plugin_is_a_failure_of_this_attempt_alone() -> None:
    def fail() -> bool:
        raise ValueError("https://hooks.example/T0K3N")

    def leave() -> bool:
        raise SystemExit(3)

    def open_file() -> bool:
        raise OSError(5, "can't open https://hooks.example/T0K3N", "/keys/T0K3N")

    for name, act in (("failing", fail), ("leaving", leave), ("opening", open_file)):
        crashes: list[Exception] = []

        outcome = try_to_send(plugin(name, act), MESSAGE, crashes.append)

        assert not outcome.is_accepted
        assert not outcome.is_permanent
        assert not shown(f"{outcome!r} {crashes!r} {[''.join(format_exception(each)) for each in crashes]}")


@pytest.mark.parametrize("address", ["nothing://hunter2/T0K3N", "tgram://T0K3N", "slack://hunter2/s3cr3t"])
def test_an_unknown_address_is_reported_without_its_secrets(address: str, logged: io.StringIO) -> None:
    with pytest.raises(ValueError, match="Apprise can't make anything of the address") as caught:
        AppriseChannel(Secret(address))

    assert not shown(f"{caught.value!r} {logged.getvalue()}")


def shown(words: str) -> list[str]:
    """Return the secrets of these tests that are in `words`."""
    return [secret for secret in ("hunter2", "T0K3N", "s3cr3t") if secret.lower() in words.lower()]


def _no_poster(_: Secret) -> Any:  # noqa: ANN401 - it is never asked
    raise AssertionError
