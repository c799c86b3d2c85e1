"""The documents say what the program takes: nothing that it doesn't, and nothing less."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, cast

import pytest
import trustme
import yaml

from tests.grafana.boards import BOARDS
from tests.markdown import (
    CONFIGURATION,
    DASHBOARDS,
    DOCUMENTS,
    README,
    SPAN,
    blocks,
    headings,
    names,
    part,
    prose,
    rows,
    spans,
)
from tests.places import hold
from waexporter.cli import build_parser, main
from waexporter.config import load
from waexporter.config.environment import (
    CONFIG_VARIABLE,
    LOGIN_VARIABLES,
    SETTING_VARIABLES,
    TARGET_VARIABLES,
    WATCH_VARIABLE,
)
from waexporter.config.fleet.shard_choice import SHARD_VARIABLE
from waexporter.errors import ConfigError
from waexporter.model import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from waexporter.model import Config

OTHER_YAML = (
    {"scrape_configs"},
    {"route", "receivers"},
    {"groups"},
    {"services", "secrets"},
    {"apiVersion", "kind"},
    {"tls_server_config"},
    {"http_server_config"},
)  # for other programs
LISTS = ("targets", "watchdogs", "fallback")  # keys whose value is a list of mappings
STRANGE = "zzzzzzzz"  # like no key there is


# --- configurations in the documents -----------------------------------------------------------


def examples() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        for number, block in enumerate(blocks(document, "yaml")):
            for text in configurations(block):
                yield f"{document.name}-{number}", text


def configurations(block: str) -> list[str]:
    """Give the configurations of waexporter in a YAML block: itself, or what a ConfigMap holds."""
    parts = [part for part in yaml.safe_load_all(block) if isinstance(part, dict)]
    if not parts:
        return []  # a list of targets
    if not any(keys <= part.keys() for part in parts for keys in OTHER_YAML):
        return [block]
    return [text for part in parts if part.get("kind") == "ConfigMap" for text in part["data"].values()]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Give a folder in which every file that an example may name exists."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "secret").write_text("correct-horse-battery\n")
    (tmp_path / "address").write_text("https://pings.example/a-token\n")
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{prometheus: $2b$10${'a' * 53}}}\n")
    return tmp_path


def loaded(text: str, folder: Path) -> Config:
    if "cmdb.json" in text:
        (folder / "cmdb.json").write_text("[]")
    text = re.sub(r"(ca_file:) [^\s,}]+", rf"\1 {folder}/ca.pem", text)
    text = re.sub(r"((?:password|api_key|secret|bearer_token)_file:) [^\s,}]+", rf"\1 {folder}/secret", text)
    text = re.sub(r"(config_file:) [^\s,}]+", rf"\1 {folder}/web.yml", text)
    text = re.sub(r"(heartbeat_url_file:) [^\s,}]+", rf"\1 {folder}/address", text)
    path = folder / "waexporter.yml"
    path.write_text(text)
    return load(str(path), {}).config


EXAMPLES = dict(examples())


def test_the_fleet_in_files_of_the_documents_loads(secrets: Path) -> None:
    (configuration,) = [
        text
        for name, text in EXAMPLES.items()
        if name.startswith(CONFIGURATION.name) and text.startswith("targets_files:")
    ]
    (listed,) = [text for text in blocks(CONFIGURATION, "yaml") if text.startswith("- ")]
    (secrets / "targets").mkdir()
    (secrets / "targets" / "eu.yml").write_text(listed)
    (secrets / "targets" / "orders-key").write_text("correct-horse-battery")
    (secrets / "cmdb.json").write_text("[]")

    config = loaded(configuration, secrets)

    assert [each.name for each in config.targets] == [
        "support-eu",
        "orders-eu",
        "wa-3.example:9090",
        "wa-4.example:9090",
    ]
    assert config.targets[0].auth.username == "monitor"
    assert config.targets[1].auth.username is None
    assert config.targets[2].labels == (("region", "eu"), ("team", "messaging"))


def test_the_problems_of_lists_are_said_in_these_words(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    group = "{targets: [a.example, b.example], labels: {target: x}}"
    eu = f"[{{name: support-line, url: 'ftp://wa.example'}}, {{url: 'https://a'}}, {group}]"
    (tmp_path / "targets" / "eu.yml").write_text(eu)
    (tmp_path / "targets" / "us.yml").write_text("[{name: support-line, url: 'https://wa.example'}]")
    path = tmp_path / "waexporter.yml"
    path.write_text("targets_files: ['targets/*']\ndefaults: {auth: {username: monitor}}")

    with pytest.raises(ConfigError) as caught:
        load(str(path), {})

    (documented,) = [text for text in blocks(CONFIGURATION, "text") if text.startswith("targets/eu.yml:")]
    assert sorted(documented.splitlines()) == sorted(caught.value.problems)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_configuration_in_the_documents_loads(name: str, secrets: Path) -> None:
    text = EXAMPLES[name]

    config = loaded(text, secrets)
    status = main(["check-config", "--config", str(secrets / "waexporter.yml")])

    assert status == 0
    assert len(config.targets) == len(re.findall(r"\burl: ", text))


def test_a_sidecar_of_the_documents_starts_from_its_environment(secrets: Path) -> None:
    compose = next(block for block in blocks(CONFIGURATION, "yaml") if "services:" in block)
    said: Mapping[str, str] = yaml.safe_load(compose)["services"]["waexporter"]["environment"]
    files = {"WAEXPORTER_PASSWORD_FILE": secrets / "secret", "WAEXPORTER_TLS_CA_FILE": secrets / "ca.pem"}

    found = load(None, {**said, **{name: str(path) for name, path in files.items()}})

    assert found.config.targets[0].name == said["WAEXPORTER_TARGET_NAME"]
    assert found.notes == ()


def test_the_problems_of_the_documents_are_said_in_these_words(tmp_path: Path) -> None:
    path = tmp_path / "waexporter.yml"
    path.write_text(
        """
targets:
  - ulr: https://wa.example
    url: https://wa.example
    auth: {username: monitor}
    shards: 3
  - url: wa.example
poll: {health: 30}
log: {level: warn}
"""
    )

    with pytest.raises(ConfigError) as caught:
        load(str(path), {})

    assert "\n".join(caught.value.problems) + "\n" == blocks(CONFIGURATION, "text")[1]


def test_the_problems_of_variables_are_said_in_these_words(tmp_path: Path) -> None:
    written = tmp_path / "waexporter.yml"
    written.write_text(
        "targets:\n  - name: a\n    url: https://wa.example\n    auth: {username: monitor, password: @x}\n"
    )
    environment = {
        "WAEXPORTER_TARGET_URL": "https://wa.example",
        "WAEXPORTER_USERNAME": "monitor",
        "WAEXPORTER_TLS_CA_FILE": str(tmp_path / "ca.pem"),
    }

    with pytest.raises(ConfigError) as of_variables:
        load(None, environment)
    with pytest.raises(ConfigError) as of_yaml:
        load(str(written), {})

    said = "\n".join((*of_variables.value.problems, *of_yaml.value.problems))
    assert (
        said.replace(f"{tmp_path}/waexporter.yml", "waexporter.yml").replace(str(tmp_path), "/etc/waexporter")
        + "\n"
        == blocks(CONFIGURATION, "text")[2]
    )


def test_the_notes_of_the_documents_are_said_in_these_words(tmp_path: Path) -> None:
    path = tmp_path / "waexporter.yml"
    path.write_text(
        """
targets:
  - url: http://wa.example
    auth: {username: a, password: b}
    labels: {region: '${REGION}'}
poll: {health: 5s}
"""
    )
    environment = {
        "WAEXPORTER_TARGET_URL": "https://wa.example",
        "WAEXPORTER_API_KEY": "a-key-of-twelve",
        "WA_API_KEY": "another-of-twelve",
    }

    notes = (*load(None, environment).notes, *load(str(path), {}).notes)

    documented = re.findall(r"^note: (.*)$", blocks(CONFIGURATION, "text")[3], re.MULTILINE)
    assert [note for note in documented if note not in notes] == [], notes


# --- keys and variables ------------------------------------------------------------------------


def keys_below(path: tuple[str, ...], folder: Path) -> list[str]:
    """Ask the program which keys it knows below a key: it lists them when it meets a strange one."""
    value: object = {STRANGE: 1}
    for key in reversed(path):
        value = {key: [value] if key in LISTS else value}
    file = folder / "strange.yml"
    file.write_text(json.dumps(value))
    with pytest.raises(ConfigError) as caught:
        load(str(file), {})
    listed = re.search(rf"{STRANGE}: unknown key; known are (.*)", "\n".join(caught.value.problems))
    return listed[1].split(", ") if listed else []


def schema(folder: Path) -> set[str]:
    """Collect every key; `ENDPOINT` stands for any of them.

    What is below `targets[].poll` and the keys of `defaults` is documented elsewhere.
    """
    found: set[str] = set()
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        path = waiting.pop()
        below = [(*path, key) for key in keys_below(path, folder)]
        found.update(re.sub(rf"\b({'|'.join(LISTS)})\.", r"\1[].", ".".join(each)) for each in below)
        elsewhere = path == ("defaults",)
        waiting += [each for each in below if each != ("targets", "poll") and not elsewhere]
    return {re.sub(rf"^poll\.({'|'.join(Endpoint)})\.", "poll.ENDPOINT.", key) for key in found}


def documented_keys() -> dict[str, str]:
    """Give every key of the tables with its default as it is written there."""
    parts = [
        part(CONFIGURATION, heading)
        for heading in (
            "targets",
            "http_sd",
            "targets_files and defaults",
            "poll",
            "limits",
            "pager",
            "web and log",
        )
    ]
    return {SPAN.findall(row[0])[0]: row[1] for text in parts for row in rows(text)}


def test_every_key_is_documented_and_no_other(tmp_path: Path) -> None:
    known = schema(tmp_path) - {"http_sd_url"}  # the row of http_sd says what it is short for

    documented = set(documented_keys())

    hold(
        known,
        documented,
        add="Give its row in waexporter/config a meaning, then run `make docs`.",
        remove="docs/configuration.md has rows for keys that the program does not take.",
    )


def documented_defaults() -> dict[str, object]:
    """Give the keys whose default is a value, not a sentence."""
    return {
        key: yaml.safe_load(default.strip("`"))
        for key, default in documented_keys().items()
        # A block http_sd needs an address, which has no default.
        if re.fullmatch(r"`[^`]+`", default) and "ENDPOINT" not in key and not key.startswith("http_sd.")
    }


def test_to_write_every_documented_default_changes_nothing(tmp_path: Path) -> None:
    document: dict[str, dict[str, object]] = {"targets[]": {"url": "https://wa.example:9090"}}
    for key, value in documented_defaults().items():
        *path, last = key.split(".")
        block = document.setdefault(path[0], {})
        for name in path[1:]:
            block = cast("dict[str, object]", block.setdefault(name, {}))
        block[last] = value
    target = document.pop("targets[]")
    plain = {"targets": [{"url": target["url"]}], "pager": {}}

    written = loaded(json.dumps({**document, "targets": [target]}), tmp_path)

    assert written == loaded(json.dumps(plain), tmp_path)


def test_every_default_that_is_a_value_is_documented_as_one() -> None:
    defaults = documented_defaults()

    missing = {*(f"poll.{endpoint}" for endpoint in Endpoint), "web.listen", "limits.body_bytes"} - set(
        defaults
    )
    assert not missing, f"docs/configuration.md must give these defaults as a value in backticks: {missing}"


def test_every_variable_is_documented_and_no_other() -> None:
    known = {
        CONFIG_VARIABLE,
        SHARD_VARIABLE,
        WATCH_VARIABLE,
        *(row.name for row in (*TARGET_VARIABLES, *SETTING_VARIABLES, *LOGIN_VARIABLES)),
    }
    table = part(CONFIGURATION, "Environment variables")

    documented = {name for row in rows(table) for name in SPAN.findall(row[0])}
    mentioned = {name for file in (README, CONFIGURATION) for name in names(r"WA(?:EXPORTER)?_[A-Z_]+", file)}

    hold(
        known,
        documented,
        add="Run `make docs`.",
        remove="docs/configuration.md names variables that the program does not read.",
    )
    assert mentioned - known <= {"WA_", "WAEXPORTER_", "WAEXPORTER_TARGET_NAEM"}


# --- commands ----------------------------------------------------------------------------------


def commands(document: Path) -> Iterator[str]:
    """Give every call of `waexporter`: in prose, after a prompt, in a unit, as a container's arguments."""
    yield from (span for span in spans(document) if span.startswith("waexporter "))
    for block in blocks(document, "console"):
        for line in block.replace("\\\n", " ").splitlines():
            if call := re.match(r"\$ (?:[A-Z_]+=\S+ )*(waexporter .*?)(?: +#.*)?$", line):
                yield call[1]
    yield from (
        f"waexporter {rest}" for rest in re.findall(r"ExecStart=\S+/waexporter (.*)", document.read_text())
    )
    yield from (
        f"waexporter {' '.join(yaml.safe_load(rest))}"
        for rest in re.findall(r"^ +args: (\[.*\])$", document.read_text(), re.MULTILINE)
    )


CALLS = sorted({call for document in DOCUMENTS for call in commands(document)})


@pytest.mark.parametrize("call", CALLS)
def test_every_command_in_the_documents_is_accepted(call: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["1" if each == "N" else each for each in shlex.split(call)[1:]]  # N stands for a number
    end = next((number for number, each in enumerate(arguments) if each in {">", "|"}), len(arguments))
    arguments = arguments[:end]
    is_mere_name = len(arguments) == 1  # a command that needs more is called by its name in prose

    code: object = 0
    try:
        build_parser().parse_args([*arguments, "--help"] if is_mere_name else arguments)
    except SystemExit as ended:
        code = ended.code

    assert code == 0, capsys.readouterr().err


def test_the_readme_lists_every_command() -> None:
    usage = build_parser().format_help()
    all_commands = re.findall(r"^    ([a-z-]+)(?:\s|$)", usage.split("COMMAND\n", 1)[1], re.MULTILINE)

    listed = [SPAN.findall(row[0])[0].split()[1] for row in rows(part(README, "Commands"))]

    hold(
        all_commands,
        listed,
        add="Add a row to the table of commands in README.md.",
        remove="README.md lists a command that waexporter has not.",
    )


# --- dashboards --------------------------------------------------------------------------------


def test_the_documents_list_every_dashboard_by_its_title_and_uid() -> None:
    known = {board["uid"]: board["title"] for board in BOARDS.values()}

    documented = {SPAN.findall(row[1])[0]: row[0] for row in rows(part(DASHBOARDS, "Dashboards"))}

    hold(
        known,
        documented,
        add="Add a row to the table at the top of docs/dashboards.md.",
        remove="docs/dashboards.md lists dashboards that are not there.",
    )
    assert documented == known


def test_the_documents_list_every_choice_of_the_dashboards() -> None:
    known = {each["label"] for board in BOARDS.values() for each in board["templating"]["list"]}

    documented = [row[0] for row in rows(part(DASHBOARDS, "Choose"))]

    hold(
        known,
        documented,
        add="Add a row for the variable to `Choose` in docs/dashboards.md.",
        remove="`Choose` in docs/dashboards.md has variables that no dashboard has.",
    )


def test_the_documents_name_what_stands_on_the_dashboards() -> None:
    text = "".join(part(DASHBOARDS, heading) for heading in ("Severity", "Messages", "Over time"))
    boards = json.dumps(list(BOARDS.values())).lower()

    named = {" ".join(name.split()) for name in re.findall(r"\*+([A-Z][^*]+)\*+", text)}

    assert len(named) > 5
    assert [name for name in sorted(named) if f'"{name.lower()}' not in boards] == []


# --- links -------------------------------------------------------------------------------------


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    links = [link.partition("#") for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(document))]
    places = [((document.parent / file) if file else document, fragment) for file, _, fragment in links]

    broken = [
        (path.name, fragment)
        for path, fragment in places
        if not path.exists() or (fragment and fragment not in map(anchor, headings(path)))
    ]

    assert broken == []
