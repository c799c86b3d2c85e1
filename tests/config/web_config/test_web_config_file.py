"""Web configuration files, good and bad, with promtool as the judge of the format."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
import yaml

from waexporter.config import load
from waexporter.errors import ConfigError
from waexporter.model import ClientAuth, RequestRate, WebSecurity, WebSettings

if TYPE_CHECKING:
    from tests.real.fixtures import RunTool

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
PROVES_NOTHING = "RequestClientCert proves nothing, so no certificate is asked for"
IF_GIVEN = "client_auth_type: VerifyClientCertIfGiven"
PAIR = "cert_file: cert.pem, key_file: key.pem"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that the configurations name."""
    folder = tmp_path_factory.mktemp("web_config")
    authority = trustme.CA()
    issued, other = authority.issue_cert("localhost"), authority.issue_cert("other.example")
    (folder / "cert.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    (folder / "other_key.pem").write_bytes(other.private_key_pem.bytes())
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (folder / "nothing.pem").write_text("nothing\n")
    (folder / "token").write_text("a-token-of-enough-letters\n")
    (folder / "short").write_text("too-short\n")
    return folder


def read(folder: Path, text: str, name: str = "web.yml") -> tuple[WebSettings, tuple[str, ...]]:
    """Load a configuration that names the file; return the block, and the notes."""
    (folder / name).write_text(text)
    (folder / "waexporter.yml").write_text(
        f"targets: [{{url: 'https://wa.example'}}]\nweb: {{config_file: {name}}}\n"
    )
    loaded = load(str(folder / "waexporter.yml"), {})
    return loaded.config.web, loaded.notes


def problems_of(folder: Path, text: str) -> tuple[str, ...]:
    """Return the problems of a file, without the key that names it."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    prefix = f"web.config_file: {folder / 'web.yml'}: "
    return tuple(problem.removeprefix(prefix) for problem in caught.value.problems)


# --- good files --------------------------------------------------------------------------------

GOOD = {
    "an empty map": "{}\n",
    "only a comment": "# later\n",
    "empty blocks": "tls_server_config: {}\nhttp_server_config: {}\nbasic_auth_users: {}\n",
    "TLS": f"tls_server_config: {{{PAIR}}}\n",
    "versions": f"tls_server_config: {{{PAIR}, min_version: TLS13, max_version: TLS13}}\n",
    "old versions": f"tls_server_config: {{{PAIR}, min_version: TLS10, max_version: TLS11}}\n",
    "ciphers": f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}}\n",
    "ciphers of TLS 1.3": f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256]}}\n",
    "curves": f"tls_server_config: {{{PAIR}, curve_preferences: [CurveP256]}}\n",
    "the client's order": f"tls_server_config: {{{PAIR}, prefer_server_cipher_suites: false}}\n",
    "client certificates": f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert, "
    "client_ca_file: ca.pem, client_allowed_sans: [prometheus.example, 10.0.0.1]}\n",
    "client certificates if given": f"tls_server_config: {{{PAIR}, {IF_GIVEN}, client_ca_file: ca.pem}}\n",
    "no client certificate": f"tls_server_config: {{{PAIR}, client_auth_type: NoClientCert}}\n",
    "headers": "http_server_config: {http2: false, headers: {X-Frame-Options: deny, "
    "X-Content-Type-Options: nosniff, X-XSS-Protection: '1', Strict-Transport-Security: max-age=1, "
    "Content-Security-Policy: default-src 'none'}}\n",
    "users": f"basic_auth_users: {{alice: '{HASH}', bob: '{HASH.replace('2y', '2b')}'}}\n",
    "rate limit": "rate_limit: {burst: 20, interval: 1m30s}\n",
    "rate limit off": "rate_limit: {burst: 20, interval: 0s}\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_good_file_is_read(folder: Path, text: str) -> None:
    web, _ = read(folder, text)

    assert web.config_file == str(folder / "web.yml")


@pytest.mark.real
@pytest.mark.parametrize("suite", ["bookworm", "trixie", "sid"])
def test_promtool_accepts_every_good_file(promtool: RunTool, suite: str, folder: Path) -> None:
    unknown_then = {
        "bookworm": {"rate limit", "rate limit off", "client certificates"},
        "trixie": {"rate limit", "rate limit off"},
    }
    files = []
    for number, (name, text) in enumerate(GOOD.items()):
        if name not in unknown_then.get(suite, ()):
            file = folder / f"good-{number}.yml"
            file.write_text(text)
            files.append(file)

    finding = promtool(suite, "check", "web-config", *files)

    assert finding.status == 0, finding.output


def test_spaces_around_a_header_are_not_sent(folder: Path) -> None:
    web, _ = read(folder, "http_server_config: {headers: {Strict-Transport-Security: ' max-age=1 '}}\n")

    assert web.security.headers == (("Strict-Transport-Security", "max-age=1"),)


def test_the_content_of_a_whole_file(folder: Path) -> None:
    text = (
        f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, "
        "client_allowed_sans: [prometheus.example], min_version: TLS12, max_version: TLS12, "
        "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384], curve_preferences: [CurveP384]}\n"
        "http_server_config: {headers: {X-Frame-Options: sameorigin}}\n"
        f"basic_auth_users: {{alice: '{HASH}'}}\n"
        "rate_limit: {burst: 5, interval: 500ms}\n"
        "auth_excluded_paths: [/-/healthy]\n"
        "bearer_token_files: [token]\n"
    )

    web, notes = read(folder, text)

    security, tls = web.security, web.security.tls
    assert notes == ()
    assert tls is not None
    assert tls.certificate == (folder / "cert.pem").read_bytes()
    assert tls.key.reveal() == (folder / "key.pem").read_text()
    assert (tls.min_version, tls.max_version, tls.curves) == ("TLS12", "TLS12", ("secp384r1",))
    assert tls.ciphers == ("ECDHE-ECDSA-AES256-GCM-SHA384",)
    assert tls.client_auth is ClientAuth.REQUIRE
    assert tls.client_authorities == (folder / "ca.pem").read_bytes()
    assert tls.client_sans == ("prometheus.example",)
    assert security.headers == (("X-Frame-Options", "sameorigin"),)
    assert [(name, hashed.reveal()) for name, hashed in security.users] == [("alice", HASH)]
    assert security.rate_limit == RequestRate(5, 0.5)
    assert security.excluded_paths == ("/-/healthy",)
    assert [token.reveal() for token in security.bearer_tokens] == ["a-token-of-enough-letters"]
    assert web.own_url == "https://127.0.0.1:9847"


def test_certificates_can_be_written_into_the_file(folder: Path) -> None:
    inline = {name: (folder / f"{name}.pem").read_text() for name in ("cert", "key")}

    web, _ = read(folder, yaml.safe_dump({"tls_server_config": inline}))

    assert web.security.tls is not None
    assert web.security.tls.certificate.decode() == inline["cert"]


def test_no_secret_of_the_file_is_printed(folder: Path) -> None:
    web, _ = read(folder, f"tls_server_config: {{{PAIR}}}\nbasic_auth_users: {{alice: '{HASH}'}}\n")

    shown = repr(web)

    assert HASH not in shown
    assert "PRIVATE KEY" not in shown


def test_every_file_is_watched(folder: Path) -> None:
    (folder / "web.yml").write_text(
        f"tls_server_config: {{{PAIR}, client_ca_file: ca.pem, client_auth_type: VerifyClientCertIfGiven}}\n"
        "bearer_token_files: [token]\n"
    )
    (folder / "waexporter.yml").write_text("targets: [{url: 'https://a'}]\nweb: {config_file: web.yml}\n")
    files: dict[str, object] = {}

    load(str(folder / "waexporter.yml"), {}, files)  # type: ignore[arg-type]

    names = {Path(path).name for path in files}
    assert names == {"waexporter.yml", "web.yml", "cert.pem", "key.pem", "ca.pem", "token"}


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: RequestClientCert}}",
            f"tls_server_config.client_auth_type: {PROVES_NOTHING}",
        ),
        (
            "tls_server_config: {min_version: TLS13}",
            "tls_server_config.cert_file: is missing, so there is NO TLS: everything is sent in the clear",
        ),
    ],
)
def test_what_is_accepted_without_effect_is_said(folder: Path, text: str, note: str) -> None:
    _, notes = read(folder, text)

    assert notes == (f"web.config_file: {folder / 'web.yml'}: {note}",)


def test_ciphers_of_tls_1_3_only_allow_no_older_version(folder: Path) -> None:
    web, _ = read(folder, GOOD["ciphers of TLS 1.3"])

    assert web.security.tls is not None
    assert (web.security.tls.min_version, web.security.tls.ciphers) == ("TLS13", ())


PAIR_IS_MISSING = "tls_server_config.cert_file: is required\ntls_server_config.key_file: is required"

# --- bad files ---------------------------------------------------------------------------------

BAD = {
    "a list": ("- a\n", "must be a mapping at the top, such as basic_auth_users:"),
    "an unknown key": ("tls_config: {}\n", 'tls_config: unknown key; did you mean "tls_server_config"?'),
    "a key of another level": ("tls_server_config: {http2: true}\n", "tls_server_config.http2: unknown key"),
    "a key twice": (
        "rate_limit: {}\nrate_limit: {}\n",
        "line 2, column 1: the key rate_limit is given twice",
    ),
    "no key": ("tls_server_config: {cert_file: cert.pem}\n", "tls_server_config.key_file: is required"),
    "no certificate": (
        "tls_server_config: {key_file: key.pem}\n",
        "tls_server_config.cert_file: is required",
    ),
    "no pair": ("tls_server_config: {client_auth_type: NoClientCert, cert_file: ''}\n", PAIR_IS_MISSING),
    "another key": (
        "tls_server_config: {cert_file: cert.pem, key_file: other_key.pem}\n",
        "tls_server_config.cert_file: the key does not belong to the certificate",
    ),
    "no PEM": (
        "tls_server_config: {cert_file: nothing.pem, key_file: key.pem}\n",
        "tls_server_config.cert_file: there must be a PEM certificate and a PEM key",
    ),
    "a missing file": (
        "tls_server_config: {cert_file: gone.pem, key_file: key.pem}\n",
        "tls_server_config.cert_file: can't read ",
    ),
    "an unknown version": (
        f"tls_server_config: {{{PAIR}, min_version: TLS111}}\n",
        'tls_server_config.min_version: must be one of TLS10, TLS11, TLS12 or TLS13; did you mean "TLS11"?',
    ),
    "an unknown cipher": (
        f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}}\n",
        "tls_server_config.cipher_suites: must be one of ",
    ),
    "an unknown curve": (
        f"tls_server_config: {{{PAIR}, curve_preferences: [CurveP255]}}\n",
        "tls_server_config.curve_preferences: must be one of ",
    ),
    "an unknown policy": (
        f"tls_server_config: {{{PAIR}, client_auth_type: Always}}\n",
        "tls_server_config.client_auth_type: must be one of ",
    ),
    "authorities without a policy": (
        f"tls_server_config: {{{PAIR}, client_ca_file: ca.pem}}\n",
        "tls_server_config.client_auth_type: is required with client_ca_file: RequireAndVerifyClientCert",
    ),
    "missing authorities": (
        f"tls_server_config: {{{PAIR}, client_ca_file: gone.pem, client_auth_type: RequestClientCert}}\n",
        "tls_server_config.client_ca_file: can't read ",
    ),
    "an unknown header": (
        "http_server_config: {headers: {X-Other: a}}\n",
        "http_server_config.headers.X-Other: unknown key; known are ",
    ),
    "a wrong value of a header": (
        "http_server_config: {headers: {X-Frame-Options: maybe}}\n",
        "http_server_config.headers.X-Frame-Options: must be one of deny or sameorigin",
    ),
    "the other wrong value of a header": (
        "http_server_config: {headers: {X-Content-Type-Options: sniff}}\n",
        "http_server_config.headers.X-Content-Type-Options: must be nosniff",
    ),
    "a password in the clear": (
        "basic_auth_users: {alice: hunter2}\n",
        "basic_auth_users.alice: must be a bcrypt hash as `htpasswd -nBC 10 NAME` prints it, not the pass",
    ),
    "a duration without a unit": (
        "rate_limit: {burst: 1, interval: '5'}\n",
        "rate_limit.interval: must be a ",
    ),
}
# What promtool accepts, but with which an exporter serves nobody, or everybody.
STRICTER = {
    "any certificate": (
        f"tls_server_config: {{{PAIR}, client_auth_type: RequireAnyClientCert}}\n",
        "tls_server_config.client_auth_type: RequireAnyClientCert takes any certificate without verifying it",
    ),
    "certificates of anybody": (
        f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert}}\n",
        "tls_server_config.client_ca_file: is required with client_auth_type RequireAndVerifyClientCert",
    ),
    "no certificate of an authority": (
        f"tls_server_config: {{{PAIR}, {IF_GIVEN}, client_ca_file: nothing.pem}}\n",
        "tls_server_config.client_ca_file: holds no PEM certificate",
    ),
    "names without a certificate": (
        f"tls_server_config: {{{PAIR}, client_allowed_sans: [a]}}\n",
        "tls_server_config.client_allowed_sans: needs client_auth_type RequireAndVerifyClientCert",
    ),
    "versions in the wrong order": (
        f"tls_server_config: {{{PAIR}, min_version: TLS13, max_version: TLS12}}\n",
        "tls_server_config.max_version: must not be lower than min_version, TLS13",
    ),
    "a colon in a name": (
        f"basic_auth_users: {{'a:b': '{HASH}'}}\n",
        "basic_auth_users: a user's name can't ",
    ),
    "no burst": (
        "rate_limit: {interval: 1s}\n",
        "rate_limit.burst: must be at least 1 with an interval, or no request is answered",
    ),
}
OURS = {
    "a path without a slash": (
        "auth_excluded_paths: [metrics]\n",
        "auth_excluded_paths: must be a list of paths ",
    ),
    "a missing token": ("bearer_token_files: [gone]\n", "bearer_token_files[0]: can't read "),
    "a short token": ("bearer_token_files: [token, short]\n", "bearer_token_files[1]: what "),
}


@pytest.mark.parametrize(("text", "problem"), [*BAD.values(), *STRICTER.values(), *OURS.values()])
def test_a_bad_file_is_refused_with_its_key_path(folder: Path, text: str, problem: str) -> None:
    found = "\n".join(problems_of(folder, text))

    assert found.startswith(problem)
    assert found.count("\n") == problem.count("\n")
    assert "hunter2" not in found


@pytest.mark.parametrize("text", ["", "\n  \n"])
def test_a_file_that_is_being_written_does_not_let_everybody_in(folder: Path, text: str) -> None:
    assert problems_of(folder, text) == ("is empty; write {} to serve everybody without TLS",)


@pytest.mark.parametrize(
    ("block", "keys"),
    [
        ("cert_file: empty.pem, key_file: empty.pem", ("cert_file", "key_file")),
        ("cert_file: empty.pem", ("cert_file",)),
    ],
)
def test_empty_files_of_a_certificate_do_not_end_tls(folder: Path, block: str, keys: tuple[str, ...]) -> None:
    (folder / "empty.pem").touch()

    found = problems_of(folder, f"tls_server_config: {{{block}}}")

    assert found == tuple(f"tls_server_config.{key}: {folder / 'empty.pem'} is empty" for key in keys)


def test_every_problem_is_reported(folder: Path) -> None:
    text = "tls_server_config: {min_version: 12}\nrate_limit: {burst: many}\nbasic_auth_users: {a: b}\nx: 1\n"

    found = problems_of(folder, text)

    assert [problem.partition(":")[0] for problem in found] == [
        "tls_server_config.min_version",
        "rate_limit.burst",
        "basic_auth_users.a",
        "x",
    ]


@pytest.mark.real
def test_promtool_refuses_every_bad_file(promtool: RunTool, folder: Path) -> None:
    accepted = []
    for name, (text, _) in BAD.items():
        (folder / "bad.yml").write_text(text)
        if promtool("sid", "check", "web-config", folder / "bad.yml").status == 0:
            accepted.append(name)

    assert accepted == []


# --- files made of pieces ----------------------------------------------------------------------

PIECES: dict[str, tuple[object, ...]] = {
    "cert_file": ("cert.pem", "cert.pem", "cert.pem", "gone.pem", "", None),
    "key_file": ("key.pem", "key.pem", "key.pem", "other_key.pem", "", None),
    "min_version": ("TLS10", "TLS12", "TLS13", "tls12", "", None, 12),
    "max_version": ("TLS12", "TLS13", "SSL30"),
    "cipher_suites": ([], ["TLS_AES_128_GCM_SHA256"], ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"], ["X"], "X"),
    "curve_preferences": ([], ["CurveP256"], ["X25519", "CurveP521"], ["P256"]),
    "client_auth_type": ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert", "Any", ""),
    "client_ca_file": ("ca.pem", "gone.pem", ""),
    "prefer_server_cipher_suites": (True, False, "maybe"),
    "client_allowed_sans": (["a"], [], "a"),
}
OTHERS: dict[str, tuple[object, ...]] = {
    "http_server_config": (
        {},
        {"http2": True},
        {"http2": "maybe"},
        {"headers": {"X-Frame-Options": "deny"}},
        [],
    ),
    "basic_auth_users": ({}, {"a": HASH}, {"a": "b"}, {"a": None}, None, []),
    "rate_limit": ({}, {"burst": 1, "interval": "1s"}, {"burst": 1, "interval": "1 s"}, {"burst": 1.5}, None),
}


def some_file(chance: random.Random) -> str:
    """Return a file made of pieces, most of which are good."""
    tls = {key: chance.choice(values) for key, values in PIECES.items() if chance.random() < 0.3}
    document = {key: chance.choice(values) for key, values in OTHERS.items() if chance.random() < 0.3}
    return yaml.safe_dump({"tls_server_config": tls, **document})


@pytest.mark.real
def test_promtool_accepts_what_is_accepted_here(promtool: RunTool, folder: Path) -> None:
    chance = random.Random(13)  # noqa: S311 - the same files in each run
    files = []
    for number in range(1000):
        text = some_file(chance)
        try:
            read(folder, text)
        except ConfigError:
            continue
        file = folder / f"accepted-{number}.yml"
        file.write_text(text)
        files.append(file)

    finding = promtool("sid", "check", "web-config", *files)

    assert len(files) > 50
    assert finding.status == 0, finding.output


def test_without_a_file_everybody_may_use_everything() -> None:
    assert WebSettings().security == WebSecurity()
    assert not WebSecurity().needs_credentials
