"""Who may come into the simulated client, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Caller

_KEY = "key-of-twelve-or-more"


def _code(answer: object) -> int:
    code: int = answer.json()["errors"][0]["code"]  # type: ignore[attr-defined]
    return code


def test_the_first_login_wants_a_new_password(simulate: Callable[..., Caller]) -> None:
    caller = simulate()

    refused = caller.login("admin", "secret")
    changed = caller.login("admin", "secret", new_password="Another-1")
    again = caller.login("admin", "Another-1")

    assert (refused.status_code, _code(refused)) == (401, 1024)
    assert changed.json()["users"][0]["expires_after"] == "2023-11-21 22:13:20+00:00"
    assert again.status_code == 200


def test_a_new_user_must_change_its_password_too(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("boss")

    created = caller.call("POST", "/v1/users", {"username": "new", "password": "given"})
    twice = caller.call("POST", "/v1/users", {"username": "new", "password": "given"})
    first = caller.login("new", "given")

    assert created.status_code == 201
    assert (twice.status_code, _code(twice)) == (409, 1004)
    assert (first.status_code, _code(first)) == (401, 1024)
    assert caller.login("new", "given", new_password="own").status_code == 200


def test_thirty_wrong_logins_in_an_hour_lock_right_ones_out(simulate: Callable[..., Caller]) -> None:
    caller = simulate()

    wrong = [caller.login("boss", "guess") for _ in range(30)]
    locked = caller.login("boss", "boss-password")
    caller.clock.move(3600)
    later = caller.login("boss", "boss-password")

    assert {(answer.status_code, _code(answer)) for answer in wrong} == {(401, 1005)}
    assert (locked.status_code, _code(locked)) == (429, 1015)
    assert later.status_code == 200


def test_a_token_lives_for_seven_days(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("monitor")

    caller.clock.move(7 * 86_400 - 1)
    before = caller.get("/v1/health")
    caller.clock.move(1)
    after = caller.get("/v1/health")

    assert before.status_code == 200
    assert (after.status_code, _code(after)) == (401, 1005)


def test_every_login_adds_a_token_and_a_logout_takes_one_away(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("monitor").become("monitor")

    before = caller.get("/_control").json()["tokens"]
    left = caller.call("POST", "/v1/users/logout")
    after = caller.get("/_control").json()["tokens"]

    assert (before, left.status_code, after) == (2, 200, 1)
    assert caller.get("/v1/health").status_code == 401


def test_a_changed_password_ends_the_tokens(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("monitor")

    changed = caller.call("PUT", "/v1/users/monitor", {"password": "other"})
    after = caller.get("/v1/health")

    assert changed.status_code == 200
    assert after.status_code == 401
    assert caller.login("monitor", "other").status_code == 200


def test_a_deleted_user_is_gone_with_its_tokens(simulate: Callable[..., Caller]) -> None:
    caller = simulate()
    caller.become("monitor")
    caller.become("boss")

    deleted = caller.call("DELETE", "/v1/users/monitor")
    missing = caller.get("/v1/users/monitor")

    assert deleted.status_code == 200
    assert (missing.status_code, _code(missing)) == (404, 1006)
    assert caller.login("monitor", "monitor-password").status_code == 401
    assert caller.get("/_control").json()["tokens"] == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/settings/application"),
        ("PATCH", "/v1/settings/application"),
        ("DELETE", "/v1/settings/application"),
        ("GET", "/v1/account/shards"),
        ("POST", "/v1/account/shards"),
        ("POST", "/v1/users"),
        ("DELETE", "/v1/users/monitor"),
        ("GET", "/v1/users/boss"),
        ("PUT", "/v1/users/boss"),
    ],
)
def test_a_plain_user_may_not_do_what_an_administrator_may(single: Caller, method: str, path: str) -> None:
    caller = single.become("monitor")

    answer = caller.call(method, path)

    assert (answer.status_code, _code(answer)) == (403, 1005)


@pytest.mark.parametrize(
    "path", ["health", "stats/app", "stats/db", "metrics", "support", "groups", "settings/application"]
)
def test_without_a_token_nothing_is_shown(single: Caller, path: str) -> None:
    headers = {"Authorization": "Bearer made-up"}

    without = single.http.get(f"/v1/{path}")
    wrong = single.http.get(f"/v1/{path}", headers=headers)

    assert (without.status_code, _code(without)) == (401, 1005)
    assert (wrong.status_code, _code(wrong)) == (401, 1005)


@pytest.mark.parametrize(
    ("health_only", "welcome"),
    [(False, {"health", "stats/app", "stats/db", "metrics"}), (True, {"health"})],
)
def test_the_api_key_opens_a_few_endpoints(
    simulate: Callable[..., Caller],
    health_only: bool,  # noqa: FBT001 - a row of the table
    welcome: set[str],
) -> None:
    caller = simulate(api_key=_KEY, api_key_health_only=health_only)
    paths = ("health", "stats/app", "stats/db", "metrics", "support", "groups", "settings/application")

    statuses = {
        path: caller.http.get(f"/v1/{path}", headers={"Authorization": f"Apikey {_KEY}"}).status_code
        for path in paths
    }
    wrong = caller.http.get("/v1/health", headers={"Authorization": f"Apikey {_KEY}x"})

    assert statuses == {path: 200 if path in welcome else 401 for path in paths}
    assert wrong.status_code == 401


def test_health_is_limited_per_webapp_for_all_callers(simulate: Callable[..., Caller]) -> None:
    caller = simulate(health_per_minute=10).become("monitor")

    first = [caller.get("/v1/health").status_code for _ in range(10)]
    refused = caller.become("boss").get("/v1/health")
    caller.clock.move(60)
    later = caller.get("/v1/health")

    assert set(first) == {200}
    assert (refused.status_code, _code(refused)) == (429, 1015)
    assert later.status_code == 200


def test_two_webapps_have_a_limit_each(simulate: Callable[..., Caller]) -> None:
    caller = simulate(topology="ha", health_per_minute=10).become("monitor")

    statuses = [caller.get("/v1/health").status_code for _ in range(21)]

    assert statuses == [200] * 20 + [429]


def test_other_requests_have_a_burst_of_sixty(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("monitor")

    statuses = [caller.get("/v1/groups").status_code for _ in range(60)]
    caller.clock.move(1)
    later = caller.get("/v1/groups")

    # The login came out of the same bucket.
    assert statuses == [200] * 59 + [429]
    assert later.status_code == 200


def test_a_body_that_is_no_object_is_an_invalid_request(single: Caller) -> None:
    caller = single.become("boss")

    answer = caller.call("PATCH", "/v1/settings/application", ["no", "object"])

    assert (answer.status_code, _code(answer)) == (400, 1025)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, 1006),
        ("GET", "/elsewhere", 404, 1006),
        ("POST", "/v1/health", 405, 1025),
        ("DELETE", "/v1/groups", 405, 1025),
    ],
)
def test_wrong_paths_and_methods_are_answered_in_the_envelope(
    single: Caller,
    method: str,
    path: str,
    status: int,
    code: int,
) -> None:
    caller = single

    answer = caller.call(method, path)

    assert (answer.status_code, _code(answer)) == (status, code)
    assert answer.json()["meta"] == {"version": "v2.45.1", "api_status": "stable"}


def test_the_webapp_itself_answers_without_a_token(single: Caller) -> None:
    caller = single

    answer = caller.http.get("/")

    assert answer.status_code == 200
