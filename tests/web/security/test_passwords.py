"""Passwords are compared one at a time, and nobody waits for the wrong ones of another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

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


@dataclass
class CountedCompare:
    """Compares as bcrypt does, and remembers the hashes."""

    hashes: list[bytes] = field(default_factory=list)

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.hashes.append(hashed)
        return bcrypt.checkpw(password, hashed)


@pytest.mark.parametrize(
    ("name", "password"), [("alice", "wrong"), ("bob", "right"), ("bob", "wrong"), ("", ""), ("alice", "")]
)
def test_every_wrong_pair_costs_one_hash_of_the_same_cost(name: str, password: str) -> None:
    compare = CountedCompare()
    check = PasswordCheck({"alice": HASH}, compare)

    answer = asyncio.run(check.is_right(name, password, ADDRESS))

    assert answer is False
    assert [hashed[:7] for hashed in compare.hashes] == [HASH[:7].encode()]


def test_an_unknown_user_costs_as_much_as_the_user_whose_hash_costs_most() -> None:
    compare = CountedCompare()
    costly = bcrypt.hashpw(b"right", bcrypt.gensalt(6)).decode()
    check = PasswordCheck({"alice": HASH, "carol": costly}, compare)

    asyncio.run(check.is_right("bob", "right", ADDRESS))

    assert [hashed[:7] for hashed in compare.hashes] == [b"$2b$06$"]


def test_a_client_whose_password_was_right_comes_before_a_crowd_of_others() -> None:
    compare = CountedCompare()
    other = bcrypt.hashpw(b"new", bcrypt.gensalt(4)).decode()

    async def ask() -> tuple[bool | None, int]:
        check = PasswordCheck({"alice": HASH, "carol": other}, compare)
        await check.is_right("alice", "right", ADDRESS)
        crowd = [
            asyncio.ensure_future(check.is_right("alice", "wrong", f"192.0.2.{number}"))
            for number in range(100, 180)
        ]
        await asyncio.sleep(0)
        answer = await check.is_right("carol", "new", ADDRESS)
        compared = len(compare.hashes)
        await asyncio.gather(*crowd)
        return answer, compared

    answer, compared = asyncio.run(ask())

    assert answer is True
    assert compared <= 4  # one of the crowd was being compared already


def test_a_comparison_that_fails_ends_its_own_request_only() -> None:
    def compare(password: bytes, _hashed: bytes) -> bool:
        if password == b"poison":
            raise MemoryError
        return password == b"right"

    async def ask() -> list[bool | BaseException | None]:
        check = PasswordCheck({"alice": HASH}, compare)
        asked = [check.is_right("alice", password, ADDRESS) for password in ("poison", "wrong", "right")]
        async with asyncio.timeout(60):
            return await asyncio.gather(*asked, return_exceptions=True)

    failed, *others = asyncio.run(ask())

    assert isinstance(failed, MemoryError)
    assert others == [False, True]


def test_a_new_check_remembers_right_passwords_but_not_those_of_changed_users() -> None:
    compare = CountedCompare()
    other = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()

    async def ask(users: dict[str, str]) -> tuple[bool | None, int]:
        before = PasswordCheck({"alice": HASH})
        await before.is_right("alice", "right", ADDRESS)
        check = PasswordCheck(users, compare)
        check.adopt(before)
        compare.hashes.clear()
        return await check.is_right("alice", "right", ADDRESS), len(compare.hashes)

    assert asyncio.run(ask({"alice": HASH, "bob": HASH})) == (True, 0)
    assert asyncio.run(ask({"alice": other})) == (True, 1)
    assert asyncio.run(ask({"bob": HASH})) == (False, 1)
