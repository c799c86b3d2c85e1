"""The configuration in effect is printed as check-config does, once, and only if somebody asks."""

from __future__ import annotations

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
    assert "hunter2" not in status.text
    assert (status.file, status.loaded_at, status.notes, status.targets) == (
        "/etc/wa.yml", 100.0, ("a note",), 1,
    )  # fmt: skip


def test_it_is_printed_once_for_all_requests_and_again_only_after_a_change() -> None:
    dump = CountingDump()
    current = CurrentConfig(CONFIG, 100.0, dump=dump)
    with ThreadPoolExecutor(8) as pool:
        texts = {each.text for each in pool.map(lambda _: current.describe(), range(16))}
    assert (len(texts), dump.printed) == (1, [CONFIG])

    current.replace(Config((replace(ONE),)), 200.0, ())
    same = current.describe()
    changed = Config((ONE, Target("two", "http://two")))
    current.replace(changed, 300.0, ("another note",))
    other = current.describe()

    assert dump.printed == [CONFIG, changed]
    assert (same.loaded_at, other.loaded_at, other.notes) == (200.0, 300.0, ("another note",))
    assert [each["name"] for each in yaml.safe_load(other.text)["targets"]] == ["one", "two"]
