"""Good configuration files and their effective configurations."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import trustme
import yaml

from tests.config.texts import load_text
from waexporter.config import DEFAULT_PLANS, dump_config
from waexporter.errors import ConfigError
from waexporter.model import (
    Config,
    Credentials,
    Endpoint,
    Limits,
    LogSettings,
    PollPlan,
    Secret,
    Target,
    Tls,
    Topology,
    WebSettings,
)

TOO_OFTEN = "is more often than the API's limit of 10 polls a minute; expect refused polls"
_FILES = Path(__file__).parent / "bad_configs" / "files"
_CERT, _KEY = _FILES / "client.pem", _FILES / "client.key.pem"
FULL = """
targets:
  - name: support-line
    url: https://wa.example:9090/gateway/v1/
    auth: {api_key_file: key, username: monitor, password_file: password}
    tls: {ca_file: ca.pem, server_name: wa.example, insecure_skip_verify: false}
    proxy_url: http://proxy:3128/
    topology: multiconnect
    shards: 4
    on_call_group: "14155550100-1520000000"
    canary_number: "+14155550100"
    labels: {region: eu, country: "no"}
    poll: {db: off, web: {timeout: 3s}, canary: 5m, stale_after: 2.5}
poll:
  health: 20s
  app: {interval: 1m, timeout: 5s}
  timeout: 8s
  stale_after: 4
  workers: 12
limits: {body_bytes: 1MiB, samples_per_endpoint: 500, label_sets_per_family: 50}
web: {listen: "[::1]:9999"}
log: {level: debug, format: console}
"""


def plans(folder: Path, poll: str, own: str = "{}") -> dict[Endpoint, PollPlan]:
    text = f"targets: [{{url: 'https://wa.example', poll: {own}}}]\npoll: {poll}\n"
    return dict(load_text(folder, text).config.targets[0].plans)


def test_an_authority_that_was_replaced_in_its_file_is_another_one(tmp_path: Path) -> None:
    text, seen = "targets: [{url: 'https://wa.example', tls: {ca_file: ca.pem}}]", []
    for authority in (trustme.CA(), trustme.CA()):
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        seen += [load_text(tmp_path, text).config.targets[0] for _ in range(2)]

    assert seen[0] == seen[1] != seen[2] == seen[3]


def target(folder: Path, rest: str) -> Target:
    return load_text(folder, f"targets:\n  - url: https://wa.example\n    {rest}\n").config.targets[0]


def test_every_key_of_the_file_arrives_in_the_configuration(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "key").write_text("twelve-chars\n")
    (tmp_path / "password").write_text(" with blanks \r\n")

    config, notes = load_text(tmp_path, FULL)

    digest = hashlib.sha256((tmp_path / "ca.pem").read_bytes()).digest()
    held = f"what {tmp_path}/password holds begins or ends with white space, which is kept: is it meant?"
    assert notes == (f"targets[0].auth.password_file: {held}",)
    assert config == Config(
        targets=(
            Target(
                name="support-line",
                url="https://wa.example:9090/gateway",
                auth=Credentials(Secret("twelve-chars"), "monitor", Secret(" with blanks ")),
                tls=Tls(ca_file=f"{tmp_path}/ca.pem", server_name="wa.example", authority=digest),
                proxy_url="http://proxy:3128",
                topology=Topology.MULTICONNECT,
                shards=4,
                on_call_group="14155550100-1520000000",
                canary_number="+14155550100",
                labels=(("country", "no"), ("region", "eu")),
                plans={
                    Endpoint.HEALTH: PollPlan(20, 8),
                    Endpoint.APP: PollPlan(60, 5),
                    Endpoint.WEB: PollPlan(15, 3),
                    Endpoint.SUPPORT: PollPlan(300, 60),
                    Endpoint.SETTINGS: PollPlan(300, 8),
                    Endpoint.CERTIFICATES: PollPlan(3600, 8),
                    Endpoint.GROUP: PollPlan(300, 8),
                    Endpoint.CANARY: PollPlan(300, 8),
                },
                stale_after=2.5,
            ),
        ),
        limits=Limits(1024**2, 500, 50),
        web=WebSettings("::1", 9999),
        log=LogSettings("debug", "console"),
        workers=12,
    )


def test_one_url_is_enough(tmp_path: Path) -> None:
    config = load_text(tmp_path, "targets: [{url: 'https://wa.example:9090'}]").config

    assert config == Config(
        targets=(Target(name="wa.example:9090", url="https://wa.example:9090", plans=dict(DEFAULT_PLANS)),)
    )


def test_empty_blocks_mean_their_defaults(tmp_path: Path) -> None:
    text = "targets:\n  - url: https://wa.example\n    auth:\n    labels:\npoll:\nlimits:\nweb:\nlog:\n"

    config = load_text(tmp_path, text).config

    assert config == load_text(tmp_path, "targets: [{url: 'https://wa.example'}]").config


def test_targets_may_share_a_block_by_an_anchor(tmp_path: Path) -> None:
    text = """
targets:
  - {url: "https://a.example", poll: &calm {health: 1m, app: 1m}}
  - {url: "https://b.example", poll: {<<: *calm, app: off}}
"""

    first, second = load_text(tmp_path, text).config.targets

    assert first.plans[Endpoint.HEALTH] == second.plans[Endpoint.HEALTH] == PollPlan(60, 10)
    assert Endpoint.APP in first.plans
    assert Endpoint.APP not in second.plans


@pytest.mark.parametrize(
    ("url", "kept", "name"),
    [
        ("https://wa.example", "https://wa.example", "wa.example:443"),
        ("http://wa.example", "http://wa.example", "wa.example:80"),
        ("HTTPS://WA.example:9090/", "https://WA.example:9090", "wa.example:9090"),
        ("https://wa.example/v1", "https://wa.example", "wa.example:443"),
        ("https://wa.example/prefix/v1/", "https://wa.example/prefix", "wa.example:443"),
        ("https://wa.example/v10", "https://wa.example/v10", "wa.example:443"),
        ("https://[::1]:9090", "https://[::1]:9090", "[::1]:9090"),
        ("https://wa_web_1", "https://wa_web_1", "wa_web_1:443"),
    ],
)
def test_an_address_loses_what_the_program_adds_and_gives_the_default_name(
    tmp_path: Path, url: str, kept: str, name: str
) -> None:
    config = load_text(tmp_path, f"targets: [{{url: '{url}'}}]").config

    assert (config.targets[0].url, config.targets[0].name) == (kept, name)


_CUT = "at its end is a path of the API, and is left out"
_IN_DOUBT = "part of the webapp's address? /v1 is added behind it"


@pytest.mark.parametrize(
    ("path", "kept", "cut"),
    [
        ("/v1/health", "", "/v1/health"),
        ("/v1/users/login", "", "/v1/users/login"),
        ("/v1/metrics/", "", "/v1/metrics"),
        ("/v1/messages", "", "/v1/messages"),
        ("/v1/stats/app", "", "/v1/stats/app"),
        ("/v1/settings/application", "", "/v1/settings/application"),
        ("/v1/certificates/external/ca", "", "/v1/certificates/external/ca"),
        ("/v1/stickerpacks", "", "/v1/stickerpacks"),
        ("/gateway/v1/health", "/gateway", "/v1/health"),
        ("/v1/clientA/v1/health", "/v1/clientA", "/v1/health"),
        # otherwise written
        ("/V1/health", "", "/V1/health"),
        ("/v1/Health", "", "/v1/Health"),
        ("//v1//health", "", "//v1//health"),
        ("/%76%31/h%65alth", "", "/%76%31/h%65alth"),
        ("/Gate%2Fway//a/v1/health/", "/Gate%2Fway//a", "/v1/health"),
        ("/V1", "", ""),
        ("//%761//", "", ""),
        ("/v1%2Fhealth", "/v1%2Fhealth", ""),
        # a gateway's own prefix
        ("/v1/clientA", "/v1/clientA", ""),
        ("/v1/clientA/v1", "/v1/clientA", ""),
        ("/v1/healthy", "/v1/healthy", ""),
        ("/v2/health", "/v2/health", ""),
        ("/v1/health/v1", "/v1/health", ""),
    ],
)
def test_a_path_of_the_api_is_cut_off_the_address_with_a_note(
    tmp_path: Path, path: str, kept: str, cut: str
) -> None:
    config, notes = load_text(tmp_path, f"targets: [{{url: 'https://wa.example{path}'}}]")

    assert config.targets[0].url == f"https://wa.example{kept}"
    assert notes == ((f"targets[0].url: {cut} {_CUT}",) if cut else ())


@pytest.mark.parametrize(
    "path", ["/health", "/metrics", "/Metrics/", "/healthz", "/v1/healthz", "/v1/version", "//v1//version"]
)
def test_a_path_that_looks_like_no_address_of_a_client_is_kept_with_a_question(
    tmp_path: Path, path: str
) -> None:
    config, notes = load_text(tmp_path, f"targets: [{{url: 'https://wa.example{path}'}}]")

    kept = path.rstrip("/")
    assert config.targets[0].url == f"https://wa.example{kept}"
    assert notes == (f"targets[0].url: is {kept} {_IN_DOUBT}",)


@pytest.mark.parametrize("host", [f"{'a' * 63}.example", "wa.example.", "a-b.c_d", "xn--bcher-kva.example"])
def test_a_host_may_be_as_long_and_odd_as_names_are(tmp_path: Path, host: str) -> None:
    assert (
        load_text(tmp_path, f"targets: [{{url: 'https://{host}'}}]").config.targets[0].url
        == f"https://{host}"
    )


def _write_identity(folder: Path) -> bytes:
    """Write c.pem and k.pem; return the digest of both."""
    issued = trustme.CA().issue_cert("client.example")
    issued.private_key_pem.write_to_path(str(folder / "k.pem"))
    (folder / "c.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    return b"".join(hashlib.sha256((folder / name).read_bytes()).digest() for name in ("c.pem", "k.pem"))


def test_a_certificate_for_the_target_comes_with_its_key_and_a_digest_of_both(tmp_path: Path) -> None:
    digest = _write_identity(tmp_path)

    tls = target(tmp_path, "tls: {cert_file: c.pem, key_file: k.pem}").tls

    assert tls == Tls(cert_file=f"{tmp_path}/c.pem", key_file=f"{tmp_path}/k.pem", identity=digest)


def test_a_certificate_that_was_replaced_in_its_files_is_another_one(tmp_path: Path) -> None:
    seen = []

    for _ in range(2):
        _write_identity(tmp_path)
        seen.append(target(tmp_path, "tls: {cert_file: c.pem, key_file: k.pem}"))

    assert seen[0] != seen[1]


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("{bearer_token: x}", Credentials(bearer_token=Secret("x"))),
        ("{bearer_token_file: token}", Credentials(bearer_token=Secret("a.b-c"))),
        (
            "{header: D360-API-KEY, api_key: short}",
            Credentials(api_key=Secret("short"), header="D360-API-KEY"),
        ),
        ("{header: X-Key, api_key_file: token}", Credentials(api_key=Secret("a.b-c"), header="X-Key")),
    ],
)
def test_tokens_and_keys_in_a_header_of_their_own_are_read(
    tmp_path: Path, auth: str, expected: Credentials
) -> None:
    (tmp_path / "token").write_text("a.b-c\n")

    assert target(tmp_path, f"auth: {auth}").auth == expected


def test_the_effective_configuration_has_proxies_and_tokens_without_their_secrets(tmp_path: Path) -> None:
    _write_identity(tmp_path)
    text = """
targets:
  - url: https://a.example
    auth: {bearer_token: hunter2}
    tls: {cert_file: c.pem, key_file: k.pem}
    proxy_url: http://proxy:3128
    proxy_auth: {username: me, password: hunter2}
  - url: https://b.example
    auth: {header: D360-API-KEY, api_key: hunter2}
"""

    printed = dump_config(load_text(tmp_path, text).config)

    first, second = yaml.safe_load(printed)["targets"]
    assert "hunter2" not in printed
    assert first["auth"] == {"bearer_token": "<secret>"}
    assert first["tls"] == {
        "cert_file": f"{tmp_path}/c.pem",
        "key_file": f"{tmp_path}/k.pem",
        "insecure_skip_verify": False,
    }
    assert first["proxy_auth"] == {"username": "me", "password": "<secret>"}
    assert second["auth"] == {"api_key": "<secret>", "header": "D360-API-KEY"}


@pytest.mark.parametrize("off", ["off", "'off'", "false", "{interval: off}"])
def test_an_endpoint_can_be_switched_off_in_every_spelling_of_yaml(tmp_path: Path, off: str) -> None:
    assert set(plans(tmp_path, f"{{db: {off}}}")) == set(DEFAULT_PLANS) - {Endpoint.DB}


@pytest.mark.parametrize(
    ("common", "own", "db", "app"),
    [
        ("{}", "{}", PollPlan(300, 60), PollPlan(15, 10)),
        ("{timeout: 5s}", "{}", PollPlan(300, 60), PollPlan(15, 5)),
        ("{timeout: 5s}", "{timeout: 7s}", PollPlan(300, 60), PollPlan(15, 7)),
        ("{db: {timeout: 90s}}", "{timeout: 7s}", PollPlan(300, 90), PollPlan(15, 7)),
        ("{db: {timeout: 90s}}", "{db: 10m}", PollPlan(600, 90), PollPlan(15, 10)),
        ("{db: 10m}", "{db: {timeout: 30s}}", PollPlan(600, 30), PollPlan(15, 10)),
        ("{db: off}", "{db: 1h}", PollPlan(3600, 60), PollPlan(15, 10)),
        ("{app: {timeout: 3s}}", "{timeout: 7s}", PollPlan(300, 60), PollPlan(15, 3)),
        ("{app: {timeout: 3s}}", "{app: {timeout: 4s}}", PollPlan(300, 60), PollPlan(15, 4)),
        ("{app: 1m}", "{app: {interval: 30s, timeout: 40s}}", PollPlan(300, 60), PollPlan(30, 40)),
    ],
)
def test_a_target_overrides_the_common_block_field_by_field(
    tmp_path: Path, common: str, own: str, db: PollPlan, app: PollPlan
) -> None:
    found = plans(tmp_path, common, own)

    assert (found[Endpoint.DB], found[Endpoint.APP]) == (db, app)


def test_a_timeout_alone_does_not_switch_an_endpoint_on(tmp_path: Path) -> None:
    assert Endpoint.DB not in plans(tmp_path, "{db: off}", "{db: {timeout: 30s}}")


def test_every_endpoint_is_a_key_of_poll(tmp_path: Path) -> None:
    block = ", ".join(f"{endpoint}: 67s" for endpoint in Endpoint)
    text = "targets: [{url: 'https://wa.example', canary_number: '+14155550100'}]\n"

    found = load_text(tmp_path, f"{text}poll: {{{block}}}\n").config.targets[0].plans

    assert {endpoint: plan.interval for endpoint, plan in found.items()} == dict.fromkeys(Endpoint, 67.0)


@pytest.mark.parametrize("rest", ["topology: auto", "topology: auto\n    shards: 1"])
def test_auto_leaves_the_topology_to_be_found_out(tmp_path: Path, rest: str) -> None:
    assert target(tmp_path, rest).topology is None


def test_a_secret_file_loses_one_newline_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pass word ")

    auth = target(tmp_path, "auth: {username: me, password_file: password}").auth

    assert auth.password == Secret("pass word ")


def test_a_secret_file_of_two_newlines_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("password\n\n")

    with pytest.raises(ConfigError) as caught:
        target(tmp_path, "auth: {username: me, password_file: password}")

    assert "line breaks" in caught.value.problems[0]


def test_an_absolute_path_is_left_alone(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    assert target(tmp_path, f"tls: {{ca_file: '{tmp_path}/ca.pem'}}").tls.ca_file == f"{tmp_path}/ca.pem"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            "targets: [{url: 'https://wa.example'}]\npoll: {health: 5s}",
            f"poll.health: {TOO_OFTEN}",
        ),
        (
            "targets: [{url: 'https://wa.example', poll: {health: {interval: 5s}}}]",
            f"targets[0].poll.health: {TOO_OFTEN}",
        ),
        (
            "targets: [{url: 'http://wa.example', auth: {api_key: hunter2hunter2}}]",
            "targets[0].url: http:// carries the credentials in the clear",
        ),
        (
            "targets: [{url: 'https://wa.example', canary_number: '+14155550100'}]",
            "targets[0].canary_number: is not used, because poll.canary is off",
        ),
        (
            f"targets: [{{url: 'http://wa.example', tls: {{cert_file: {_CERT}, key_file: {_KEY}}}}}]",
            "targets[0].tls: cert_file is not used, because the url begins with http://",
        ),
    ],
)
def test_unwise_values_are_noted_and_no_problem(tmp_path: Path, text: str, note: str) -> None:
    assert load_text(tmp_path, text).notes == (note,)


def test_the_effective_configuration_reads_as_written_here(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "key").write_text("hunter2-the-key")
    (tmp_path / "password").write_text("hunter2")

    printed = dump_config(load_text(tmp_path, FULL).config)

    assert printed == (
        f"""\
targets:
- name: support-line
  url: https://wa.example:9090/gateway
  auth:
    api_key: <secret>
    username: monitor
    password: <secret>
  tls:
    ca_file: {tmp_path}/ca.pem
    server_name: wa.example
    insecure_skip_verify: false
  proxy_url: http://proxy:3128
  topology: multiconnect
  shards: 4
  on_call_group: 14155550100-1520000000
  canary_number: '+14155550100'
  labels:
    country: 'no'
    region: eu
  poll:
    health:
      interval: 20s
      timeout: 8s
    app:
      interval: 1m
      timeout: 5s
    web:
      interval: 15s
      timeout: 3s
    db: off
    support:
      interval: 5m
      timeout: 1m
    settings:
      interval: 5m
      timeout: 8s
    certificates:
      interval: 1h
      timeout: 8s
    group:
      interval: 5m
      timeout: 8s
    canary:
      interval: 5m
      timeout: 8s
    stale_after: 2.5
poll:
  workers: 12
limits:
  body_bytes: 1MiB
  samples_per_endpoint: 500
  label_sets_per_family: 50
web:
  listen: '[::1]:9999'
  max_connections: 256
log:
  level: debug
  format: console
"""
    )


def test_the_effective_configuration_without_secrets_reads_back_as_itself(tmp_path: Path) -> None:
    text = """
targets:
  - {url: "https://a.example", topology: ha, labels: {region: eü}, poll: {db: off, app: 1h30m500ms}}
  - {url: "http://[::1]:80/x", name: "yes", poll: {timeout: 250ms, stale_after: 3}}
limits: {body_bytes: 1000001}
web: {listen: ":0"}
"""

    first = load_text(tmp_path, text).config
    second = load_text(tmp_path, dump_config(first)).config

    assert second == first
    assert dump_config(second) == dump_config(first)


def test_the_effective_configuration_is_yaml_with_every_endpoint(tmp_path: Path) -> None:
    document = yaml.safe_load(
        dump_config(load_text(tmp_path, "targets: [{url: 'https://wa.example'}]").config)
    )

    assert set(document["targets"][0]["poll"]) == {*(endpoint.value for endpoint in Endpoint), "stale_after"}
