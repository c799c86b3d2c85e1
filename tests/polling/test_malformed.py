"""One malformed element, at any place of any document: what is said elsewhere comes out unchanged.

Nothing is expected of a single input by hand. Each document is good first, then one element of it is
replaced, put in or taken out; and the page and the verdict are compared with those of the good document, and
with those of the document that has the whole fact (a sample, a family, a node, a setting) left out.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.whatsapp.documents.bodies import stored
from waexporter.config import DEFAULT_PLANS
from waexporter.health.on_premises.problems import PROBLEM_STATES
from waexporter.model import Account, Endpoint, Failure, Instant, Limits, State, Success, Target
from waexporter.polling.next_state import advance
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.transport.exchange import Reply, Request
from waexporter.whatsapp.documents.envelope import status_of
from waexporter.whatsapp.documents.groups import read_contact_status, read_invite, read_new_group
from waexporter.whatsapp.documents.login import read_login
from waexporter.whatsapp.documents.settings import read_shards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from waexporter.polling.state import TargetState

TARGET = Target("t", "https://wa.example", on_call_group="14155550100-1520000000", plans=DEFAULT_PLANS)
NOW = Instant(1_700_000_000.0, 1000.0)
PLACE = "@place@"

Step = str | int
Trail = tuple[Step, ...]
Page = dict[str, float]


def data(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(stored(name))
    return read


def support(role: str, shards: list[list[int]], socket: str = "UP") -> dict[str, Any]:
    return {
        "version": "2.45.1", "db_engine": "MYSQL", "expire_timestamp": "2030-09-27T14:26:07", "role": role,
        "free_space_data": 14269902848, "free_space_media_incoming": 9223372036853727000,
        "shards": shards, "socket_conn": socket, "schema": {"axolotl": 1}, "env": ["A=b"],
        "multi_connect": len(shards) > 1,
    }  # fmt: skip


META = {"version": "v2.45.1", "api_status": "stable"}
SETTINGS = {
    "callback_backoff_delay_ms": 3000, "callback_persist": True, "heartbeat_interval": 5,
    "max_callback_backoff_delay_ms": "900000", "media": {"auto_download": ["image"]},
    "on_call_pager": "14155550100-1520000000", "pass_through": True, "sent_status": True,
    "unhealthy_interval": 30,
    "webhooks": {"url": "https://hooks.example.com/wa", "max_concurrent_requests": 6},
}  # fmt: skip
GROUP = {
    "admins": ["14155550100"], "creation_time": 1520000000, "creator": "14155550100",
    "participants": ["14155550101", "14155550102"], "subject": "On call",
}  # fmt: skip
EVERYWHERE: dict[str, Any] = {
    "/v1/settings/application": {"settings": {"application": SETTINGS}, "meta": META},
    f"/v1/groups/{TARGET.on_call_group}": {"groups": [GROUP], "meta": META},
    "/v1/metrics": data("metrics"),
}
WORLDS: dict[str, dict[str, Any]] = {
    "single": {
        **EVERYWHERE,
        "/v1/health": data("health-single"),
        "/v1/stats/app": data("stats-app-single"),
        "/v1/stats/db": data("stats-db-single"),
        "/v1/support": {"support": support("coreapp", [[0, 0]]), "meta": META},
    },
    "ha": {
        **EVERYWHERE,
        "/v1/health": data("health-ha"),
        "/v1/stats/app": data("stats-app-multiconnect"),
        "/v1/stats/db": data("stats-db-multiconnect"),
        "/v1/account/shards": {"account": {"shards": 1}},
        "/v1/support": {
            "support": {
                "core-a:1f00": support("coreapp", [[0, 0]]),
                "core-b:2e11": support("coreapp", [], "DN"),
                "master-a:9c22": support("primary_master", [[-1, -1]], "DN"),
            },
            "meta": META,
        },
    },
    "multiconnect": {
        **EVERYWHERE,
        "/v1/health": data("health-multiconnect"),
        "/v1/stats/app": data("stats-app-multiconnect"),
        "/v1/stats/db": data("stats-db-multiconnect"),
        "/v1/account/shards": {"account": {"shards": 2}},
        "/v1/support": {
            "support": {
                "core-a:1f00": support("coreapp", [[0, 0]]),
                "core-b:2e11": support("coreapp", [[1, 1]]),
                "core-c:3344": support("coreapp", []),
                "master-a:9c22": support("primary_master", [[-1, -1]]),
            },
            "meta": META,
        },
    },
}
ENDPOINTS = {
    Endpoint.HEALTH: "/v1/health",
    Endpoint.APP: "/v1/stats/app",
    Endpoint.DB: "/v1/stats/db",
    Endpoint.WEB: "/v1/metrics",
    Endpoint.SUPPORT: "/v1/support",
    Endpoint.SETTINGS: "/v1/settings/application",
    Endpoint.GROUP: f"/v1/groups/{TARGET.on_call_group}",
}

# --- what is asked, and what it comes to --------------------------------------------------------


class Answers:
    """A client of fixed answers."""

    target = TARGET

    def __init__(self, bodies: dict[str, bytes]) -> None:
        self._bodies = bodies

    def send(self, request: Request, _timeout: float) -> Reply:
        body = self._bodies.get(request.path)
        return Reply(404, b"") if body is None else Reply(200, body, "application/json")

    def fetch_certificates(self, _timeout: float) -> tuple[bytes, ...]:
        return ()

    def account(self) -> Account:
        return Account()


def poll(endpoint: Endpoint, bodies: dict[str, bytes]) -> Any:  # noqa: ANN401 - a Reading
    return Poller(Answers(bodies), endpoint, Limits(), lambda: NOW, lambda: TARGET.on_call_group).poll()


def encoded(world: str) -> dict[str, bytes]:
    return {path: json.dumps(document).encode() for path, document in WORLDS[world].items()}


@cache
def well(world: str) -> TargetState:
    """Return the state of a target all of whose documents are good."""
    (state,) = Store([TARGET], lambda: NOW).states()
    for endpoint in ENDPOINTS:
        state = advance(state, poll(endpoint, encoded(world)))
    assert state.verdict.state is State.OK, state.verdict
    return state


def page_of(state: TargetState) -> Page:
    """Return every series about the client, but those that sum up the verdict, and its numbers."""
    lines = [
        line.rpartition(" ")
        for fragment in state.fragments(NOW.steady)
        for line in fragment.lines.decode().splitlines()
    ]
    return {
        name: float(value)
        for name, _, value in lines
        if not name.startswith(("waexporter_", "whatsapp_verdict{", "whatsapp_problem{", "whatsapp_up{"))
    }


class Sight(NamedTuple):
    """The outcome of one document, while all others are good."""

    page: Page
    state: TargetState
    outcome: Success | Failure


def look(world: str, endpoint: Endpoint, path: str, body: bytes) -> Sight:
    reading = poll(endpoint, {**encoded(world), path: body})
    state = advance(well(world), reading)
    return Sight(page_of(state), state, state.readings[endpoint].outcome)


# --- places in a document ----------------------------------------------------------------------


def places(document: Any, trail: Trail = ()) -> Iterator[Trail]:  # noqa: ANN401 - any JSON there is
    """Yield the way to every element of a document."""
    if not isinstance(document, dict | list):
        return
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield (*trail, key)
        yield from places(value, (*trail, key))


def at(document: Any, trail: Trail) -> Any:  # noqa: ANN401 - any JSON there is
    for step in trail:
        document = document[step]
    return document


def without(document: Any, trail: Trail) -> Any:  # noqa: ANN401 - any JSON there is
    changed = deepcopy(document)
    del at(changed, trail[:-1])[trail[-1]]
    return changed


def with_place(document: Any, trail: Trail, put: Callable[[Any, Step], None]) -> bytes:  # noqa: ANN401
    changed = deepcopy(document)
    put(at(changed, trail[:-1]), trail[-1])
    return json.dumps(changed).encode()


def fact_of(endpoint: Endpoint, document: dict[str, Any], trail: Trail) -> Trail:
    """Return the way to the whole fact that an element is a part of: at most this may be lost with it."""
    if "data" in trail:  # a sample, or a family that has no list of them
        end = trail.index("data")
        return trail[: end + 2] if len(trail) > end + 1 else trail[:end]
    if endpoint is Endpoint.HEALTH:
        return (
            trail[:2] if len(trail) > 1 and isinstance(document["health"].get(trail[1]), dict) else trail[:1]
        )
    if endpoint in {Endpoint.APP, Endpoint.DB, Endpoint.WEB}:
        owner = len(trail)
        while owner and "data" not in (
            value if isinstance(value := at(document, trail[:owner]), dict) else {}
        ):
            owner -= 1
        return trail[:owner] or trail  # of `type` and `help`, their family
    if endpoint is Endpoint.GROUP and len(trail) > 2:
        return (*trail[:2], "participants")  # all keys together say who is in the group
    depth = {Endpoint.SUPPORT: 3, Endpoint.SETTINGS: 3, Endpoint.GROUP: 3}[endpoint]
    if endpoint is Endpoint.SUPPORT and not isinstance(at(document, trail[:2]), dict):
        depth = 2
    return trail[:depth]


# --- what is malformed -------------------------------------------------------------------------

_NEVER: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "a list of nothing": b"[null]",
    "a list of a list": b"[[[]]]",
    "a map of rubbish": b'{"a":{"b":[]}}',
    "a map from numbers to rubbish": b'{"0":null,"7":{}}',
    "a number without end": b"1e400",
    "no number": b"-nan",
    "a number of 5000 digits": b"9" * 5000,
    "no word of JSON": b"undefined",
    "nesting without end": b"[" * 5000 + b"]" * 5000,
}
_NO_TEXT = {"a number": b"17", "zero": b"0", "an empty list": b"[]", "an empty map": b"{}"}
_NO_NUMBER = {
    "an empty text": b'""', "a text": b'"x"', "an empty list": b"[]", "an empty map": b"{}",
    "a byte that is not UTF-8": b'"\xff"', "half a character": rb'"\ud83d"',
}  # fmt: skip
# Where a text of any words may stand, it is understood; where only some words may, these are not among them.
_ODD_TEXT = {
    "an empty text": b'""', "another text": b'"x"', "a byte that is not UTF-8": b'"h\xf4te"',
    "half a character": rb'"\ud83d"', "a text without end": b'"%s"' % (b"x" * 20_000),
}  # fmt: skip
_NO_MAP = {"a number": b"17", "zero": b"0", "a text": b'"x"', "a byte that is not UTF-8": b'"\xff"'}
# `[]` is a list that is empty, and `{}` a map that is: both may be meant.
_ELEMENTS: dict[type, dict[str, bytes]] = {
    str: {**_NEVER, **_NO_TEXT},
    int: {**_NEVER, **_NO_NUMBER},
    float: {**_NEVER, **_NO_NUMBER},
    bool: {name: raw for name, raw in {**_NEVER, **_NO_NUMBER}.items() if name != "true"},
    dict: {**_NEVER, **_NO_MAP},
    list: {**_NEVER, **_NO_MAP},
}
# Texts that are words of a closed set, numbers or times: anything else in their place says nothing.
_CLOSED = {"gateway_status", "role", "type", "expire_timestamp", "socket_conn", "api_status"}
# Numbers and booleans that may be written as strings, and identifiers that may be written as numbers.
_AS_NUMBER = {"creator", "on_call_pager"}
_LISTS_OF_NUMBERS = {("participants",), ("admins",)}
_UNDERSTOOD_AS_TEXTS = {"a number", "zero"}
# A label may have any single value, and nothing is as good as an empty one.
_UNDERSTOOD_AS_LABELS = {
    "a number", "zero", "true", "null", "a number of 5000 digits", "a number without end", "no number",
    "no word of JSON",
}  # fmt: skip
# What has no business where it is put; a family would be a good one among families only.
_NEW_KEYS = ("later", "errors")
_OUT_OF_PLACE = {
    **_NEVER, **_NO_MAP, "an empty list": b"[]", "an empty map": b"{}",
    "a family": b'{"type":"gauge","help":"x","data":[{"value":7}]}',
}  # fmt: skip
_MAY_BE_A_NUMBER = {"a number", "a text", "a byte that is not UTF-8"}
# What the client leaves out, or leaves empty, is not set; that is a fact, and no malformed one.
_UNSET_WHEN_ABSENT = {"on_call_pager", "webhooks", "url"}
# One more of them, or one less, may be meant.
_OF_FREE_CONTENT = {("labels",), ("bucket",), ("auto_download",), ("env",)}


@dataclass(frozen=True)
class Change:
    """One malformed element somewhere in a document."""

    says: str
    body: bytes
    trail: Trail  # to what was changed


def replaced(document: dict[str, Any]) -> Iterator[Change]:
    """Yield every document in which one element is something else."""
    for trail in places(document):
        value, key = at(document, trail), trail[-1]
        elements = dict(_ELEMENTS[type(value)])
        if key in _CLOSED:
            elements |= _ODD_TEXT
        understood = _UNDERSTOOD_AS_LABELS if trail[-2:-1] == ("labels",) else _UNDERSTOOD_AS_TEXTS
        if key in _AS_NUMBER or trail[-2:-1] in _LISTS_OF_NUMBERS or trail[-2:-1] == ("labels",):
            elements = {name: raw for name, raw in elements.items() if name not in understood}
        elif isinstance(value, str) and value.isdecimal():
            elements = {name: raw for name, raw in elements.items() if name not in _UNDERSTOOD_AS_TEXTS}
        for name, raw in elements.items():
            body = with_place(document, trail, lambda inside, step: _put(inside, step, PLACE))
            yield Change(f"{trail}: {name}", _fill(body, raw), trail)


def inserted(document: dict[str, Any]) -> Iterator[Change]:
    """Yield every document in which one element stands that should not be there."""
    for trail in [(), *places(document)]:
        inside = at(document, trail)
        if not isinstance(inside, dict | list) or trail[-1:] in _OF_FREE_CONTENT:
            continue
        for key in _NEW_KEYS if isinstance(inside, dict) else (0,):
            for name, raw in _OUT_OF_PLACE.items():
                # One more of them, or an error that is said: both are well-formed.
                if not (trail[-1:] in _LISTS_OF_NUMBERS and name in _MAY_BE_A_NUMBER):
                    changed = deepcopy(document)
                    _insert(at(changed, trail), key)
                    # A list of people or shards is one fact; beside samples and keys nothing may be lost.
                    is_one_fact = isinstance(inside, list) and trail[-1] != "data"
                    body = _fill(json.dumps(changed).encode(), raw)
                    yield Change(f"{trail} + {key}: {name}", body, trail if is_one_fact else ())


def _insert(inside: Any, key: Step) -> None:  # noqa: ANN401 - any JSON there is
    if isinstance(inside, dict):
        inside.setdefault(key, PLACE)
    else:
        inside.insert(key, PLACE)


def removed(document: dict[str, Any]) -> Iterator[Change]:
    """Yield every document in which one key is missing."""
    for trail in places(document):
        key, inside = trail[-1], at(document, trail[:-1])
        is_free = isinstance(inside, list) or key in _UNSET_WHEN_ABSENT or trail[-2:-1] in _OF_FREE_CONTENT
        # A cluster of fewer nodes is another one, and nothing is malformed.
        if not is_free and ":" not in str(key):
            yield Change(f"{trail} - missing", json.dumps(without(document, trail)).encode(), trail)


def _put(inside: Any, step: Step, value: object) -> None:  # noqa: ANN401 - any JSON there is
    inside[step] = value


def _fill(body: bytes, raw: bytes) -> bytes:
    return body.replace(b'"%s"' % PLACE.encode(), raw)


# --- the relations -----------------------------------------------------------------------------

CASES = [
    (world, endpoint, path)
    for world in WORLDS
    for endpoint, path in [*ENDPOINTS.items(), (Endpoint.SETTINGS, "/v1/account/shards")]
    if path in WORLDS[world] and (world == "single" or WORLDS[world][path] != WORLDS["single"].get(path))
]
# Of one state the others are not; that it is none of the known ones is said of the same fact.
_STATES = ("whatsapp_gateway_status{",)
# How many there are is said by all nodes together.
_SUMS = ("whatsapp_coreapps_", "whatsapp_shards", "whatsapp_topology_info")


@cache
def without_fact(world: str, endpoint: Endpoint, path: str, trail: Trail) -> Page:
    """Return the page of a document that lacks the whole fact which an element is a part of."""
    document = WORLDS[world][path]
    fact = fact_of(endpoint, document, trail) if path == ENDPOINTS[endpoint] else trail[:1]
    return look(world, endpoint, path, json.dumps(without(document, fact)).encode()).page


def complaints(world: str, endpoint: Endpoint, path: str, change: Change) -> Iterator[str]:
    """Yield what is wrong about what a changed document comes to."""
    good, seen = page_of(well(world)), look(world, endpoint, path, change.body)
    left = without_fact(world, endpoint, path, change.trail) if change.trail else good
    for series, value in good.items():
        if left.get(series) == value and seen.page.get(series) != value and not series.startswith(_SUMS):
            yield f"{series} {value} became {seen.page.get(series)}"
        if seen.page.get(series) == 0 and value != 0 and not series.startswith(_STATES):
            yield f"{series} became 0"
    for series, value in seen.page.items():
        if series not in good and value == 0 and not series.startswith(_STATES):
            yield f"{series} is there, and 0"
    verdict, before = seen.state.verdict, well(world).verdict
    if verdict.state not in {before.state, State.UNKNOWN}:
        yield f"the verdict is {verdict.state}: {[problem.words for problem in verdict.problems]}"
    known = {problem.slug for problem in before.problems}
    for problem in verdict.problems:
        if problem.slug not in known and PROBLEM_STATES[problem.slug] is not State.UNKNOWN:
            yield f"a problem: {problem.slug}: {problem.words}"


@pytest.mark.parametrize("make", [replaced, inserted, removed])
@pytest.mark.parametrize(("world", "endpoint", "path"), CASES)
def test_a_malformed_element_costs_only_its_own_fact(
    world: str, endpoint: Endpoint, path: str, make: Callable[[dict[str, Any]], Iterator[Change]]
) -> None:
    changes = list(make(WORLDS[world][path]))

    found = {
        change.says: said for change in changes if (said := list(complaints(world, endpoint, path, change)))
    }

    assert changes
    assert not found, "\n".join(f"{says}: {said[:3]}" for says, said in list(found.items())[:30])


@pytest.mark.parametrize(("world", "endpoint", "path"), CASES)
def test_empty_maps_and_lists_with_gaps_are_understood_as_php_writes_them(
    world: str, endpoint: Endpoint, path: str
) -> None:
    document = WORLDS[world][path]
    pairs = []
    for trail in places(document):
        value = at(document, trail)
        written: list[Any] = [{}, []] if isinstance(value, dict) else []
        if isinstance(value, list) and value:
            written = [value, {str(2 * place + 1): each for place, each in enumerate(value)}]
        pairs.append((trail, [_with(document, trail, each) for each in written]))

    seen = {
        trail: [look(world, endpoint, path, body) for body in bodies] for trail, bodies in pairs if bodies
    }

    assert seen
    for trail, (usual, of_php) in seen.items():
        assert usual.page == of_php.page, trail
        assert usual.state.verdict == of_php.state.verdict, trail


def _with(document: dict[str, Any], trail: Trail, value: object) -> bytes:
    return with_place(document, trail, lambda inside, step: _put(inside, step, value))


# --- documents that say one thing --------------------------------------------------------------

_LOGIN = {"users": [{"token": "abc.def", "expires_after": "2030-03-01 15:29:26+00:00"}], "meta": META}
FACTS: dict[str, tuple[Callable[[bytes], object], dict[str, Any], Trail]] = {
    "a login": (lambda body: read_login(body)[0], _LOGIN, ("users", 0, "token")),
    "an account": (read_shards, {"account": {"shards": 2}, "meta": META}, ("account", "shards")),
    "a new group": (
        read_new_group,
        {"groups": [{"id": "1415-152", "x": 1}], "meta": META},
        ("groups", 0, "id"),
    ),
    "an invite": (read_invite, {"groups": [{"link": "https://x/y"}], "meta": META}, ("groups", 0, "link")),
    "a contact": (
        read_contact_status,
        {"contacts": [{"input": "+1", "status": "valid", "wa_id": "1"}], "meta": META},
        ("contacts", 0, "status"),
    ),
    "an error": (
        lambda body: status_of(Reply(200, body)),
        {"errors": [{"code": 1014, "title": "Internal error", "details": "x"}], "meta": META},
        ("errors", 0, "code"),
    ),
}


@pytest.mark.parametrize("make", [replaced, inserted, removed])
@pytest.mark.parametrize("name", FACTS)
def test_a_single_fact_is_read_whatever_else_is_malformed(
    name: str, make: Callable[[dict[str, Any]], Iterator[Change]]
) -> None:
    read, document, fact = FACTS[name]
    good = read(json.dumps(document).encode())

    elsewhere = {
        change.says: read(change.body)
        for change in make(document)
        if change.trail != fact[: len(change.trail)] or not change.trail
    }

    assert set(elsewhere.values()) == {good}, elsewhere
