"""What a person can do when a page was not taken, way by way; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from waexporter.paging.journal.trail import sum_up
from waexporter.paging.telemetry import OK
from waexporter.whatsapp.documents.envelope import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from waexporter.paging.journal.entry import Attempt

_SETUP = "make a group by `waexporter pager setup`"
_LOGIN = "check api_key, username and password of the target; messages need a login, no API key will do"
_LATER = "wait: it is tried again by itself; `waexporter probe TARGET` says more"

# By the API's own error code, or by an HTTP status that comes without one.
_BY_CODE: Mapping[int, str] = {
    401: _LOGIN,
    403: _LOGIN,
    404: "check that the url leads to the webapp itself",
    429: "wait: too many messages were sent",
    1000: _LATER,
    1001: "report this: waexporter keeps its messages below the limit",
    1002: "this version of the client has no groups: give people's numbers in pager.recipients",
    1003: f"the business has left the group: {_SETUP}",
    1005: f"{_LOGIN}; or the build has expired: upgrade the client, where there is a newer build",
    1006: "check that the url leads to the webapp itself, and pager.group",
    1007: "look into the account at Meta: it is blocked",
    1011: _LATER,
    1012: f"check the id of the group, and that somebody has joined by its invite link, or {_SETUP}",
    1013: "check the numbers in pager.recipients: with the country's code, without spaces",
    1014: _LATER,
    1015: "wait: the client's limit of requests is used up",
    1016: "check that your webhook answers 200, and fast: callbacks pile up until messages are refused",
    1017: "check that a master container runs and reaches the database; it is tried again by itself",
    1018: _LATER,
    1019: _SETUP,
    1020: f"check the id of the group, or {_SETUP}",
    1021: "check the numbers in pager.recipients",
    1022: "set webhooks.url in the client's application settings: without it messages are refused",
    1023: "check the database server of the client, its disk and its connections",
    1024: "log in to the client once and change the account's password, then configure the new one",
    1026: "page other people: WhatsApp can't reach this one",
    1031: "look into the account at Meta: it may send nothing any more",
}
_BY_WORDS: tuple[tuple[str, str], ...] = (
    (r"no group is known", f"set pager.group or pager.recipients, or {_SETUP}"),
    (r"login of .* was refused|must change its password", _LOGIN),
    (r"speaks TLS", "let the url of the target begin with https://"),
    (r"a clock is wrong", "set both clocks right, by NTP"),
    (r"not safe any more", "switch TLS 1.2 or newer on at the webapp, or at the proxy before it"),
    (r"certificate|TLS", "check tls.ca_file and tls.server_name of the target, or renew the certificate"),
    (r"a bug", "read the log of waexporter, and report it"),
    (
        r"the answer",
        "check that the url leads to the webapp itself, without a login page or a proxy in between",
    ),
)
# What a fallback's failure does not say by itself.
NOR_WHATSAPP = "WhatsApp did not take it either -> `waexporter pager check` says why"
_FALLBACK = "check the address in pager.fallback, and what receives it"
_FORMAT = f"{_FALLBACK}, and the format it wants (pager.fallback[].format)"
_MISUNDERSTOOD = re.compile(r"answered (400|415|422|2[0-9]{2}, but says no)")
_REST = (
    "check that it runs, and the address, firewall and load balancer in between; `waexporter probe TARGET` "
    "says more"
)
_CODE = re.compile(r"answered ([0-9]{3})(?: with errors)?(?:: ([0-9]{1,9}) )?")


def is_of_fallback(why: str) -> bool:
    """Tell whether a way around WhatsApp failed."""
    return why.startswith("fallback ")


def find_remedy(why: str) -> str:
    """Say what to do about a failure, by the sentence that the pager wrote of it."""
    if is_of_fallback(why):
        # Its codes are not WhatsApp's.
        return _FORMAT if _MISUNDERSTOOD.search(why) else _FALLBACK
    found = _CODE.search(why)
    for said in (found[2], found[1]) if found else ():
        if said and int(said) in _BY_CODE:
            return _BY_CODE[int(said)]
    return next((remedy for pattern, remedy in _BY_WORDS if re.search(pattern, why)), _REST)


def describe_ways(tried: Iterable[Attempt]) -> Iterator[str]:
    """Yield a line for each way that was tried: to whom, what came of it, and what can be done."""
    for attempt, count in sum_up(tried):
        times = f" ({count} attempts)" if count > 1 else ""
        way = f"{printable(attempt.way)} to {printable(attempt.recipient)}"
        why = printable(attempt.why, 400)
        if attempt.code == OK:
            yield f"ok: {way}: accepted{f', {why}' if why else ''}{times}"
        else:
            yield f"NOT OK: {way}: {why}{times} -> {find_remedy(f'{attempt.way}: {attempt.why}')}"
