"""Clients take turns, whatever one of them asks for."""

from __future__ import annotations

import asyncio

from waexporter.web.bounds.fair_turns import FairTurns


def test_a_newcomer_waits_for_one_turn_of_a_client_with_many_requests() -> None:
    order: list[str] = []

    async def ask(turns: FairTurns, client: str) -> None:
        async with turns.turn(client):
            order.append(client)
            await asyncio.sleep(0)

    async def ask_all() -> None:
        turns = FairTurns(1)
        many = [asyncio.ensure_future(ask(turns, "many")) for _ in range(10)]
        await asyncio.sleep(0)
        await ask(turns, "newcomer")
        await asyncio.gather(*many)

    asyncio.run(ask_all())

    assert order.index("newcomer") <= 2
    assert order.count("many") == 10


def test_preferred_clients_come_first() -> None:
    order: list[str] = []

    async def ask(turns: FairTurns, client: str) -> None:
        async with turns.turn(client):
            order.append(client)
            await asyncio.sleep(0)

    async def ask_all() -> None:
        turns = FairTurns(1, "friend".__eq__)
        await asyncio.gather(*(ask(turns, each) for each in ("a", "b", "c", "friend", "friend")))

    asyncio.run(ask_all())

    assert order == ["a", "friend", "friend", "b", "c"]


def test_no_more_have_a_turn_than_allowed_and_none_is_lost_by_those_who_leave() -> None:
    at_work = most = 0

    async def ask(turns: FairTurns, client: str) -> None:
        nonlocal at_work, most
        async with turns.turn(client):
            at_work += 1
            most = max(most, at_work)
            try:
                await asyncio.sleep(0)
            finally:
                at_work -= 1

    async def ask_all() -> None:
        turns = FairTurns(3)
        asked = [asyncio.ensure_future(ask(turns, f"client {number % 4}")) for number in range(40)]
        await asyncio.sleep(0)
        for task in asked[::3]:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.gather(*(ask(turns, "late") for _ in range(9)))

    asyncio.run(ask_all())

    assert most == 3
