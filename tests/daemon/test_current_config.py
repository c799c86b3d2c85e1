"""The configuration in effect is printed as check-config does, once, and only if somebody asks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import yaml

from waexporter.config import dump_config
from waexporter.daemon.current_config import CurrentConfig
from waexporter.model import Config, Credentials, Secret, Target

ONE = Target("one", "http://one", auth=Credentials(username="u", password=Secret("hunter2")))
CONFIG = Config((ONE,))


class CountingDump:
    """Counts how often a configuration is printed."""

    def __init__(self) -> None:
        self.printed: list[Config] = []

    def __call__(self, config: Config) -> str:
        self.printed.append(config)
        return dump_config(config)


def test_it_is_described_as_check_config_prints_it_with_its_origin() -> None:
    current = CurrentConfig(CONFIG, 100.0, ("a note",), file="/etc/wa.yml")

    status = current.describe()

    assert status.text == dump_config(CONFIG)
    assert "hunter2" not in repr(status)
    assert (status.file, status.loaded_at, status.notes, status.targets) == (
        "/etc/wa.yml", 100.0, ("a note",), 1,
    )  # fmt: skip


def test_it_is_printed_once_for_all_requests_and_again_only_after_a_change() -> None:
    dump = CountingDump()
    current = CurrentConfig(CONFIG, 100.0, dump=dump)
    texts = {current.describe().text for _ in range(3)}
    assert (len(texts), dump.printed) == (1, [CONFIG])

    current.replace(Config((replace(ONE),)), 200.0, ())
    same = current.describe()
    changed = Config((ONE, Target("two", "http://two")))
    current.replace(changed, 300.0, ("another note",))
    other = current.describe()

    assert dump.printed == [CONFIG, changed]
    assert (same.loaded_at, other.loaded_at, other.notes) == (200.0, 300.0, ("another note",))
    assert [each["name"] for each in yaml.safe_load(other.text or "")["targets"]] == ["one", "two"]


def test_nobody_waits_for_long_while_another_request_makes_the_text() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def dump(config: Config) -> str:
        begun.set()
        assert go_on.wait(60)
        return dump_config(config)

    current = CurrentConfig(CONFIG, 100.0, dump=dump)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(current.describe)
        assert begun.wait(60)
        second = current.describe()
        go_on.set()

    assert second.text is None
    assert first.result().text == current.describe().text == dump_config(CONFIG)
