"""One row makes a key readable, printable, comparable, settable by a variable, and documented."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

from docs.source.reference import write_keys
from tests.places import hold
from waexporter.config.credentials import AUTH, PROXY_AUTH
from waexporter.config.fallback import FALLBACK
from waexporter.config.keys import Block, DocumentedKey, Key, Variable, required, value
from waexporter.config.limits import LIMITS
from waexporter.config.log_block import LOG
from waexporter.config.pager import PAGER, WATCHDOG
from waexporter.config.secret_keys import secret_key
from waexporter.config.section import Report, Section
from waexporter.config.target_tls import TLS
from waexporter.config.targets import TARGET
from waexporter.config.values import scalars
from waexporter.config.values.quantities import format_duration
from waexporter.config.web import WEB
from waexporter.config.webhook_auth import WEBHOOK
from waexporter.model import Secret

NOT_KEYS = {
    "tls.identity": "the digest of the files of two keys",
    "targets.kind": "there is one kind of client",
}


@dataclass(frozen=True)
class Tea:
    kind: str
    steeped: float = 180.0
    with_milk: bool = False
    password: Secret | None = None


TEA = Block(
    "tea",
    Tea,
    (
        Key(
            "kind", required(scalars.text, "green"), "which tea", variables=(Variable("TEA_KIND", str.lower),)
        ),
        Key("steeped", value(scalars.duration), "for how long", write=format_duration, needs_restart=True),
        Key("milk", value(scalars.boolean), "`true`: with milk", fields=("with_milk",)),
        secret_key("password", "of the tea room", variables=("TEA_PASSWORD",)),
    ),
)


def read(document: object, report: Report) -> Tea:
    with Section(report, "tea", document) as section:
        return Tea(**TEA.read(section))


def test_a_row_makes_a_key_readable() -> None:
    report = Report()

    tea = read({"kind": "oolong", "milk": True, "password": "camellia"}, report)

    assert tea == Tea("oolong", with_milk=True, password=Secret("camellia"))
    assert report.problems == []


def test_a_mistake_is_named_by_its_key() -> None:
    report = Report()

    tea = read({"steeped": 3, "milc": True}, report)

    assert tea == Tea("green")
    assert report.problems == [
        "tea.kind: is required",
        "tea.steeped: write a unit, such as 30s",
        'tea.milc: unknown key; did you mean "milk"?',
    ]


def test_a_row_makes_a_key_printable() -> None:
    assert TEA.dump(Tea("oolong")) == {"kind": "oolong", "steeped": "3m", "milk": False}
    assert TEA.dump(Tea("oolong", password=Secret("camellia")))["password"] == "<secret>"


def test_a_row_makes_a_key_comparable() -> None:
    changed = TEA.changed(Tea("oolong"), Tea("oolong", steeped=60.0, with_milk=True))

    assert [(key.name, key.needs_restart) for key in changed] == [("steeped", True), ("milk", False)]


def test_a_row_has_the_variables_of_its_key_and_of_the_twin() -> None:
    assert [(row.name, row.path) for row in TEA.variables("tea.")] == [
        ("TEA_KIND", "tea.kind"),
        ("TEA_PASSWORD", "tea.password"),
        ("TEA_PASSWORD_FILE", "tea.password_file"),
    ]


def test_a_row_without_its_field_is_named_at_once() -> None:
    with pytest.raises(TypeError, match=r"the key tea\.sugar sets sugar: add the field .* to Tea in "):
        Block("tea", Tea, (Key("sugar", value(scalars.count), "how many lumps"),))


def test_a_row_makes_a_key_documented() -> None:
    assert list(TEA.document()) == [
        DocumentedKey("tea", "none", "this block"),
        DocumentedKey("tea.kind", "none", "which tea"),
        DocumentedKey("tea.steeped", "`3m`", "for how long"),
        DocumentedKey("tea.milk", "`false`", "`true`: with milk"),
        DocumentedKey("tea.password", "none", "of the tea room"),
        DocumentedKey("tea.password_file", "none", "a file that contains it"),
    ]
    assert "| `tea.steeped` | `3m` | for how long |" in write_keys(TEA).splitlines()


@pytest.mark.parametrize(
    "block",
    [LIMITS, WEB, LOG, PAGER, WEBHOOK, WATCHDOG, FALLBACK, TARGET, AUTH, PROXY_AUTH, TLS],
    ids=lambda block: block.name,
)
def test_every_field_of_the_settings_has_its_row(block: Block) -> None:
    assert block.settings is not None

    hold(
        {f"{block.name}.{field.name}" for field in fields(block.settings)} - set(NOT_KEYS),
        {f"{block.name}.{name}" for key in block.keys for name in key.field_names},
        add="Give the key a row in its block in waexporter/config: how it is read, printed, documented; or "
        "say in NOT_KEYS here why the field is no key.",
        remove="A row sets a field that its dataclass in waexporter/model lacks: add it there.",
    )
