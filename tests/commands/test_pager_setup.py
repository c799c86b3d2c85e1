"""`waexporter pager setup`: a group is created, and is paged only after a yes."""

from __future__ import annotations

import builtins
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands.conftest import GROUP, MONITOR, CommandResult, Workplace
from tests.e2e.clients import USERS, SimulatedClient
from waexporter.commands.pager_setup import RETRY_SECONDS, GroupRequest, create_group
from waexporter.config import load
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def groups(workplace: Workplace) -> dict[str, str]:
    """Return the created groups, with the links to join them."""
    found = workplace.client.control("GET", "/groups")["groups"]
    return {group["id"]: group["link"] for group in found if group["id"] != GROUP}


def on_call_pager(workplace: Workplace) -> object:
    return workplace.client.ask("/v1/settings/application")["settings"]["application"].get("on_call_pager")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Return a function that answers at the terminal, and returns the questions."""

    def sit(words: str) -> list[str]:
        asked: list[str] = []

        def reply(question: str) -> str:
            asked.append(question)
            if words == "EOF":
                raise EOFError
            return words

        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(builtins, "input", reply)
        return asked

    return sit


def test_a_group_is_made_and_written_to_the_settings_with_yes(workplace: Workplace) -> None:
    result = setup(workplace, "--yes")

    ((group, link),) = groups(workplace).items()
    assert result.status == 0, result
    assert f"made the group 'Night shift' at support-line: {group}" in result.output
    assert f"joins by this link: {link}" in result.output
    assert f"on_call_pager of support-line is set already, to {GROUP}" in result.output
    assert "wrote on_call_pager to the settings of support-line" in result.output
    assert on_call_pager(workplace) == group


@pytest.mark.parametrize(
    ("words", "is_written"), [("y", True), ("Yes", True), ("", False), ("n", False), ("EOF", False)]
)
def test_at_a_terminal_the_user_is_asked(
    workplace: Workplace, answer: Callable[[str], list[str]], words: str, *, is_written: bool
) -> None:
    asked = answer(words)

    result = setup(workplace)

    made = [*groups(workplace)]
    assert result.status == 0, result
    assert asked[0] == "make the group 'Night shift' at support-line? [y/N] "
    assert asked[1:] == [
        f"write on_call_pager = {each} to the settings of support-line? [y/N] " for each in made
    ]
    assert len(made) == is_written
    assert on_call_pager(workplace) == (made[0] if is_written else GROUP)
    assert ("nothing was made" in result.output) != is_written


def test_a_group_that_is_made_need_not_be_written(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["y", "n"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", lambda _question: next(answers))

    result = setup(workplace)

    assert result.status == 0, result
    assert offers_the_line(workplace, result)
    assert on_call_pager(workplace) == GROUP


def setup(workplace: Workplace, *more: str) -> CommandResult:
    """Run the command for a group that is not there yet, as the simulator's own is."""
    return workplace.run("pager", "setup", "--subject", "Night shift", *more)


def offers_the_line(workplace: Workplace, result: CommandResult) -> bool:
    (group,) = groups(workplace)
    return f'       on_call_group: "{group}"' in result.output.splitlines()


def test_without_a_terminal_it_prints_its_findings_and_stops(workplace: Workplace) -> None:
    result = setup(workplace)

    assert result.status == 1, result
    assert result.output.splitlines() == [
        f"found: on_call_pager of support-line is set already, to {GROUP}: pages go there",
        "found: no group 'Night shift' at support-line",
        "NOT OK: nothing was made, because nobody can be asked here; --yes makes the group",
    ]
    assert groups(workplace) == {}
    assert on_call_pager(workplace) == GROUP


@pytest.mark.parametrize("more", [(), ("--yes",)])
@pytest.mark.parametrize("subject", ["Night shift", " night SHIFT "])
def test_a_second_run_makes_no_second_group(
    workplace: Workplace, subject: str, more: tuple[str, ...]
) -> None:
    setup(workplace, "--yes")
    ((group, link),) = groups(workplace).items()

    result = workplace.run("pager", "setup", "--subject", subject, *more)

    assert result.status == 0, result
    assert [*groups(workplace)] == [group]
    assert f"is at support-line already: {group}; no other one is made" in result.output
    assert f"joins by this link: {link}" in result.output
    assert "on_call_pager of support-line is this group: nothing is left to write" in result.output


def test_an_existing_group_is_written_to_the_settings_if_confirmed(workplace: Workplace) -> None:
    setup(workplace, "--yes")
    (group,) = groups(workplace)
    workplace.client.control("PATCH", "/settings", {"on_call_pager": GROUP})

    alone = setup(workplace)
    before = on_call_pager(workplace)
    wanted = setup(workplace, "--yes")

    assert (alone.status, before) == (1, GROUP)
    assert "--yes writes it" in alone.output
    assert (wanted.status, on_call_pager(workplace), [*groups(workplace)]) == (0, group, [group])


@pytest.mark.parametrize(
    ("pager", "target", "words"),
    [
        ({"group": GROUP}, {}, f"found: pager.group is configured: {GROUP}"),
        ({"recipients": ["+14155550101"]}, {}, "found: pager.recipients is configured: 14155550101"),
        ({}, {"on_call_group": GROUP}, f"found: on_call_group of support-line is configured: {GROUP}"),
    ],
)
def test_configured_recipients_are_printed_before_anything_is_created(
    workplace: Workplace, pager: dict[str, Any], target: dict[str, object], words: str
) -> None:
    workplace.configure(target=target, **pager)

    result = setup(workplace)

    assert result.status == 1
    configured, setting, *_ = result.output.splitlines()
    assert configured == f"{words}: pages go there"
    assert setting == (
        f"found: on_call_pager of support-line is set already, to {GROUP}, but the configuration wins"
    )
    assert groups(workplace) == {}


def test_an_account_that_is_no_admin_gets_the_line_to_configure(workplace: Workplace) -> None:
    workplace.configure(account=MONITOR)

    result = setup(workplace, "--yes")

    assert result.status == 0, result
    assert "only an admin's account may change the settings of support-line" in result.output
    assert offers_the_line(workplace, result)
    assert on_call_pager(workplace) == GROUP


@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_an_existing_group_in_the_settings_needs_no_change(
    workplace: Workplace, more: tuple[str, ...]
) -> None:
    result = workplace.run("pager", "setup", *more)

    assert result.status == 0, result
    assert (
        f"found: the group 'On call' is at support-line already: {GROUP}; no other one is made"
        in result.output
    )
    assert (groups(workplace), on_call_pager(workplace)) == ({}, GROUP)


def test_a_client_without_groups_is_explained(workplace: Workplace) -> None:
    workplace.client.bring("no_groups")

    result = setup(workplace, "--yes")

    assert result.status == 1
    assert "this version of the client has no groups (late ones have none): page people" in result.complaints
    assert 'pager: {recipients: ["+14155550101"]}' in result.complaints


def test_an_unreachable_client_is_reported_with_advice(workplace: Workplace) -> None:
    workplace.client.bring("web_down")

    result = setup(workplace)

    assert result.status == 1
    assert "the group could not be made: " in result.complaints
    assert " -> check that it runs" in result.complaints


def test_an_api_key_is_not_enough(workplace: Workplace) -> None:
    workplace.configure(target={"auth": {"api_key": "a-key-of-the-webapp"}})

    result = setup(workplace)

    assert result.status == 1
    assert "give the target a username and a password; an API key is not enough" in result.complaints


def test_settings_that_fail_leave_the_group_and_the_line(workplace: Workplace) -> None:
    workplace.client.bring("database", endpoint="/v1/settings/application")

    result = setup(workplace, "--yes")

    assert result.status == 1, result
    assert "NOT OK: the settings of support-line can't be read: " in result.output
    assert offers_the_line(workplace, result)


def create(workplace: Workplace, sleep: Callable[[float], None]) -> tuple[bool, list[str]]:
    """Create the group without asking; return whether everything was done, and the lines."""
    config = load(str(workplace.file), {}).config
    lines: list[str] = []
    request = GroupRequest("Night shift", lambda _: True)
    return create_group(config, config.targets[0], request, lines.append, sleep), lines


def test_a_failover_is_waited_for(tmp_path: Path, run: Callable[..., CommandResult]) -> None:
    options = Options(topology="ha", users=USERS, health_per_minute=None)
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        workplace = Workplace(client, tmp_path, run)
        client.bring("no_primary_master")
        waited: list[float] = []

        def wait(seconds: float) -> None:
            waited.append(seconds)
            client.lift()

        is_done, lines = create(workplace, wait)

        (group,) = groups(workplace)
        assert is_done, lines
        assert waited == [RETRY_SECONDS]
        assert on_call_pager(workplace) == group


def test_a_failover_that_does_not_end_is_reported(tmp_path: Path, run: Callable[..., CommandResult]) -> None:
    options = Options(topology="ha", users=USERS, health_per_minute=None, scenario="no_primary_master")
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        workplace = Workplace(client, tmp_path, run)

        is_done, lines = create(workplace, lambda _: None)

        assert not is_done, lines
        assert "NOT OK: the settings of support-line can't be read: answered 500: 1017" in "\n".join(lines)
        assert offers_the_line(workplace, CommandResult(1, "\n".join(lines), ""))


@pytest.mark.parametrize(
    ("pager", "target", "words"),
    [
        ({"group": GROUP}, {}, "NOTE: pager.group is configured and wins over this group"),
        ({"recipients": ["+14155550101"]}, {}, "NOTE: pager.recipients is configured and wins over"),
        ({}, {"on_call_group": GROUP}, "NOTE: on_call_group of support-line is configured and wins"),
    ],
)
def test_a_key_that_overrides_the_new_group_is_named(
    workplace: Workplace, pager: dict[str, Any], target: dict[str, object], words: str
) -> None:
    workplace.configure(target=target, **pager)

    result = setup(workplace, "--yes")

    assert result.status == 0, result
    assert words in result.output


def test_without_a_pager_in_the_configuration_it_says_what_to_add(workplace: Workplace) -> None:
    plain = workplace.folder / "plain.yml"
    user, password = "owner", "owner-password"
    plain.write_text(
        f'targets: [{{url: "{workplace.client.url}", auth: {{username: {user}, password: {password}}}}}]'
    )
    workplace.file = plain

    result = setup(workplace, "--yes")

    assert result.status == 0, result
    assert "no pager is configured yet: add at least this" in result.output
    assert "pages go there" not in result.output
