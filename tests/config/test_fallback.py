"""The list `pager.fallback`: addresses, and mappings with one; the host tells the format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.config.texts import load_text
from waexporter.cli import main
from waexporter.config import LoadedConfig, dump_config
from waexporter.config.fallback import format_of
from waexporter.model import Fallback, Format, Secret

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = "targets: [{url: 'https://wa.example'}]\n"


def loaded(folder: Path, entries: str) -> LoadedConfig:
    (folder / "address").write_text("https://discord.com/api/webhooks/1/hunter2\n")
    return load_text(folder, f"{TARGETS}pager: {{fallback: {entries}}}")


def fallback(folder: Path, entries: str) -> tuple[Fallback, ...]:
    pager = loaded(folder, entries).config.pager
    assert pager is not None
    return pager.fallback


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("https://hooks.example/x", Format.JSON),
        ("https://hooks.slack.com/services/T/B/x", Format.SLACK),
        ("HTTPS://HOOKS.SLACK.COM/services/T/B/x", Format.SLACK),
        ("https://hooks.slack-gov.com/services/T/B/x", Format.SLACK),
        ("https://hooks.slack.com.evil.example/services", Format.JSON),
        ("https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t", Format.GOOGLE_CHAT),
        ("https://contoso.webhook.office.com/webhookb2/x/IncomingWebhook/y/z", Format.SLACK),
        ("https://outlook.office.com/webhook/x/IncomingWebhook/y/z", Format.SLACK),
        (
            "https://prod-03.westus.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=s",
            Format.TEAMS,
        ),
        ("https://d.1.environment.api.powerplatform.com:443/powerautomate/automations/x", Format.TEAMS),
        ("https://discord.com/api/webhooks/1/x", Format.DISCORD),
        ("https://discordapp.com/api/webhooks/1/x", Format.DISCORD),
        ("https://ptb.discord.com/api/v10/webhooks/1/x?wait=true", Format.DISCORD),
        ("https://discord.com/api/webhooks/1/x/slack", Format.SLACK),
        ("https://api.telegram.org/bot1:x/sendMessage?chat_id=-100", Format.TELEGRAM),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/x", Format.FEISHU),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/x", Format.FEISHU),
        ("https://oapi.dingtalk.com/robot/send?access_token=x", Format.DINGTALK),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", Format.WECOM),
        ("https://ntfy.sh/on-call", Format.TEXT),
        ("mailto://me:x@mail.example", Format.JSON),
    ],
)
def test_what_an_address_takes_is_known_by_its_host(tmp_path: Path, address: str, form: Format) -> None:
    assert format_of(address) is form
    assert fallback(tmp_path, f"['{address}']") == (Fallback(Secret(address), form),)


def test_an_entry_may_be_a_mapping_and_its_address_stand_in_a_file(tmp_path: Path) -> None:
    entries = (
        "['https://hooks.example/x', {url: 'https://hooks.example/y'}, {url_file: address}, "
        "{url: 'https://chat.example/z', format: slack}, {url_file: address, format: json}, "
        "{url: 'mailto://mail.example'}]"
    )

    assert fallback(tmp_path, entries) == (
        Fallback(Secret("https://hooks.example/x")),
        Fallback(Secret("https://hooks.example/y")),
        Fallback(Secret("https://discord.com/api/webhooks/1/hunter2"), Format.DISCORD),
        Fallback(Secret("https://chat.example/z"), Format.SLACK),
        Fallback(Secret("https://discord.com/api/webhooks/1/hunter2"), Format.JSON),
        Fallback(Secret("mailto://mail.example")),
    )


@pytest.mark.parametrize("form", Format)
def test_every_format_may_be_named_and_the_address_stays_a_secret(tmp_path: Path, form: Format) -> None:
    found = loaded(tmp_path, f"[{{url: 'https://hunter2.example/hunter2?chat_id=1', format: {form.value}}}]")

    printed = dump_config(found.config)

    assert "hunter2" not in printed + repr(found.config)
    shown = {"url": "<secret>", "format": form.value}
    assert yaml.safe_load(printed)["pager"]["fallback"] == ["<secret>" if form is Format.JSON else shown]


def test_white_space_around_an_address_in_a_mapping_is_noted_by_its_key(tmp_path: Path) -> None:
    found = loaded(tmp_path, "['https://a.example', {url: ' https://b.example '}]")

    assert found.notes == ("pager.fallback[1].url: begins or ends with white space, which is left out",)


@pytest.mark.parametrize(
    "address",
    [
        "http://a..b/x",
        "http://.a/x",
        "http://a b/x",
        f"http://{'x' * 64}.example/x",
        f"http://{'.'.join(['x' * 60] * 5)}/x",
        f"http://{'ä' * 60}.example/x",
        "http://*.example/x",
        "http://-a.example/x",
        "http://a-.example/x",
        "http://256.1.1.1/x",
        "http://1.2.3.4.5/x",
        "http://[v1.x]/x",
        "http://[::g]/x",
        "http://[::1/x",
        "http://☃.example/x",
        "http://a\u2024b/x",
        "http:///x",
        "http://h:99999/x",
    ],
)
@pytest.mark.parametrize(
    ("place", "document"),
    [
        ("pager.fallback[0]", "pager: {{fallback: ['{}']}}"),
        ("pager.fallback[0].url", "pager: {{fallback: [{{url: '{}'}}]}}"),
        ("pager.heartbeat_url", "pager: {{heartbeat_url: '{}'}}"),
    ],
)
def test_an_impossible_host_is_refused_wherever_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, document: str, address: str
) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text(TARGETS + document.format(address))

    status = main(["check-config", "--config", str(file)])

    said = capsys.readouterr()
    assert status == 2
    assert said.err.startswith(f"{place}: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost/x",
        "http://wa_1/x",
        "http://a.example./x",
        "http://münchen.example/x",
        "http://xn--mnchen-3ya.example/x",
        f"http://{'x' * 63}.example/x",
        "http://127.1/x",
        "http://[::1]:80/x",
        "http://[fe80::1%25eth0]/x",
        "https://me:p%40ss@h:8443/x?y=z#t",
    ],
)
def test_a_possible_host_is_accepted(tmp_path: Path, address: str) -> None:
    assert fallback(tmp_path, f"['{address}']") == (Fallback(Secret(address)),)
