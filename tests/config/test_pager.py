"""The block `pager`: reading, defaults and masked secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.config.texts import load_text
from waexporter.cli import main
from waexporter.commands.process import USAGE_ERROR
from waexporter.config import LoadedConfig, check_webhook_auth, dump_config
from waexporter.model import Fallback, PagerSettings, Rate, Secret, Watchdog, WebhookAuth, WebSettings
from waexporter.model.severity import Severity

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = "targets: [{url: 'https://a.example', name: alpha}, {url: 'https://b.example', name: beta}]\n"
SECRETS = ("hunter2", "T0K3N", "s3cr3t")
FULL = """
pager:
  state_dir: state
  webhook: {secret_file: secret}
  via: [beta, alpha]
  group: "14155550100-1520000000"
  fallback: ["https://me:hunter2@hooks.example/T0K3N", "tgram://T0K3N/chat"]
  fallback_after: 30s
  give_up_after: 1h
  rate: 5/1m
  timezone: Europe/Berlin
  severities: {critical: [P1, tier 1], info: [p4]}
  watchdogs:
    - {name: eu, match: {prometheus: eu, alertname: Watchdog}, max_silence: 3m}
  alertmanager_url: "http://me:hunter2@am.example:9093/T0K3N"
  heartbeat_url_file: heartbeat
  heartbeat_interval: 2m
  watch: true
  watch_for: 5m
"""


def loaded(folder: Path, text: str) -> LoadedConfig:
    (folder / "secret").write_text("hunter2\n")
    (folder / "heartbeat").write_text("https://hc.example/ping/s3cr3t\n")
    return load_text(folder, TARGETS + text)


def pager(folder: Path, text: str) -> PagerSettings:
    found = loaded(folder, text).config.pager
    assert found is not None
    return found


def test_every_key_is_read(tmp_path: Path) -> None:
    assert pager(tmp_path, FULL) == PagerSettings(
        state_dir=str(tmp_path / "state"),
        webhook=WebhookAuth(secret=Secret("hunter2")),
        via=("beta", "alpha"),
        group="14155550100-1520000000",
        fallback=(
            Fallback(Secret("https://me:hunter2@hooks.example/T0K3N")),
            Fallback(Secret("tgram://T0K3N/chat")),
        ),
        fallback_after=30.0,
        give_up_after=3600.0,
        rate=Rate(5, 60.0),
        timezone="Europe/Berlin",
        severities=(("P1", Severity.CRITICAL), ("tier 1", Severity.CRITICAL), ("p4", Severity.INFO)),
        watchdogs=(Watchdog("eu", (("alertname", "Watchdog"), ("prometheus", "eu")), 180.0),),
        alertmanager_url=Secret("http://me:hunter2@am.example:9093/T0K3N"),
        heartbeat_url=Secret("https://hc.example/ping/s3cr3t"),
        heartbeat_interval=120.0,
        watch=True,
        watch_for=300.0,
    )


def test_an_empty_block_has_the_defaults_of_the_contract(tmp_path: Path) -> None:
    found = pager(tmp_path, "pager: {}")

    assert found == PagerSettings()
    assert (found.state_dir, found.fallback_after, found.give_up_after) == (
        "/var/lib/waexporter",
        60.0,
        1800.0,
    )
    assert (found.rate, found.heartbeat_interval) == (Rate(10, 300.0), 60.0)
    assert (found.watch, found.watch_for) == (False, 120.0)


def test_without_the_block_there_is_no_pager(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").config.pager is None


def test_people_are_given_by_their_numbers_each_once_without_a_plus(tmp_path: Path) -> None:
    text = 'pager: {recipients: ["+14155550100", "14155550101", "14155550100"]}'

    assert pager(tmp_path, text).recipients == ("14155550100", "14155550101")


@pytest.mark.parametrize(
    ("webhook", "auth"),
    [
        ("{secret: hunter2}", WebhookAuth(secret=Secret("hunter2"))),
        ("{username: me, password: hunter2}", WebhookAuth(username="me", password=Secret("hunter2"))),
        ("{username: me, password_file: secret}", WebhookAuth(username="me", password=Secret("hunter2"))),
        ("{insecure: true}", WebhookAuth(insecure=True)),
        ("{}", WebhookAuth()),
    ],
)
def test_every_kind_of_webhook_auth_is_read(tmp_path: Path, webhook: str, auth: WebhookAuth) -> None:
    assert pager(tmp_path, f"pager: {{webhook: {webhook}}}").webhook == auth


def test_an_interval_without_a_heartbeat_is_noted(tmp_path: Path) -> None:
    assert loaded(tmp_path, "pager: {heartbeat_interval: 5m}").notes == (
        "pager.heartbeat_interval: is not used, because there is no heartbeat_url",
    )


@pytest.mark.parametrize(
    ("webhook", "shown"),
    [
        ("{secret_file: secret}", {"secret": "<secret>"}),
        ("{username: me, password: hunter2}", {"username": "me", "password": "<secret>"}),
    ],
)
def test_the_effective_configuration_masks_every_secret(
    tmp_path: Path, webhook: str, shown: dict[str, str]
) -> None:
    config = loaded(tmp_path, FULL.replace("{secret_file: secret}", webhook)).config

    printed = dump_config(config)

    assert not [secret for secret in SECRETS if secret in printed + repr(config) + str(config)]
    said = yaml.safe_load(printed)["pager"]
    assert said == {
        "state_dir": str(tmp_path / "state"),
        "webhook": shown,
        "via": ["beta", "alpha"],
        "group": "14155550100-1520000000",
        "fallback": ["<secret>", "<secret>"],
        "fallback_after": "30s",
        "give_up_after": "1h",
        "rate": "5/1m",
        "timezone": "Europe/Berlin",
        "severities": {"critical": ["P1", "tier 1"], "info": ["p4"]},
        "watchdogs": [
            {"name": "eu", "match": {"alertname": "Watchdog", "prometheus": "eu"}, "max_silence": "3m"}
        ],
        "alertmanager_url": "<secret>",
        "heartbeat_url": "<secret>",
        "heartbeat_interval": "2m",
        "watch": True,
        "watch_for": "5m",
    }


def test_the_effective_block_without_secrets_reads_back_as_itself(tmp_path: Path) -> None:
    text = (
        'pager: {state_dir: /tmp/x, recipients: ["+14155550100"], webhook: {insecure: true}, rate: 1/1h30m, '
        "timezone: Asia/Kolkata, severities: {warning: [p2]}}"
    )
    first = loaded(tmp_path, text).config

    assert load_text(tmp_path, dump_config(first)).config == first


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_loopback_no_secret_is_needed(host: str) -> None:
    assert check_webhook_auth(PagerSettings(), WebSettings(host=host)) is None


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.0.2.7", "wa.example"])
def test_beyond_loopback_a_secret_or_an_explicit_insecure_is_needed(host: str) -> None:
    web = WebSettings(host=host)

    problem = check_webhook_auth(PagerSettings(), web)

    assert problem is not None
    assert problem.startswith("pager.webhook: is required when listening beyond loopback")
    assert check_webhook_auth(PagerSettings(webhook=WebhookAuth(secret=Secret("x"))), web) is None
    assert (
        check_webhook_auth(PagerSettings(webhook=WebhookAuth(username="a", password=Secret("x"))), web)
        is None
    )
    assert check_webhook_auth(PagerSettings(webhook=WebhookAuth(insecure=True)), web) is None
    assert check_webhook_auth(None, web) is None


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_the_check_of_a_configuration_finds_a_fallback_with_which_no_daemon_would_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text("{targets: [{url: 'https://wa.example'}], pager: {fallback: ['nothing://hunter2']}}")

    status = main(["check-config", "--config", str(file)])

    said = capsys.readouterr()
    assert status == USAGE_ERROR
    assert said.err.startswith("pager.fallback: Apprise can't make anything of ")
    assert "hunter2" not in said.err + said.out
