"""Requests that a proxy in front may read in another way: none hides a second request in the first."""

from __future__ import annotations

import pytest

from tests.web.fakes import Diary, FakeBackend, an_application
from tests.web.test_odd_requests import converse

POST = b"POST /metrics HTTP/1.1\r\nHost: x\r\n"
HIDDEN = b"GET /sd HTTP/1.1\r\nHost: x\r\n\r\n"
NO_CHUNK = b"0\r\n\r\n"
# A proxy that believes the length passes all of it as one request.
LENGTH = b"Content-Length: %d\r\n" % len(NO_CHUNK + HIDDEN)


def asked_for(said: bytes) -> tuple[list[int], list[str], int]:
    """Return the statuses that a client reads, the paths that were asked for, and the crashes."""
    diary = Diary()
    answers = converse(an_application(FakeBackend(), diary), said)
    return [status for status, _ in answers], [path for path, _ in diary.requests], diary.crashes


@pytest.mark.parametrize(
    ("header", "statuses"),
    [
        (b"Transfer-Encoding: chunked\r\n", [405]),
        (b"Transfer-Encoding: CHUNKED\r\n", [405]),
        (b"Transfer-Encoding:\tchunked\r\n", [405]),
        (b"Transfer-Encoding:\r\n chunked\r\n", [405]),
        (b"Transfer-Encoding: chunked\r\n \r\n", [405]),
        (b"X: x\nTransfer-Encoding: chunked\r\n", [405]),
        (b"Transfer-Encoding: xchunked\r\n", [501]),
        (b'Transfer-Encoding: "chunked"\r\n', [501]),
        (b"Transfer-Encoding: chunked, identity\r\n", [501]),
        (b"Transfer-Encoding: identity, chunked\r\n", [501]),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", [501]),
        (b"Transfer-Encoding : chunked\r\n", [400]),
        (b"Transfer-Encoding\n: chunked\r\n", [400]),
        (b"Transfer-Encoding: chun\x00ked\r\n", [400]),
        (b"X: x\rTransfer-Encoding: chunked\r\n", [400]),
        (b"Transfer_Encoding: chunked\r\n", [405, 200]),  # another header, and the length holds
        (b"X: x\r\n Transfer-Encoding: chunked\r\n", [405, 200]),  # the value of X goes on
    ],
)
@pytest.mark.parametrize("comes_first", ["length", "chunks"])
def test_two_ways_to_give_a_length_hide_no_request(
    header: bytes, statuses: list[int], comes_first: str
) -> None:
    headers = LENGTH + header if comes_first == "length" else header + LENGTH

    read, paths, crashes = asked_for(POST + headers + b"\r\n" + NO_CHUNK + HIDDEN)

    assert read == statuses
    assert "/sd" not in paths
    assert crashes == 0


@pytest.mark.parametrize(
    "value",
    [
        b"3\r\nContent-Length: 30",
        b"3, 30",
        b"0x3",
        b"3 4",
        b"3\r\n 4",
        b"+3",
        b"-3",
        b"3;x",
        b"3.0",
        b"\xb2",
        b"",
    ],
)
def test_a_length_that_is_no_number_ends_the_connection(value: bytes) -> None:
    read, paths, _ = asked_for(POST + b"Content-Length: " + value + b"\r\n\r\nabc" + HIDDEN)

    assert (read, paths) == ([400], [])


@pytest.mark.parametrize(
    "body",
    [
        b"3;a\nb\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"-1\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\n0\n\n",
        b"3\r\nabcXX0\r\n\r\n",
        b"3\r\nabc\r\n0\r\n X\r\n\r\n",
        b"g\r\n",
        b"\r\n",
        b"100000000000000000000000000003\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_chunks_that_are_malformed_end_the_connection(body: bytes) -> None:
    read, paths, crashes = asked_for(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body + HIDDEN)

    assert read in ([400], [405])
    assert "/sd" not in paths
    assert crashes == 0


@pytest.mark.parametrize(
    "body",
    [
        b"3;a=b\r\nabc\r\n0\r\n\r\n",
        b'3;a="b\\"c"\r\nabc\r\n0;x\r\n\r\n',
        b"00000000000000000003\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\nHost: y\r\n\r\n",
    ],
)
def test_extensions_of_chunks_and_headers_after_them_change_nothing(body: bytes) -> None:
    read, paths, _ = asked_for(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body + HIDDEN)

    assert read == [405, 200, 200]
    assert paths == ["/metrics", "/sd", "/-/healthy"]


@pytest.mark.parametrize("start", [b"3;" + b"a" * 90_000, b"0\r\n" + b"a: b\r\n" * 20_000])
def test_endless_extensions_of_chunks_and_headers_after_them_are_refused(start: bytes) -> None:
    read, paths, _ = asked_for(POST + b"Transfer-Encoding: chunked\r\n\r\n" + start)

    assert read in ([431], [405])
    assert paths == ["/metrics"]


@pytest.mark.parametrize(
    "line",
    [
        b"GET  /metrics HTTP/1.1",
        b"GET /metrics HTTP/1.1 ",
        b"GET /metrics http/1.1",
        b"GET\t/metrics\tHTTP/1.1",
        b"GET /met\rrics HTTP/1.1",
        b" GET /metrics HTTP/1.1",
        b"GET /metrics HTTP/1.1\r\n X: y",
        b"GET /metrics\x0bHTTP/1.1",
        b"G@T /metrics HTTP/1.1",
        b"GET /metrics HTTP/11",
    ],
)
def test_a_request_line_with_other_spaces_is_refused(line: bytes) -> None:
    read, paths, _ = asked_for(line + b"\r\nHost: x\r\n\r\n" + HIDDEN)

    assert (read, paths) == ([400], [])
