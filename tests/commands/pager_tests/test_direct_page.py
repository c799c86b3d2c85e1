"""`waexporter pager test --fallback`: a test page through each fallback."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.commands.test_pager_test import daemon
from tests.real.network import find_free_port
from tests.receivers import receiving

if TYPE_CHECKING:
    from tests.commands.conftest import Workplace


@pytest.mark.parametrize("beside_a_daemon", [False, True])
def test_each_fallback_gets_a_test_page_in_its_form(workplace: Workplace, *, beside_a_daemon: bool) -> None:
    with receiving() as plain, receiving() as chat:
        workplace.configure(
            fallback=[
                f"http://{plain.place}/hooks/T0K3N",
                {"url": f"http://{chat.place}/T0K3N", "format": "discord"},
            ]
        )
        if beside_a_daemon:
            with daemon(workplace):
                result = workplace.run("pager", "test", "--fallback")
        else:
            result = workplace.run("pager", "test", "--fallback")

    assert result.status == 0, result
    lines = result.lines("ok: ")
    came_back = r"accepted, answered 200 \(\d+\.\d s\)"
    there = r"sent to http://127\.0\.0\.1/…"
    assert re.fullmatch(rf"ok: pager\.fallback\[0\]: {there} \(json\): {came_back}", lines[0])
    assert re.fullmatch(rf"ok: pager\.fallback\[1\]: {there} \(discord\): {came_back}", lines[1])
    assert "This is a test of the pager." in json.loads(plain.heard[0].body)["text"]
    assert "This is a test of the pager." in json.loads(chat.heard[0].body)["content"]
    assert (len(plain.heard), len(chat.heard)) == (1, 1)
    assert workplace.texts() == [], "no client has a part in it"
    assert "T0K3N" not in result.output + result.complaints


def test_a_fallback_that_rejects_is_reported_among_those_that_accept(workplace: Workplace) -> None:
    with receiving() as good, receiving() as bad, receiving() as page:
        bad.answer = b'{"errcode":310000,"errmsg":"keywords not in content"}'
        page.answer = b"<!doctype html><title>Sign in</title>"
        nobody = f"http://127.0.0.1:{find_free_port()}/T0K3N"
        addresses = [f"http://{each.place}/T0K3N" for each in (bad, page, good)]
        workplace.configure(fallback=[nobody, *addresses])

        result = workplace.run("pager", "test", "--fallback")

    assert result.status == 1
    assert [line.partition(": sent to ")[0] for line in result.lines("")] == [
        "sending a test page through each fallback, from this process and without the journal",
        "NOT OK: pager.fallback[0]",
        "  -> check the address in pager.fallback, and what receives it",
        "NOT OK: pager.fallback[1]",
        (
            "  -> check the address in pager.fallback, and what receives it, and the format it wants "
            "(pager.fallback[].format)"
        ),
        "NOT OK: pager.fallback[2]",
        "  -> check the address in pager.fallback, and what receives it",
        "ok: pager.fallback[3]",
    ]
    assert "Connection refused" in result.output
    assert "says no: errcode 310000: keywords not in content" in result.output
    assert "a web page: does the address lead to a webhook, without signing in?" in result.output
    assert "T0K3N" not in result.output + result.complaints


def test_a_rejected_test_page_is_sent_again_as_text(workplace: Workplace) -> None:
    with receiving() as strict:
        strict.status = 400
        workplace.configure(fallback=[f"http://{strict.place}/x"])

        result = workplace.run("pager", "test", "--fallback")

    assert result.status == 1
    assert [list(json.loads(heard.body)) for heard in strict.heard] == [["text", "alerts"], ["text"]]


def test_without_a_fallback_the_error_names_the_key(workplace: Workplace) -> None:
    result = workplace.run("pager", "test", "--fallback")

    assert result.status == 1
    assert result.output.startswith("NOT OK: no fallback is configured -> set pager.fallback")
