"""Passwords are compared one at a time, and nobody waits for the wrong ones of another."""

from __future__ import annotations

import asyncio

import bcrypt
import pytest

from waexporter.web.security.passwords import PasswordCheck

HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
ADDRESS = "192.0.2.1"


def a_check() -> PasswordCheck:
    return PasswordCheck({"alice": HASH})


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_the_right_password_of_every_kind_of_hash_is_accepted(prefix: str) -> None:
    check = PasswordCheck({"alice": prefix + HASH[4:]})

    assert asyncio.run(check.is_right("alice", "right", ADDRESS)) is True


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice", "wrong"), ("alice", ""), ("bob", "right"), ("", ""), ("alice", "right\0"), ("al", "iceright")],
)
def test_everything_else_is_refused(name: str, password: str) -> None:
    assert asyncio.run(a_check().is_right(name, password, ADDRESS)) is False


def test_a_long_password_counts_as_in_go_by_its_first_72_bytes() -> None:
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()

    assert asyncio.run(PasswordCheck({"a": hashed}).is_right("a", "x" * 100, ADDRESS)) is True


def test_one_address_waits_for_its_own_wrong_passwords_only() -> None:
    async def ask() -> list[bool | None]:
        check = a_check()
        wrong = [asyncio.ensure_future(check.is_right("alice", f"wrong {n}", "192.0.2.66")) for n in range(9)]
        await asyncio.sleep(0)
        right = await check.is_right("alice", "right", ADDRESS)
        return [*(await asyncio.gather(*wrong)), right]

    answers = asyncio.run(ask())

    assert answers == [False] * 4 + [None] * 5 + [True]


def test_a_password_that_was_right_is_not_compared_again() -> None:
    async def ask() -> list[bool | None]:
        check = a_check()
        answers = [await check.is_right("alice", "right", ADDRESS)]
        # All turns of the address are taken, and the answer comes all the same.
        wrong = [asyncio.ensure_future(check.is_right("alice", f"wrong {n}", ADDRESS)) for n in range(9)]
        await asyncio.sleep(0)
        answers.append(await check.is_right("alice", "right", ADDRESS))
        await asyncio.gather(*wrong)
        return answers

    assert asyncio.run(ask()) == [True, True]


def test_too_many_addresses_are_told_to_wait() -> None:
    async def ask() -> list[bool | None]:
        check = a_check()
        waiting = [check.is_right("alice", "wrong", f"192.0.2.{number}") for number in range(70)]
        return await asyncio.gather(*waiting)

    answers = asyncio.run(ask())

    assert answers.count(False) == 64
    assert answers.count(None) == 6
