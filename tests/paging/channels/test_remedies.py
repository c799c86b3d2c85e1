"""Every failure to send a page has a remedy."""

from __future__ import annotations

import pytest

from waexporter.errors import ApiError
from waexporter.paging.channels.remedies import find_remedy
from waexporter.paging.channels.whatsapp import ERROR_CODES, STATUS_REMEDIES, whatsapp_error_outcome
from waexporter.transport.exchange import Reply
from waexporter.whatsapp.documents.envelope import check

FALLBACK = "check the address in pager.fallback, and what receives it"


def refusal(status: int, body: bytes) -> str:
    """Return the sentence that the pager writes about a reply."""
    with pytest.raises(ApiError) as caught:
        check(Reply(status, body))
    return f"support-line: {whatsapp_error_outcome(caught.value).why}"


@pytest.mark.parametrize("code", [code for code, error in ERROR_CODES.items() if error.remedy])
@pytest.mark.parametrize("status", [200, 400, 503])
def test_the_remedy_of_an_api_error_is_found_by_its_code(code: int, status: int) -> None:
    why = refusal(status, b'{"errors": [{"code": %d, "title": "A title", "details": "1022 details"}]}' % code)

    assert find_remedy(why) == ERROR_CODES[code].remedy


@pytest.mark.parametrize("code", STATUS_REMEDIES)
def test_the_remedy_of_a_status_without_a_code_is_found_by_the_status(code: int) -> None:
    assert find_remedy(refusal(code, b"")) == STATUS_REMEDIES[code]
    assert find_remedy(refusal(code, b'{"errors": [{"code": 77, "title": "?"}]}')) == STATUS_REMEDIES[code]


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("no group is known to send to: set pager.group, or on_call_pager", "set pager.group or"),
        ("a: the login of 'owner' was refused (no words)", "check api_key"),
        ("a: the certificate is not trusted: expired; renew it", "check tls.ca_file"),
        ("a: the certificate is not trusted: x; a clock is wrong: this machine's, or", "set both clocks"),
        ("a: the target speaks TLS: its url must begin with https://", "let the url"),
        ("a: TLS failed: x: … that is not safe any more: switch", "switch TLS 1.2"),
        ("fallback 0: Apprise could not send to mailto://…", "check the address in pager.fallback"),
        ("fallback 0: no connection: Connection refused", "check the address in pager.fallback"),
        ("fallback 0: the fallback at https://x/… answered 404", "check the address in pager.fallback"),
        ("fallback 0: the fallback at https://x/… answered 400", f"{FALLBACK}, and the format it wants"),
        (
            "fallback 0: the fallback at https://x/… answered 200, but says no: code 19001",
            f"{FALLBACK}, and the format it wants",
        ),
        ("fallback 0: the attempt ended by a bug (ValueError at x.py:1)", FALLBACK),
        ("a: the attempt ended by a bug (ValueError at x.py:1)", "read the log of waexporter"),
        ("a bug of waexporter", "read the log of waexporter"),
        ("a: the answer is a web page, not JSON", "check that the url leads to the webapp"),
        ("a: no connection: Connection refused", "check that it runs"),
        ("", "check that it runs"),
    ],
)
def test_the_remedy_of_other_failures_is_found_by_their_words(why: str, words: str) -> None:
    assert find_remedy(why).startswith(words)


def test_every_permanent_error_has_a_remedy_unless_it_is_a_bug_of_ours() -> None:
    # Mistakes of a request itself would be bugs of ours.
    ours = {1008, 1009, 1010, 1025}

    assert {code for code, error in ERROR_CODES.items() if not error.remedy} == ours
