"""What stands in the documents, made to run on this machine: a stated table of what is replaced."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import yaml

from tests.e2e.clients import MONITOR, OWNER, USERS, SimulatedClient
from tests.e2e.exporters import Exporter, clean_environment
from tests.e2e.paging import GROUP
from tests.e2e.waiting import wait_for
from tests.markdown import ROOT, blocks
from tests.real import parts
from tests.real.alertmanager import Alertmanager
from tests.real.network import find_free_port
from tests.real.prometheus import Prometheus
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROGRAMS = ("prometheus", "prometheus-alertmanager")
SUITE = "trixie"


def configuration(document: Path, key: str) -> str:
    """Return the first YAML block of a document that has this key at its top."""
    found = (block for block in blocks(document, "yaml") if re.search(rf"^{key}:", block, re.MULTILINE))
    block = next(found, None)
    assert block is not None, f"{document.name} has no YAML block with the key {key} any more"
    return block


class Listener:
    """Answers 200 to everything and remembers what it was asked; `with` ends it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                outer.asked.append((self.command, self.path))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            do_POST = do_GET  # noqa: N815 - the base class calls it so

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Place(NamedTuple):
    """Where the examples run: their folder, and what stands there for each host, port and path."""

    folder: Path
    table: Mapping[str, str]

    def here(self, text: str) -> str:
        """Return a text of the documents as it is on this machine."""
        for documented, own in self.table.items():
            text = text.replace(documented, own)
        return text

    def there(self, text: str) -> str:
        """Return what was said on this machine as the documents would have it."""
        for documented, own in reversed(list(self.table.items())):
            text = text.replace(own, documented)
        return text

    def write(self, name: str, text: str) -> Path:
        """Write a configuration of the documents into the folder."""
        file = self.folder / name
        file.write_text(self.here(text))
        return file


@dataclass(frozen=True, slots=True)
class Clients:
    """Simulated clients with TLS, by the name of their host in the documents."""

    simulated: Mapping[str, SimulatedClient]
    place: Place
    chat: Listener
    heartbeat: Listener

    def read(self) -> list[str]:
        """Return every message that any of them has sent."""
        return [
            message["text"]["body"]
            for client in self.simulated.values()
            for message in client.control("GET", "/messages")["messages"]
        ]


@contextmanager
def clients(folder: Path, *names: str, account: tuple[str, str] = MONITOR) -> Iterator[Clients]:
    """Run simulated clients for hosts of the documents, and what else these name."""
    table: dict[str, str] = {}
    with ExitStack() as stack:
        simulated = {}
        for number, name in enumerate(names, start=1):
            ca = folder / f"ca-{number}.pem"
            options = Options(tls=True, ca_file=str(ca), users=USERS, health_per_minute=None)
            url = stack.enter_context(Simulator(options)).url
            simulated[name] = stack.enter_context(SimulatedClient(url, ca))
            secret = folder / f"password-{number}"
            secret.write_text(account[1])
            table |= {
                f"https://{name}.example:9090": url,
                f"/run/secrets/{name}": str(secret),
                f"/etc/waexporter/ca-{number}.pem": str(ca),
            }
        chat, heartbeat = (stack.enter_context(Listener()) for _ in range(2))
        (folder / "heartbeat").write_text(f"{heartbeat.url}/ping\n")
        (folder / "webhook").write_text("correct-horse-battery\n")
        port = find_free_port()
        table |= {
            "username: monitor": f"username: {account[0]}",
            "https://chat.example": chat.url,
            "/run/secrets/heartbeat": str(folder / "heartbeat"),
            "/run/secrets/webhook": str(folder / "webhook"),
            "/var/lib/waexporter": str(folder / "state"),
            "/etc/prometheus/waexporter/": f"{ROOT / 'alerts'}/",
            "127.0.0.1:9847": f"127.0.0.1:{port}",
            "port 9847": f"port {port}",
            "127.0.0.1:9093": f"127.0.0.1:{find_free_port()}",
        }
        yield Clients(simulated, Place(folder, table), chat, heartbeat)


@dataclass(frozen=True, slots=True)
class Stack:
    """All of the documents' paging, running."""

    clients: Clients
    exporter: Exporter
    manager: Alertmanager
    prometheus: Prometheus


@contextmanager
def paging(programs: Mapping[str, Path], found: Clients, document: Path) -> Iterator[Stack]:
    """Run waexporter, Alertmanager and Prometheus with the configurations of a document as they stand."""
    place = found.place
    listen = place.here("127.0.0.1:9847")
    # Each business has a group of its own; those of all simulated clients are called the same.
    text = re.sub(r'(?<=on_call_group: )"[^"]+"', f'"{GROUP}"', configuration(document, "targets"))
    text += f"web: {{listen: '{listen}'}}\n"
    with ExitStack() as stack:
        file = place.write("waexporter.yml", text)
        exporter = stack.enter_context(Exporter.run(file, f"--listen={listen}"))
        routes = yaml.safe_load(place.here(configuration(document, "route")))
        manager = stack.enter_context(
            Alertmanager(
                programs["prometheus-alertmanager"],
                place.folder / "alertmanager",
                routes,
                port=int(place.here("127.0.0.1:9093").rpartition(":")[2]),
            )
        )
        scrapes = yaml.safe_load(place.here(configuration(document, "scrape_configs")))
        prometheus = stack.enter_context(
            Prometheus(programs["prometheus"], place.folder / "prometheus", scrapes)
        )
        yield Stack(found, exporter, manager, prometheus)


def wait_until_heard(exporter: Exporter, *sources: str) -> None:
    """Wait until these watchdogs were heard: the silence of one grows until then."""
    before: dict[str, float] = {}
    heard: set[str] = set()

    def look() -> set[str]:
        for each in exporter.get("/api/v1/pages").json()["watchdogs"]:
            source, seconds = each["source"], each["silent_seconds"]
            heard.update({source} if seconds < before.get(source, 0.0) else ())
            before[source] = seconds
        return set(sources) - heard

    wait_for(look, until=lambda silent: not silent, deadline=90)


class Said(NamedTuple):
    """How a command ended, and all it wrote."""

    status: int
    output: str


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which waexporter and amtool are found."""
    tools = [str(Path(sys.executable).parent), str(parts.program(SUITE, "amtool").parent)]
    return clean_environment(PATH=os.pathsep.join([*tools, os.environ["PATH"]]), **more)


def run(command: str, place: Place) -> Said:
    """Run a command of the documents in the folder, by a shell, as a reader would."""
    done = subprocess.run(
        ["bash", "-c", place.here(command)],
        cwd=place.folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    return Said(done.returncode, place.there(done.stdout))


class Step(NamedTuple):
    """One command of a console block, and the output that stands below it."""

    command: str
    output: str


def steps(block: str) -> Sequence[Step]:
    """Split a console block into its commands, each with its output."""
    found = re.split(r"^ *\$ ", block, flags=re.MULTILINE)[1:]
    pairs = []
    for each in found:
        command, _, output = re.sub(r"\\\n *", "", each).partition("\n")
        pairs.append(Step(re.sub(r" {2,}# .*$", "", command), output))
    return pairs


# What differs from run to run: ids, links, numbers, lengths of names.
_VARIES = (
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"https://chat\.whatsapp\.com/[\w-]+", "LINK"),
    (r"\b[0-9]{1,2} [A-Z][a-z]{2} [0-9]{2}:[0-9]{2} UTC\b", "TIME"),
    (r"[0-9]+(?:\.[0-9]+)*", "0"),
    (r"\battempts\b", "attempt"),
    (r"[ \t]+", " "),
    (r"(?m)^Warning: --config\.file flag overrides .*\n", ""),  # of amtool, beside each answer
)


def shape(output: str) -> list[str]:
    """Return the lines of an output without what differs from run to run."""
    for pattern, word in _VARIES:
        output = re.sub(pattern, word, output)
    return [line.strip() for line in output.strip().splitlines()]


__all__ = ["MONITOR", "OWNER", "PROGRAMS", "SUITE", "Clients", "Place", "Said", "Step"]
