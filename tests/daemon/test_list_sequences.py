"""Whatever a file and a published list become, in any order: what counts is the last good one of each."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.receivers import receiving
from tests.running.examples import examples
from waexporter.config import load
from waexporter.daemon.config_source import ConfigSource
from waexporter.daemon.current_config import CurrentConfig
from waexporter.daemon.reloader import ReloadedParts, Reloader
from waexporter.daemon.target_discovery import TargetDiscovery
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import Instant, ReloadCause
from waexporter.transport.tls import TlsContexts
from waexporter.web.security.current_security import CurrentSecurity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.config import ConfigDiff, LoadedConfig, Stamps
    from waexporter.daemon.fleet import Fleet
    from waexporter.model import Config
    from waexporter.web.backend import ReloadResult
    from waexporter.whatsapp.client import Client

NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=4).map(tuple)
FILES = st.tuples(st.just("file"), st.one_of(NAMES, st.none()))  # None: with a mistake
LISTS = st.tuples(
    st.just("list"), st.one_of(NAMES, st.sampled_from(["html", "truncated", "duplicate", "503", "empty"]))
)
STEPS = st.lists(st.one_of(FILES, LISTS), max_size=12)
BAD = {
    "html": b"<!doctype html><p>Log in",
    "truncated": b'[{"url": "https://a.exam',
    "duplicate": b'[{"name": "x", "url": "https://x.example"}, {"name": "x", "url": "https://y.example"}]',
    "503": b"",
    "empty": b"",
}


class FakeFleet:
    """Remembers whom it polls."""

    names: tuple[str, ...] = ()

    def make_clients(self, config: Config, names: Iterable[str]) -> dict[str, Client]:
        assert {target.name for target in config.targets} >= set(names)
        return {}

    def reconfigure(self, config: Config, difference: ConfigDiff, clients: Mapping[str, Client]) -> None:
        assert clients == {}
        self.names = tuple(target.name for target in config.targets)
        assert set(difference.kept) | set(difference.to_start) == set(self.names)


def entries(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": name, "url": f"https://{name}.example"} for name in names]


class World:
    """A file, a server with a list, and the parts of a daemon that follow both."""

    def __init__(self, folder: Path, place: str) -> None:
        self.file = folder / "waexporter.yml"
        self.url = f"http://{place}/"
        self.write(())
        config = self.load({}, None).config
        telemetry, self.fleet = Telemetry(), FakeFleet()
        self.discovery = TargetDiscovery(TlsContexts(), telemetry, lambda: Instant(1.7e9, 5.0))
        self.discovery.apply(config, self.discovery.prepare(config), None)
        parts = ReloadedParts(
            cast("Fleet", self.fleet), None, CurrentSecurity(), self.discovery, CurrentConfig(config, 0.0)
        )
        self.reloader = Reloader(
            config, ConfigSource(self.load, {}), parts, (telemetry, lambda: Instant(1.7e9, 5.0))
        )
        self.reloads: list[ReloadCause] = []
        self.discovery._reload = self.reload

    def write(self, names: tuple[str, ...] | None) -> None:
        targets = [{"url": "nowhere"}] if names is None else entries(names)
        document = {"http_sd_url": self.url} | ({"targets": targets} if targets else {})
        self.file.write_text(json.dumps(document))

    def load(self, stamps: Stamps, discovered: str | None) -> LoadedConfig:
        return load(str(self.file), {}, stamps, discovered=discovered)

    def reload(self, cause: ReloadCause) -> ReloadResult:
        self.reloads.append(cause)
        return self.reloader.reload(cause)

    def is_valid(self, names: tuple[str, ...], listed: tuple[str, ...]) -> bool:
        return not set(names) & set(listed)


@example(steps=[("list", ("b", "a")), ("file", ("a",)), ("list", ("b", "a"))])
@settings(max_examples=examples(60), deadline=None)
@given(steps=STEPS)
def test_after_any_sequence_the_last_good_file_and_the_last_good_list_count(
    steps: list[tuple[str, tuple[str, ...] | str | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, receiving() as receiver:
        world = World(Path(folder), receiver.place)
        # What is on disk, what is in effect of it, and what is in effect of the list.
        on_disk: tuple[str, ...] | None = ()
        in_effect: tuple[str, ...] = ()
        listed: tuple[str, ...] = ()
        for kind, what in steps:
            if kind == "file":
                on_disk = what if isinstance(what, tuple) else None
                world.write(on_disk)
                done = world.reloader.reload(ReloadCause.FILE)
                is_good = on_disk is not None and world.is_valid(on_disk, listed)
                assert bool(done.problems) != is_good
                in_effect = on_disk if is_good and on_disk is not None else in_effect
            else:
                is_list = isinstance(what, tuple)
                receiver.answer = json.dumps(entries(what or ())).encode() if is_list else BAD[str(what)]
                receiver.status = 503 if what == "503" else 200
                reloads = len(world.reloads)
                world.discovery.step()
                # For a list that is in effect already, the file is not read again.
                is_read = len(world.reloads) > reloads
                assert is_read or not isinstance(what, tuple) or what == listed
                is_good = on_disk is not None and isinstance(what, tuple) and world.is_valid(on_disk, what)
                if is_read and is_good and isinstance(what, tuple) and on_disk is not None:
                    listed, in_effect = what, on_disk
            assert world.fleet.names == (*in_effect, *listed)
