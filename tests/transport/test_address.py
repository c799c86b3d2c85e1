"""Requests to a fallback or a heartbeat's receiver, with the same limits as those to a target."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.receivers import Receiver, receiving
from tests.transport.servers import once, response, server_context, silent
from waexporter.errors import ApiError, UnreachableError
from waexporter.model import Reason, Secret
from waexporter.transport.address import HttpAddress
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.transport.fixtures import Serve

TIMEOUT = 30.0  # seconds; nothing here takes as long


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def elsewhere(address: str) -> HttpAddress:
    return HttpAddress(Secret(address), TlsContexts())


def test_a_body_is_posted_as_json(receiver: Receiver) -> None:
    reply = elsewhere(f"http://{receiver.place}/hooks/a?key=b").post(b'{"text":"x"}', TIMEOUT)

    [heard] = receiver.heard
    assert (reply.status, reply.body) == (200, b"ok")
    assert (heard.method, heard.path, heard.body) == ("POST", "/hooks/a?key=b", b'{"text":"x"}')
    assert heard.headers["content-type"] == "application/json"
    assert "authorization" not in heard.headers


@pytest.mark.parametrize(
    ("address", "suffix", "path"),
    [
        ("", "", "/"),
        ("/", "", "/"),
        ("", "/fail", "/fail"),
        ("/ping/abc", "/fail", "/ping/abc/fail"),
        ("/ping/abc/", "/fail", "/ping/abc/fail"),
        ("/ping?key=1", "/fail", "/ping/fail?key=1"),
    ],
)
def test_a_suffix_goes_behind_the_path(receiver: Receiver, address: str, suffix: str, path: str) -> None:
    elsewhere(f"http://{receiver.place}{address}").post(b"", TIMEOUT, suffix)

    assert receiver.heard[0].path == path


def test_the_path_is_sent_as_it_is_written(receiver: Receiver) -> None:
    """A path that ends with a slash may be another one than the path without."""
    elsewhere(f"http://{receiver.place}/hooks/a/").post(b"", TIMEOUT)

    assert receiver.heard[0].path == "/hooks/a/"


def test_an_address_is_requested(receiver: Receiver) -> None:
    assert elsewhere(f"http://{receiver.place}/ping/abc").get(TIMEOUT).status == 200

    assert (receiver.heard[0].method, receiver.heard[0].path) == ("GET", "/ping/abc")


def test_user_and_password_are_sent_as_basic_and_are_not_part_of_the_path(receiver: Receiver) -> None:
    elsewhere(f"http://me:p%40ss@{receiver.place}/x").post(b"{}", TIMEOUT)

    [heard] = receiver.heard
    assert heard.headers["authorization"] == f"Basic {b64encode(b'me:p@ss').decode()}"
    assert heard.path == "/x"


@pytest.mark.parametrize("status", [201, 204, 400, 404, 429, 500, 503])
def test_any_status_is_returned(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.answer = status, b""

    assert elsewhere(f"http://{receiver.place}/").post(b"{}", TIMEOUT).status == status


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": "/login"}

    assert elsewhere(f"http://{receiver.place}/hook").post(b"{}", TIMEOUT).status == 302
    assert len(receiver.heard) == 1


def test_what_an_answer_says_does_not_matter_however_large_it_is(receiver: Receiver) -> None:
    receiver.answer = b"x" * 5_000_000

    assert elsewhere(f"http://{receiver.place}/").post(b"{}", TIMEOUT).status == 200


def test_an_answer_that_is_cut_short_may_have_been_meant(receiver: Receiver) -> None:
    receiver.drops = True

    with pytest.raises(UnreachableError) as caught:
        elsewhere(f"http://{receiver.place}/").post(b"{}", TIMEOUT)

    assert caught.value.may_have_arrived
    assert len(receiver.heard) == 1, "what may have arrived is not sent again by itself"


def test_a_refused_connection_is_known_not_to_have_arrived(free_port: int) -> None:
    with pytest.raises(UnreachableError) as caught:
        elsewhere(f"http://127.0.0.1:{free_port}/").post(b"{}", TIMEOUT)

    assert not caught.value.may_have_arrived


def test_a_silent_receiver_ends_with_the_deadline(serve: Serve) -> None:
    with pytest.raises(UnreachableError) as caught:
        elsewhere(serve(silent).url).post(b"{}", 0.3)

    assert caught.value.reason is Reason.TIMEOUT
    assert caught.value.may_have_arrived


def test_an_answer_that_is_no_http_is_an_error(serve: Serve) -> None:
    with pytest.raises(ApiError):
        elsewhere(serve(once(b"SSH-2.0-OpenSSH\r\n")).url).get(TIMEOUT)


def test_the_certificate_is_verified() -> None:
    context = server_context(trustme.CA().issue_cert("127.0.0.1"))
    with receiving(context) as receiver, pytest.raises(UnreachableError) as caught:
        elsewhere(f"https://{receiver.place}/secret-path").post(b"{}", TIMEOUT)

    assert caught.value.reason is Reason.TLS
    assert not caught.value.may_have_arrived
    assert not receiver.heard


def test_no_error_shows_what_may_be_secret(free_port: int, serve: Serve) -> None:
    for where in (f"127.0.0.1:{free_port}", serve(silent).url.removeprefix("http://")):
        with pytest.raises(ApiError) as caught:
            elsewhere(f"http://me:hunter2@{where}/hooks/T0K3N?key=s3cr3t").post(b"{}", 0.3)

        words = f"{caught.value!r} {caught.value}"
        assert not [secret for secret in ("hunter2", "T0K3N", "s3cr3t") if secret in words]


def test_a_kept_connection_that_ended_is_replaced_for_a_get(serve: Serve) -> None:
    there = elsewhere(serve(once(response())).url)
    assert [there.get(TIMEOUT).status, there.get(TIMEOUT).status] == [200, 200]
    there.close()
