"""Where each console block of the documents is run: a scene for it, or the reason why it can't be."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import yaml

from tests.e2e import documented
from tests.e2e.clients import MONITOR, OWNER
from tests.e2e.documented import configuration
from tests.e2e.exporters import WAEXPORTER, Exporter, clean_environment
from tests.e2e.paging import deliver, firing, wait_for_end, webhook
from tests.e2e.secured import secured
from tests.e2e.waiting import wait_for
from tests.markdown import PAGING, TEAMS
from tests.real.alertmanager import Alertmanager
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.e2e.documented import Clients, Place
    from tests.real.fixtures import RealParts


class Scene(NamedTuple):
    """What runs while the commands of a block are."""

    prepare: Callable[[Path, RealParts], AbstractContextManager[Place]]
    ends_with: int = 0  # the exit code of its last command
    patience: float = 0.0  # seconds: what is said changes by itself, and is as documented for a while


GROUP = "14155550100-1520000000"
ONE_CLIENT = """\
targets:
  - name: support-line
    url: https://wa-1.example:9090
    auth: {username: monitor, password_file: /run/secrets/wa-1}
    tls: {ca_file: /etc/waexporter/ca-1.pem}
poll: {health: 1s, settings: 1s}
"""
WITH_PAGER = f"""\
{ONE_CLIENT}pager:
  state_dir: /var/lib/waexporter
  webhook: {{secret_file: /run/secrets/webhook}}
  fallback: ["https://chat.example/hooks/on-call"]
  watchdogs: [{{name: prometheus-eu, match: {{alertname: Watchdog, prometheus: eu}}, max_silence: 3m}}]
"""
# What `pager check` finds fault with in the documents' example.
BAD_ROUTES = """\
route:
  receiver: on-call
  routes:
    - {matchers: [alertname="Watchdog"], receiver: on-call, group_interval: 1m, repeat_interval: 1h}
receivers:
  - name: on-call
    webhook_configs:
      - url: http://127.0.0.1:9847/api/v1/alerts
        max_alerts: 20
        http_config: {authorization: {credentials_file: /run/secrets/webhook}}
"""


def _also(place: Place, **more: str) -> Place:
    """Return a place with further replacements."""
    return place._replace(table={**more, **place.table})


WATCHDOG = webhook(firing("Watchdog", prometheus="eu", severity="info"))


@contextmanager
def nothing(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run nothing; Grafana's folders are where a block expects them."""
    for name in ("etc/grafana/provisioning/dashboards", "var/lib"):
        (folder / name).mkdir(parents=True)
    yield documented.Place(folder, {"/etc/grafana": f"{folder}/etc/grafana", "/var/lib": f"{folder}/var/lib"})


@contextmanager
def newcomer(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run a client at wa.example whose accounts are those of the README."""
    with documented.clients(folder, "wa") as clients:
        client = clients.simulated["wa"]
        (folder / "admin").write_text(f"{OWNER[1]}\n")
        (folder / "ca.pem").write_bytes((folder / "ca-1.pem").read_bytes())
        (folder / "wa-password").write_text(f"{MONITOR[1]}\n")
        (folder / "waexporter.yml").write_text(clients.place.here(ONE_CLIENT.replace("wa-1.", "wa.")))
        table = {
            "wa.example:9090": client.url.removeprefix("https://"),
            "/run/secrets/wa-password": str(folder / "password-1"),
            "/etc/waexporter/ca.pem": str(folder / "ca.pem"),
            # What a person types is in a file, and the accounts are those that the client has.
            "--admin-user admin": f"--admin-user {OWNER[0]} --admin-password-file {folder / 'admin'}"
            f" --user made --password-file {folder / 'made'}",
            "monitor:first-password": ":".join(MONITOR),
            "correct-horse-battery": MONITOR[1],
            **clients.place.table,
        }
        yield clients.place._replace(table=table)


@contextmanager
def demo(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run the demonstration, whose incident is near its end after 70 seconds."""
    command = (*WAEXPORTER, "demo", "--listen", "127.0.0.1:0")
    with Process(command, env=clean_environment()) as process:
        url = process.wait_for_line(r"metrics\s+http://(127\.0\.0\.1:\d+)/")[1]
        yield documented.Place(folder, {"127.0.0.1:9847": url})


@contextmanager
def daemon(folder: Path, text: str, account: tuple[str, str] = OWNER) -> Iterator[tuple[Clients, Exporter]]:
    """Run a daemon with a configuration, and wait until support-line is ok."""
    with documented.clients(folder, "wa-1", "wa-2", account=account) as clients, ExitStack() as stack:
        place = clients.place
        listen = place.here("127.0.0.1:9847")
        file = place.write("waexporter.yml", f"{text}web: {{listen: '{listen}'}}\n")
        exporter = stack.enter_context(Exporter.run(file, f"--listen={listen}"))
        wait_for(
            lambda: exporter.targets()["support-line"]["verdict"]["state"], until=lambda state: state == "ok"
        )
        yield clients, exporter


@contextmanager
def polled(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run a daemon that polls support-line."""
    with daemon(folder, ONE_CLIENT) as (clients, _):
        yield _also(clients.place, **{"localhost:9847": clients.place.here("127.0.0.1:9847")})


@contextmanager
def low_on_disk(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run a daemon that polls support-line, which has hardly any space left."""
    with daemon(folder, ONE_CLIENT.replace("settings: 1s", "settings: 1s, support: 2s")) as (
        clients,
        exporter,
    ):
        clients.simulated["wa-1"].bring("disk_low")
        wait_for(
            lambda: exporter.targets()["support-line"]["verdict"]["state"],
            until=lambda state: state == "degraded",
        )
        yield clients.place


@contextmanager
def fleet(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Write a configuration of several clients that nobody reaches."""
    targets = "".join(f"  - {{name: client-{number}, url: 'http://127.0.0.1:9'}}\n" for number in range(8))
    (folder / "fleet.yml").write_text(f"targets:\n{targets}")
    yield documented.Place(folder, {})


@contextmanager
def reloadable(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run a daemon of nine clients, of which one has changed since, and a tenth was added."""
    others = "".join(f"  - {{name: client-{number}, url: 'http://127.0.0.1:9'}}\n" for number in range(1, 8))
    head, _, tail = ONE_CLIENT.partition("poll:")
    with daemon(folder, f"{head}{others}poll:{tail}") as (clients, _):
        file = folder / "waexporter.yml"
        changed = file.read_text().replace("poll:", "  - {name: new, url: 'http://127.0.0.1:9'}\npoll:")
        file.write_text(changed.replace("name: support-line", "labels: {a: b}\n    name: support-line"))
        file.write_text(f"{file.read_text()}log: {{level: warning}}\n")
        yield _also(clients.place, **{"/etc/waexporter/waexporter.yml": str(file)})


@contextmanager
def pager(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run a daemon with a pager, whose account is an admin's."""
    with daemon(folder, WITH_PAGER) as (clients, exporter):
        alert = firing("WhatsAppDiskLow", target="support-line")
        deliver(with_secret(exporter), webhook(alert))
        wait_for_end(exporter, "WhatsAppDiskLow")
        (folder / "backups").mkdir()
        yield _also(clients.place, **{"/var/backups": str(folder / "backups")})


def with_secret(exporter: Exporter) -> Exporter:
    """Let what is asked of a daemon show the secret of its webhook."""
    exporter.http.headers["authorization"] = "Bearer correct-horse-battery"
    return exporter


@contextmanager
def first_page(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run a daemon with a pager that has paged nobody yet."""
    with daemon(folder, WITH_PAGER) as (clients, exporter):
        deliver(with_secret(exporter), WATCHDOG)
        yield clients.place


@contextmanager
def without_group(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run a daemon with a pager, whose client has no group and no setting that names one."""
    with daemon(folder, WITH_PAGER) as (clients, _):
        client = clients.simulated["wa-1"]
        client.control("PATCH", "/settings", {"on_call_pager": None})
        client.bring("group_gone")
        yield clients.place


@contextmanager
def bad_routes(folder: Path, real_parts: RealParts) -> Iterator[Place]:
    """Run a daemon with a pager, and the oldest Alertmanager with routes that are not right."""
    with daemon(folder, WITH_PAGER) as (clients, exporter):
        deliver(with_secret(exporter), WATCHDOG)
        deliver(exporter, webhook(firing("WaExporterTest", target="support-line")))
        wait_for_end(exporter, "WaExporterTest")
        program = real_parts.program("bookworm", "prometheus-alertmanager")
        routes = yaml.safe_load(clients.place.here(BAD_ROUTES))
        port = int(clients.place.here("127.0.0.1:9093").rpartition(":")[2])
        with Alertmanager(program, folder / "alertmanager", routes, port=port):
            yield clients.place


@contextmanager
def three_pages(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run a daemon whose pages were accepted, refused for good, and are still tried."""
    text = re.sub(r"  fallback: .*\n", "", WITH_PAGER)
    with daemon(folder, text) as (clients, exporter):
        client = clients.simulated["wa-1"]
        with_secret(exporter)
        _page(exporter, 1, "accepted")
        client.bring("group_gone")
        _page(exporter, 2, "failed")
        client.lift("group_gone")
        client.control("PATCH", "/settings", {"webhooks": None})
        _page(exporter, 3, "pending")
        yield clients.place


def _page(exporter: Exporter, number: int, state: str) -> None:
    alert = firing("WaExporterTest", target="support-line", severity="info", run=str(number))
    alert["annotations"]["summary"] = "This is a test of the pager."
    deliver(exporter, webhook(alert, group=str(number)))
    wait_for(
        lambda: exporter.get("/api/v1/pages").json()["pages"][0],
        until=lambda page: page["number"] == number and page["attempts"] and page["state"] == state,
    )


@contextmanager
def routed(folder: Path, real_parts: RealParts) -> Iterator[Place]:
    """Run the Alertmanager of docs/paging.md."""
    with documented.clients(folder, "wa-1") as clients:
        routes = yaml.safe_load(clients.place.here(configuration(PAGING, "route")))
        program = real_parts.program(documented.SUITE, "prometheus-alertmanager")
        port = int(clients.place.here("127.0.0.1:9093").rpartition(":")[2])
        with Alertmanager(program, folder / "alertmanager", routes, port=port):
            yield clients.place


@contextmanager
def silenced(folder: Path, real_parts: RealParts) -> Iterator[Place]:
    """Run the Alertmanager of docs/paging.md with a silence."""
    with routed(folder, real_parts) as place:
        command = "amtool silence add target=orders --duration=2h --author=mara --comment=x"
        assert documented.run(f"{command} --alertmanager.url=http://127.0.0.1:9093", place).status == 0
        yield place


@contextmanager
def teams(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Put the routes of docs/teams.md where the block expects them."""
    (folder / "alertmanager.yml").write_text(configuration(TEAMS, "route"))
    yield documented.Place(folder, {})


@contextmanager
def with_user(folder: Path, _parts: RealParts) -> Iterator[Place]:
    """Run the daemon of docs/web-security.md."""
    with secured(folder, with_token=False) as (clients, _):
        yield clients.place


# By the document, and the beginning of the block's first command.
SCENES: Mapping[tuple[str, str], Scene] = {
    ("README.md", "curl -s http://127.0.0.1:9847/metrics"): Scene(demo, patience=100),
    ("README.md", "openssl s_client"): Scene(newcomer),
    ("README.md", "waexporter bootstrap"): Scene(newcomer),
    ("README.md", "curl --cacert ca.pem"): Scene(newcomer),
    ("README.md", "export WAEXPORTER_USERNAME"): Scene(newcomer),
    ("README.md", "WAEXPORTER_TARGET_URL"): Scene(newcomer),
    ("README.md", "waexporter rules render"): Scene(nothing),
    ("configuration.md", "waexporter check-config"): Scene(reloadable),
    ("configuration.md", "export WAEXPORTER_TARGET_URL"): Scene(newcomer),
    ("configuration.md", "waexporter run"): Scene(fleet),
    ("dashboards.md", "waexporter dashboards write"): Scene(nothing),
    ("explain.md", "waexporter why"): Scene(low_on_disk),
    ("migration.md", "export WA_WEB_ENDPOINT"): Scene(newcomer),
    ("network.md", "waexporter probe"): Scene(first_page),
    ("paging-reference.md", "waexporter pager test"): Scene(first_page),
    ("paging-reference.md", "waexporter pager check"): Scene(bad_routes, ends_with=1),
    ("paging-reference.md", "waexporter pages"): Scene(three_pages),
    ("paging.md", "waexporter pager setup"): Scene(without_group),
    ("paging.md", "waexporter rules render"): Scene(nothing),
    ("probing.md", "curl -s"): Scene(polled),
    ("restart.md", "sqlite3"): Scene(pager),
    ("restart.md", "python3 -c"): Scene(pager),
    ("security.md", "openssl x509"): Scene(newcomer),
    ("silences.md", "amtool silence add"): Scene(routed),
    ("silences.md", "amtool silence query"): Scene(silenced),
    ("teams.md", "amtool config routes test"): Scene(teams),
    ("web-security.md", "openssl req"): Scene(nothing),
    ("web-security.md", "python3 -c"): Scene(nothing),
    ("web-security.md", "curl -sS"): Scene(with_user),
    ("web-security.md", "openssl s_client"): Scene(with_user),
}
# Blocks that no test runs as they are, each with the reason.
NOT_RUN: Mapping[tuple[str, str], str] = {
    ("CONTRIBUTING.md", "make unit"): "it runs these tests themselves",
    ("README.md", "make demo"): "tests/e2e/test_demo.py runs what it starts",
    ("README.md", ". .venv/bin/activate"): "it changes the reader's own shell",
    ("README.md", "make image"): "it needs a container engine; tests/image is run by make image itself",
    ("README.md", "waexporter pager setup"): "it asks a person; docs/paging.md has the same with --yes",
    ("dashboards.md", "mkdir dashboards"): "it needs a container engine; tests/image/smoke.py does the same",
    ("paging.md", "waexporter pager check"): "tests/e2e/test_documented_paging.py runs it",
    ("web-security.md", "htpasswd"): "apache2-utils is not among the real parts; and it asks a person",
    ("restart.md", "pip install"): "it would change the environment that the tests run in",
}
