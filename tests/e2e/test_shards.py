"""Two daemons share a fleet that is listed in files; each polls its own part of it."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from tests.e2e.exporters import EVERY_SECOND, Exporter, write_config
from tests.e2e.waiting import wait_for
from waexporter.model.rendezvous import find_shard

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Simulate

NAMES = [f"line-{number}" for number in range(6)]
OWN = [[name for name in NAMES if find_shard(name, 2) == index] for index in range(2)]


def test_two_daemons_share_the_targets_of_a_folder_and_follow_its_files(
    simulate: Simulate, tmp_path: Path
) -> None:
    client = simulate()
    entry = client.target("any")
    shared = {key: value for key, value in entry.items() if key in {"auth", "tls"}}
    folder = tmp_path / "targets"
    folder.mkdir()
    groups = [{"targets": [entry["url"]], "labels": {"target": name, "region": "eu"}} for name in NAMES[:-1]]
    (folder / "eu.json").write_text(json.dumps(groups))
    settings = {"targets_files": ["targets/*.json"], "defaults": shared, "poll": EVERY_SECOND}
    file = write_config(tmp_path, {**settings, "log": {"format": "json"}})

    with Exporter.run(file, "--shard", "0/2") as first, Exporter.run(file, "--shard", "1/2") as second:
        both = (first, second)
        for shard, names in zip(both, OWN, strict=True):
            shard.wait_until_ok(*(name for name in names if name in NAMES[:-1]))
        stranger = first.http.get("/probe", params={"target": OWN[1][0]})
        (folder / "us.json").write_text(json.dumps([{"name": NAMES[-1], "url": entry["url"]}]))
        for shard in both:
            os.kill(shard.process.pid, signal.SIGHUP)
        wait_for(
            lambda: [sorted(shard.targets()) for shard in both],
            until=lambda polled: polled == OWN,
            deadline=60,
        )
        labels = [has for shard in both for has, _ in shard.page().find("waexporter_shard_info")]

    assert (stranger.status_code, stranger.text) == (
        404,
        f"The target '{OWN[1][0]}' is polled by shard 1/2; this is shard 0/2.\n",
    )
    assert [(each["shard"], each["shards"]) for each in labels] == [("0", "2"), ("1", "2")]
