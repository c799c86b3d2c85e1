"""`waexporter bootstrap`: an account is created at a simulated client, checked, and explained."""

from __future__ import annotations

import shlex
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.real import parts
from tests.real.network import find_free_port
from waexporter.cli import build_parser, main
from waexporter.commands.bootstrap import AccountRequest, bootstrap, make_password
from waexporter.config import DEFAULT_PLANS, load
from waexporter.errors import CommandError
from waexporter.model import Credentials, Endpoint, Failure, Limits, OnCallGroup, Secret, Success, Target, now
from waexporter.polling.poller import Poller
from waexporter.simulator import Options, Simulator
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWNER = ("owner", "Owner-password-1", "admin")
ON_CALL = "14155550100-1520000000"
PLAIN = ("plain", "Plain-password-1", "user")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run a client for each test: a shared one refuses what too many ask within a second (429)."""
    with Simulator(Options(users=(OWNER, PLAIN), health_per_minute=None)) as started:
        yield started


def target(url: str, user: str, password: str) -> Target:
    return Target(
        "wa", url, auth=Credentials(username=user, password=Secret(password)), plans=dict(DEFAULT_PLANS)
    )


def pasted(text: str, folder: Path) -> Target:
    """Return the target of the printed configuration."""
    file = folder / "waexporter.yml"
    file.write_text(text.partition("the configuration to paste:\n")[2])
    return load(str(file), {}).config.targets[0]


def test_an_account_is_made_proved_and_printed_without_its_password(
    simulator: Simulator, tmp_path: Path
) -> None:
    result: list[str] = []
    file = tmp_path / "password"

    bootstrap(
        target(simulator.url, *OWNER[:2]), Limits(), AccountRequest("watcher", str(file)), result.append
    )

    password = file.read_text().strip()
    text = "\n".join(result)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert password not in text
    assert "  health        yes" in result
    assert "  support       yes" in result
    made = pasted(text, tmp_path)
    assert made.auth == Credentials(username="watcher", password=Secret(password))
    assert made.on_call_group == ON_CALL
    assert {endpoint.value for endpoint in DEFAULT_PLANS.keys() - made.plans.keys()} == {"settings"}


def test_the_password_of_an_admin_is_changed_only_on_request(
    tmp_path: Path,
) -> None:
    result: list[str] = []
    with Simulator(Options(health_per_minute=None)) as fresh:
        admin = target(fresh.url, "admin", "secret")

        with pytest.raises(CommandError, match="--new-admin-password-file"):
            bootstrap(admin, Limits(), AccountRequest("watcher", str(tmp_path / "one")), result.append)
        request = AccountRequest("watcher", str(tmp_path / "two"), Secret("Another-1"))
        bootstrap(admin, Limits(), request, result.append)

    assert not (tmp_path / "one").exists()
    assert (tmp_path / "two").exists()
    assert "changed the password of 'admin' to the one you gave" in result
    assert "Another-1" not in "\n".join(result)


def test_what_the_printed_configuration_polls_goes_well_for_the_account(
    simulator: Simulator, tmp_path: Path
) -> None:
    result: list[str] = []
    bootstrap(
        target(simulator.url, *OWNER[:2]),
        Limits(),
        AccountRequest("reader", str(tmp_path / "password")),
        result.append,
    )
    made = pasted("\n".join(result), tmp_path)
    client = Client(made, Limits(), TlsContexts())

    outcomes = {endpoint: Poller(client, endpoint, Limits(), now).poll().outcome for endpoint in made.plans}

    client.close()
    assert outcomes.keys() == DEFAULT_PLANS.keys() - {Endpoint.SETTINGS}
    assert [outcome for outcome in outcomes.values() if isinstance(outcome, Failure)] == []
    group = outcomes[Endpoint.GROUP]
    assert isinstance(group, Success)
    assert group.document == OnCallGroup(2)


def test_names_and_paths_may_contain_any_character(simulator: Simulator, tmp_path: Path) -> None:
    result: list[str] = []
    folder = tmp_path / "it's, {a}: #folder"
    folder.mkdir()
    wanted = replace(target(simulator.url, *OWNER[:2]), name="no")

    bootstrap(wanted, Limits(), AccountRequest("odd", str(folder / "password")), result.append)

    made = pasted("\n".join(result), tmp_path)
    assert made.name == "no"
    assert made.auth.password is not None


def test_without_an_on_call_group_none_is_configured(tmp_path: Path) -> None:
    result: list[str] = []
    with Simulator(Options(users=(OWNER,), health_per_minute=None, scenario="pager_unset")) as groupless:
        request = AccountRequest("watcher", str(tmp_path / "password"))
        bootstrap(target(groupless.url, *OWNER[:2]), Limits(), request, result.append)

    assert pasted("\n".join(result), tmp_path).on_call_group is None


@pytest.mark.parametrize(
    ("account", "user", "words"),
    [
        (OWNER, "plain", "there is an account 'plain' already"),
        (PLAIN, "other", "an admin is needed"),
        (("owner", "Wrong-password-1", ""), "other", "the login of 'owner' was refused"),
    ],
)
def test_an_account_that_cannot_be_made_leaves_no_password_behind(
    simulator: Simulator, tmp_path: Path, account: tuple[str, str, str], user: str, words: str
) -> None:
    file = tmp_path / "password"

    with pytest.raises(CommandError, match=words):
        bootstrap(
            target(simulator.url, *account[:2]), Limits(), AccountRequest(user, str(file)), lambda _: None
        )

    assert not file.exists()


def test_a_password_is_never_written_over_another_file(simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("precious")

    with pytest.raises(CommandError, match="exists already"):
        bootstrap(
            target(simulator.url, *OWNER[:2]), Limits(), AccountRequest("third", str(file)), lambda _: None
        )

    assert file.read_text() == "precious"


def test_a_missing_client_is_reported(tmp_path: Path) -> None:
    nowhere = replace(target("", *OWNER[:2]), url=f"http://127.0.0.1:{find_free_port()}")

    with pytest.raises(CommandError, match="Connection refused"):
        bootstrap(nowhere, Limits(), AccountRequest("x", str(tmp_path / "password")), lambda _: None)


def test_every_password_is_new_and_has_a_character_of_each_class() -> None:
    passwords = {make_password().reveal() for _ in range(200)}

    assert len(passwords) == 200
    for password in passwords:
        assert len(password) == 32
        assert any(each.islower() for each in password)
        assert any(each.isupper() for each in password)
        assert any(each.isdigit() for each in password)
        assert not password.isalnum()


def test_the_admins_password_is_cleaned_as_every_secret_is(
    simulator: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, kept = tmp_path / "admin", tmp_path / "kept"
    given.write_bytes(b"\xef\xbb\xbf" + OWNER[1].encode() + b"\r\n")

    exit_code = main(
        [
            *("bootstrap", "--url", simulator.url, "--admin-user", OWNER[0], "--user", "cleaned"),
            *("--admin-password-file", str(given), "--password-file", str(kept)),
        ]
    )

    assert exit_code == 0
    note = f"note: what {given} holds begins with a byte order mark, which is left out\n"
    assert capsys.readouterr().err == note


def test_an_admins_password_in_utf_16_is_refused_with_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "admin"
    given.write_text(OWNER[1], encoding="utf-16")

    exit_code = main(
        [
            *("bootstrap", "--url", "http://wa.example", "--admin-user", OWNER[0]),
            *("--admin-password-file", str(given), "--password-file", str(tmp_path / "kept")),
        ]
    )

    assert exit_code == 1
    assert capsys.readouterr().err == f"{given} is UTF-16 text; save it as UTF-8\n"


def test_the_printed_variables_are_those_of_the_readme_and_enough_for_a_probe(
    simulator: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = tmp_path / "owner"
    owner.write_text(OWNER[1])
    file = tmp_path / "it's a password"
    command = ["bootstrap", "--url", simulator.url, "--admin-user", OWNER[0], "--user", "shell"]

    status = main([*command, "--admin-password-file", str(owner), "--password-file", str(file)])

    printed = capsys.readouterr().out
    exported, probed = printed.partition("without a file:\n\n")[2].splitlines()[:2]
    environment = dict(word.split("=", 1) for word in shlex.split(exported)[1:])
    assert status == 0
    assert environment == {
        "WAEXPORTER_USERNAME": "shell",
        "WAEXPORTER_PASSWORD_FILE": str(file),
        "WAEXPORTER_ON_CALL_GROUP": ON_CALL,
    }
    assert shlex.split(probed) == ["waexporter", "probe", simulator.url]
    made = load(None, {**environment, "WAEXPORTER_TARGET_URL": simulator.url}).config.targets[0]
    assert made.auth == Credentials(username="shell", password=Secret(file.read_text().strip()))


def test_the_default_names_are_those_of_the_readme(parts_readme: str) -> None:
    options = build_parser().parse_args(["bootstrap", "--url", "https://wa.example", "--admin-user", "admin"])

    assert f"WAEXPORTER_USERNAME={options.user} " in parts_readme
    assert f"WAEXPORTER_PASSWORD_FILE={options.password_file} " in parts_readme


@pytest.fixture
def parts_readme() -> str:
    return (parts.ROOT / "README.md").read_text()
