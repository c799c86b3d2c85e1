"""What holds for every target that does not say otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from tests.config.texts import load_text
from waexporter.config.fleet.defaults import DEFAULTS
from waexporter.config.targets import TARGET
from waexporter.errors import ConfigError
from waexporter.model import Credentials, Endpoint, PollPlan, ProxyAuth, Secret, Topology

if TYPE_CHECKING:
    from pathlib import Path

    from waexporter.model import Target

KEY = "an-api-key-of-24-letters"


def a_target(folder: Path, defaults: str, own: str = "") -> Target:
    text = f"defaults: {{{defaults}}}\ntargets: [{{url: 'https://wa.example'{own and ', '}{own}}}]\n"
    return load_text(folder, text).config.targets[0]


def problems(folder: Path, defaults: str, own: str = "") -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        a_target(folder, defaults, own)
    return caught.value.problems


def test_every_key_of_a_target_but_its_name_and_url_may_stand_in_defaults() -> None:
    assert {key.name for key in DEFAULTS.keys} == {key.name for key in TARGET.keys} - {"name", "url"}


def test_a_target_without_keys_has_all_defaults(tmp_path: Path) -> None:
    defaults = """topology: ha, on_call_group: 14155550100-1520000000, labels: {region: eu}, proxy_url: 'http://proxy:1',
      proxy_auth: {username: me, password: it}, canary_number: '+14155550100', poll: {db: off}"""

    found = a_target(tmp_path, defaults)

    assert (found.topology, found.on_call_group) == (Topology.HA, "14155550100-1520000000")
    assert found.labels == (("region", "eu"),)
    assert (found.proxy_url, found.proxy_auth) == ("http://proxy:1", ProxyAuth("me", Secret("it")))
    assert found.canary_number == "+14155550100"
    assert Endpoint.DB not in found.plans


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", Credentials(api_key=Secret(KEY))),
        ("auth: {username: me, password: it}", Credentials(username="me", password=Secret("it"))),
        ("auth: {bearer_token: abc}", Credentials(bearer_token=Secret("abc"))),
        ("auth: {}", Credentials()),
        ("auth: null", Credentials()),
    ],
)
def test_credentials_are_replaced_as_a_whole(tmp_path: Path, own: str, expected: Credentials) -> None:
    assert a_target(tmp_path, f"auth: {{api_key: {KEY}}}", own).auth == expected


def test_half_of_a_login_is_not_completed_by_defaults(tmp_path: Path) -> None:
    found = problems(tmp_path, "auth: {username: me, password: hunter2}", "auth: {username: other}")

    assert found == ("targets[0].auth.password: is required with username",)


def test_tls_is_merged_key_by_key_and_a_certificate_with_its_key(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(f"{tmp_path}/ca.pem")
    for name in ("a", "b"):
        issued = trustme.CA().issue_cert(f"{name}.example")
        issued.private_key_pem.write_to_path(f"{tmp_path}/{name}.key")
        issued.cert_chain_pems[0].write_to_path(f"{tmp_path}/{name}.pem")
    defaults = "tls: {ca_file: ca.pem, cert_file: a.pem, key_file: a.key, server_name: webapp}"

    plain = a_target(tmp_path, defaults).tls
    named = a_target(tmp_path, defaults, "tls: {server_name: other}").tls
    identified = a_target(tmp_path, defaults, "tls: {cert_file: b.pem, key_file: b.key}").tls
    back = a_target(tmp_path, defaults, "tls: null").tls

    assert (plain.ca_file, plain.cert_file, plain.server_name) == (
        f"{tmp_path}/ca.pem",
        f"{tmp_path}/a.pem",
        "webapp",
    )
    assert (named.server_name, named.authority, named.identity) == ("other", plain.authority, plain.identity)
    assert (identified.cert_file, identified.ca_file) == (f"{tmp_path}/b.pem", plain.ca_file)
    assert identified.identity != plain.identity
    assert (back.ca_file, back.cert_file, back.server_name) == (None, None, None)
    assert problems(tmp_path, defaults, "tls: {cert_file: b.pem}") == (
        "targets[0].tls.key_file: is required with cert_file",
    )


def test_labels_are_merged_and_a_target_s_own_have_priority(tmp_path: Path) -> None:
    found = a_target(tmp_path, "labels: {region: eu, line: a}", "labels: {line: b, tier: gold}")

    assert dict(found.labels) == {"region": "eu", "line": "b", "tier": "gold"}
    assert a_target(tmp_path, "labels: {region: eu}", "labels: null").labels == ()


def test_the_credentials_of_the_default_proxy_go_to_no_other_one(tmp_path: Path) -> None:
    defaults = "proxy_url: 'http://proxy:1', proxy_auth: {username: me, password: it}"

    other = a_target(tmp_path, defaults, "proxy_url: 'http://other:1'")
    none = a_target(tmp_path, defaults, "proxy_url: null")
    own = a_target(tmp_path, defaults, "proxy_auth: {username: us, password: ours}")

    assert (other.proxy_url, other.proxy_auth) == ("http://other:1", None)
    assert (none.proxy_url, none.proxy_auth) == (None, None)
    assert (own.proxy_url, own.proxy_auth) == ("http://proxy:1", ProxyAuth("us", Secret("ours")))


@pytest.mark.parametrize(
    ("common", "defaults", "own", "db"),
    [
        ("{}", "{}", "{}", PollPlan(300, 60)),
        ("{db: 10m}", "{db: 20m}", "{}", PollPlan(1200, 60)),
        ("{db: 10m}", "{db: {timeout: 30s}}", "{}", PollPlan(600, 30)),
        ("{db: {timeout: 90s}}", "{db: 20m}", "{db: 30m}", PollPlan(1800, 90)),
        ("{db: 10m}", "{db: off}", "{db: 1h}", PollPlan(3600, 60)),
    ],
)
def test_polls_are_merged_from_three_blocks(
    tmp_path: Path, common: str, defaults: str, own: str, db: PollPlan
) -> None:
    found = a_target(tmp_path, f"poll: {defaults}}}\npoll: {common}\nx-y: {{", f"poll: {own}")

    assert found.plans[Endpoint.DB] == db


def test_defaults_hold_in_files_with_paths_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "eu.yml").write_text("[{targets: [wa.example], labels: {region: eu}}]")
    (tmp_path / "key").write_text(KEY)

    text = (
        "targets_files: [targets/*.yml]\ndefaults: {auth: {api_key_file: key}, labels: {region: xx, line: a}}"
    )
    config, _ = load_text(tmp_path, text)

    assert config.targets[0].auth.api_key == Secret(KEY)
    assert dict(config.targets[0].labels) == {"region": "eu", "line": "a"}


@pytest.mark.parametrize(
    ("defaults", "own", "problem"),
    [
        ("auth: {username: me}", "", "defaults.auth.password: is required with username"),
        ("name: x", "", "defaults.name: unknown key"),
        ("url: 'https://x'", "", "defaults.url: unknown key"),
        ("shards: 3", "", "defaults.shards: must be one of 1, 2, 4, 8, 16 or 32"),
        ("labels: {job: x}", "", "defaults.labels.job: is reserved; use another name"),
        ("poll: {workers: 3}", "", "defaults.poll.workers: unknown key"),
        ("shards: 4, topology: ha", "", "defaults.shards: must be 1 when the topology is ha"),
        ("topology: ha", "shards: 4", "targets[0].shards: must be 1 when the topology is ha"),
        ("shards: 4", "topology: ha", "targets[0].topology: must not be ha when defaults.shards is not 1"),
        (
            "proxy_auth: {username: me, password: it}",
            "",
            "defaults.proxy_url: is required with proxy_auth",
        ),
        ("poll: {canary: 5m}", "", "targets[0].canary_number: is needed for poll.canary"),
    ],
)
def test_a_problem_stands_where_it_was_written(tmp_path: Path, defaults: str, own: str, problem: str) -> None:
    found = problems(tmp_path, defaults, own)

    assert len(found) == 1
    assert found[0].startswith(problem)
