"""Secrets that were replaced in their files, and whether the credentials are accepted."""

from __future__ import annotations

import pytest

from tests.whatsapp.upstream import (
    APP,
    BASIC,
    DENIED,
    GOOD,
    KEY,
    LOGIN,
    NEW_BASIC,
    STATIC,
    WRONG,
    World,
    get_line,
    poll_for,
)
from waexporter.errors import RefusedError
from waexporter.model import Secret
from waexporter.whatsapp.current_credentials import REREAD_PAUSE

# --- secrets that were replaced ------------------------------------------------------------------


def test_a_password_that_was_replaced_in_its_file_is_used_when_the_old_one_is_refused() -> None:
    world = World(LOGIN)
    world.files["password"] = Secret("new")
    world.upstream.answer_login = lambda: None if NEW_BASIC in world.upstream.asked else WRONG

    reply = world.send()

    assert reply is GOOD
    assert world.upstream.take() == [BASIC, NEW_BASIC, get_line(APP.path, "Bearer T1")]


def test_a_password_that_is_replaced_later_ends_the_pause() -> None:
    world = World(LOGIN)
    world.upstream.answer_login = lambda: None if NEW_BASIC in world.upstream.asked else WRONG
    with pytest.raises(RefusedError):
        world.send()
    world.files["password"] = Secret("new")
    world.clock.move(REREAD_PAUSE)

    reply = world.send()

    assert reply is GOOD


@pytest.mark.parametrize("content", [None, LOGIN.password])
def test_a_file_without_another_password_changes_nothing_and_is_seldom_looked_at(
    content: Secret | None,
) -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    if content is not None:
        world.files["password"] = content

    poll_for(world, 300.0, 1.0)

    assert world.results()["refused"] <= 3
    assert len(world.looked) <= 300 / REREAD_PAUSE


def test_another_wrong_password_is_tried_once() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    world.files["password"] = Secret("new")

    for _ in range(3):
        with pytest.raises(RefusedError):
            world.send()

    assert world.upstream.take() == [BASIC, NEW_BASIC]


_CONSTANT = {
    "api_key": (KEY, "Apikey the-api-key-itself", "Apikey a-new-secret"),
    "bearer_token": (STATIC, "Bearer the-token-itself", "Bearer a-new-secret"),
}


@pytest.mark.parametrize("name", _CONSTANT)
def test_a_key_or_token_that_was_replaced_in_its_file_is_used_when_the_old_one_is_refused(name: str) -> None:
    credentials, old, new = _CONSTANT[name]
    world = World(credentials)
    world.files[name] = Secret("a-new-secret")
    world.upstream.at = lambda request: DENIED if request.authorization == old else GOOD

    replies = [world.send(), world.send()]

    assert replies == [GOOD, GOOD]
    assert world.upstream.take() == [get_line(APP.path, each) for each in (old, new, new)]


@pytest.mark.parametrize("name", _CONSTANT)
def test_a_key_or_token_that_stays_wrong_is_looked_for_seldom(name: str) -> None:
    world = World(_CONSTANT[name][0])
    world.upstream.at = lambda _: DENIED

    poll_for(world, 300.0, 1.0)

    assert len(world.looked) == 300 / REREAD_PAUSE


def test_secrets_that_were_replaced_are_counted() -> None:
    world = World(STATIC)
    world.upstream.at = lambda _: DENIED
    counts = []

    for text in ("the-token-itself", "a-new-secret", "a-new-secret", "a-newer-secret"):
        world.files["bearer_token"] = Secret(text)
        world.send()
        counts.append(world.auth.account().secrets_read)
        world.clock.move(REREAD_PAUSE)

    assert counts == [0, 1, 1, 2]


# --- what is known of the credentials ------------------------------------------------------------


def test_credentials_are_accepted_once_they_were_good_for_something_and_until_they_are_refused() -> None:
    world = World(LOGIN)
    seen = [world.auth.account().is_accepted]

    world.send()
    seen.append(world.auth.account().is_accepted)

    assert seen == [False, True]


def test_a_login_that_is_not_tried_yet_says_when_it_was_refused() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    began = world.clock()
    with pytest.raises(RefusedError) as first:
        world.send()
    world.clock.move(5.0)

    with pytest.raises(RefusedError) as second:
        world.send()

    assert (first.value.asked_at, second.value.asked_at) == (None, began)
