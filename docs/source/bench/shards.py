"""A fleet that several daemons share: how soon it starts, what it costs, and what a change costs."""

from __future__ import annotations

import json
import re
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docs.source.bench.network import (
    WAEXPORTER,
    measure_memory,
    measure_processor,
    run_process,
    scrape,
    upstream,
)
from tests.real.network import find_free_port
from waexporter.config import DEFAULT_PLANS
from waexporter.model import Endpoint
from waexporter.model.rendezvous import find_shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENDPOINTS = (Endpoint.HEALTH, Endpoint.APP, Endpoint.WEB, Endpoint.DB)
_SHARDS = 4
_PER_FILE = 100  # targets
_CHANGED = 100  # one in so many targets is changed by the reload
_SCRAPE_INTERVAL = 15.0  # seconds
_PATIENCE = 300.0  # seconds until every target has been polled


@dataclass(frozen=True, slots=True)
class _Size:
    targets: int
    settling: float  # seconds until the layout of every page has been made
    seconds: float  # of the steady state


_FULL, _SMALL = _Size(5000, 60.0, 120.0), _Size(400, 20.0, 30.0)


@dataclass(frozen=True, slots=True)
class _Daemon:
    """One running shard."""

    process_id: int
    port: int
    began: float  # time.monotonic
    first: float  # seconds until its first page


def shard_figures(*, is_small: bool = False, rarity: int = 1) -> list[str]:
    """Measure four daemons that share a fleet, whose targets stand in files.

    `rarity` is how many times rarer than by default they poll.
    """
    size = _SMALL if is_small else _FULL
    names = [f"client-{number:05}" for number in range(size.targets)]
    often = "the default intervals" if rarity == 1 else f"polled {rarity} times rarer than by default"
    lines = [f"{size.targets} targets in {-(-size.targets // _PER_FILE)} files, {_SHARDS} shards, {often}"]
    with ExitStack() as stack:
        url = stack.enter_context(upstream())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _write_config(folder, rarity)
        _write_targets(folder, names, url, changed=0)
        daemons = _start(stack, folder)
        ready = [_wait_until_ready(daemon) for daemon in daemons]
        firsts = ", ".join(f"{daemon.first:.1f}" for daemon in daemons)
        lines += [
            f"  first /metrics, all four started together: after {firsts} s",
            f"  ready, each target polled: after {', '.join(f'{seconds:.0f}' for seconds in ready)} s",
        ]
        time.sleep(size.settling)
        lines += _steady_figures(daemons, size)
        lines += _reload_figures(daemons, folder, names, url)
        threads = [len(list(Path(f"/proc/{daemon.process_id}/task").iterdir())) for daemon in daemons]
        lines.append(f"  threads: {', '.join(map(str, threads))}")
    return lines + list(_move_figures(names))


def _write_config(folder: Path, rarity: int) -> None:
    intervals = {name: f"{round(DEFAULT_PLANS[name].interval * rarity)}s" for name in _ENDPOINTS}
    others = {name: "off" for name in DEFAULT_PLANS if name not in _ENDPOINTS}
    config = {"targets_files": ["targets/*.json"], "poll": intervals | others, "log": {"level": "error"}}
    (folder / "waexporter.yml").write_text(json.dumps(config))


def _write_targets(folder: Path, names: list[str], url: str, changed: int) -> None:
    """Write the lists of targets; every hundredth one has a label that says `changed`."""
    (folder / "targets").mkdir(exist_ok=True)
    for start in range(0, len(names), _PER_FILE):
        targets = [
            {"name": name, "url": url, "labels": {"batch": str(changed if index % _CHANGED == 0 else 0)}}
            for index, name in enumerate(names[start : start + _PER_FILE], start)
        ]
        (folder / "targets" / f"{start:05}.json").write_text(json.dumps(targets))


def _start(stack: ExitStack, folder: Path) -> list[_Daemon]:
    """Start all shards at the same time."""
    ports = [find_free_port() for _ in range(_SHARDS)]
    began = time.monotonic()
    starts = []
    for index, port in enumerate(ports):
        command = [*WAEXPORTER, "run", "--config", str(folder / "waexporter.yml"), "--no-watch"]
        command += ["--shard", f"{index}/{_SHARDS}", "--listen", f"127.0.0.1:{port}"]
        starts.append(run_process(command, port, path=None))
    entered = [stack.enter_context(start) for start in starts]
    waiting = dict(zip(ports, (process_id for process_id, _ in entered), strict=True))
    daemons = {}
    while waiting:
        for port, process_id in list(waiting.items()):
            try:
                scrape(port)
            except OSError:
                continue
            daemons[port] = _Daemon(process_id, port, began, time.monotonic() - began)
            del waiting[port]
        assert time.monotonic() - began < _PATIENCE, "a shard does not start"
        time.sleep(0.01)
    return [daemons[port] for port in ports]


def _wait_until_ready(daemon: _Daemon) -> float:
    while time.monotonic() - daemon.began < _PATIENCE:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}/-/ready", timeout=60).close()
        except urllib.error.HTTPError:
            time.sleep(0.2)
        else:
            return time.monotonic() - daemon.began
    raise TimeoutError(daemon.port)


# --- figures -----------------------------------------------------------------------------------


def _steady_figures(daemons: list[_Daemon], size: _Size) -> list[str]:
    before = [_Counters.of(daemon) for daemon in daemons]
    began = time.monotonic()
    while time.monotonic() - began < size.seconds:
        time.sleep(_SCRAPE_INTERVAL)
        for daemon in daemons:
            scrape(daemon.port)
    after = [_Counters.of(daemon) for daemon in daemons]
    lines = []
    for index, (daemon, old, new) in enumerate(zip(daemons, before, after, strict=True)):
        seconds = new.at - old.at
        lines.append(
            f"  shard {index}: {new.targets} targets, {measure_memory(daemon.process_id):.0f} MiB, "
            f"{(new.processor - old.processor) / seconds * 100:.0f} % of one core, "
            f"{(new.polls - old.polls) / seconds:.0f} polls a second, {new.missed_since(old):.0f} missed, "
            f"p99 lateness at most {new.lateness_since(old):g} s"
        )
    return lines


def _reload_figures(daemons: list[_Daemon], folder: Path, names: list[str], url: str) -> list[str]:
    _write_targets(folder, names, url, changed=1)
    before = [_Counters.of(daemon) for daemon in daemons]
    changed, kept, times = 0, 0, []
    for daemon in daemons:
        began = time.monotonic()
        request = urllib.request.Request(f"http://127.0.0.1:{daemon.port}/-/reload", method="POST")
        request.add_header("Accept", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            document = json.load(answer)
        times.append(time.monotonic() - began)
        changed += len(document["changed"])
        kept += document["kept"]
    time.sleep(_SCRAPE_INTERVAL * 2)
    after = [_Counters.of(daemon) for daemon in daemons]
    late = max(new.lateness_since(old) for old, new in zip(before, after, strict=True))
    missed = sum(new.missed_since(old) for old, new in zip(before, after, strict=True))
    took = ", ".join(f"{seconds:.1f}" for seconds in times)
    return [
        f"  a reload that changes {changed} targets, one shard after the other: {took} s; {kept} are kept",
        f"    in the half minute from then on: {missed:.0f} polls missed, p99 lateness at most {late:g} s",
    ]


def _move_figures(names: list[str]) -> Iterator[str]:
    """Yield how many targets move if a shard is added."""
    for count in (4, 8):
        moved = sum(find_shard(name, count) != find_shard(name, count + 1) for name in names)
        share = moved / len(names) * 100
        fair = 100 / (count + 1)
        yield f"  from {count} shards to {count + 1}: {moved} targets move, {share:.1f} % (fair {fair:.0f} %)"


@dataclass(frozen=True, slots=True)
class _Counters:
    """What a shard has counted so far."""

    at: float  # time.monotonic
    processor: float  # seconds
    polls: float
    missed: Mapping[str, float]  # by the labels
    targets: int
    buckets: tuple[tuple[float, float], ...]  # (upper bound, polls) of the lateness

    @classmethod
    def of(cls, daemon: _Daemon) -> _Counters:
        with urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        found = re.findall(
            r'^waexporter_poll_lateness_seconds_bucket\{le="([^"]+)"\} (\S+)', text, re.MULTILINE
        )
        buckets = tuple((float(bound), float(polls)) for bound, polls in found)
        missed = re.findall(r"^waexporter_polls_missed_total(\{.*\}) (\S+)$", text, re.MULTILINE)
        targets = len(re.findall(r"^whatsapp_verdict\{.*,?verdict=\"ok\"", text, re.MULTILINE))
        processor = measure_processor(daemon.process_id)
        polls = buckets[-1][1]
        return cls(
            time.monotonic(),
            processor,
            polls,
            {labels: float(value) for labels, value in missed},
            targets,
            buckets,
        )

    def missed_since(self, before: _Counters) -> float:
        """Return how many polls were missed; the counter of a target that has changed begins again."""
        pairs = [(before.missed.get(labels, 0.0), value) for labels, value in self.missed.items()]
        return sum(value - old if value >= old else value for old, value in pairs)

    def lateness_since(self, before: _Counters) -> float:
        """Return the upper bound of the bucket with the 99th percentile of the lateness since then."""
        total = self.polls - before.polls
        pairs = zip(self.buckets, before.buckets, strict=True)
        return next(bound for (bound, new), (_, old) in pairs if new - old >= 0.99 * total)
