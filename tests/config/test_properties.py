"""Properties of every document: it gives a configuration or its problems, and never shows a secret."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import trustme
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.running.examples import examples
from waexporter.config import LoadedConfig, dump_config, load
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2hunter2"
SAMPLE: dict[str, Any] = {
    "targets": [
        {
            "name": "a",
            "url": "https://wa.example:9090",
            "auth": {"api_key": "twelve-chars", "username": "me", "password": "word"},
            "tls": {"ca_file": "ca.pem", "server_name": "wa.example", "insecure_skip_verify": False},
            "proxy_url": "http://proxy:3128",
            "proxy_auth": {"username": "me", "password": "word"},
            "topology": "auto",
            "shards": 4,
            "on_call_group": "1-2",
            "canary_number": "+14155550100",
            "labels": {"region": "eu"},
            "poll": {
                "health": "30s",
                "db": {"interval": "5m", "timeout": "60s"},
                "canary": "1h",
                "stale_after": 3,
            },
        }
    ],
    "poll": {
        "health": "30s",
        "app": False,
        "support": "5m",
        "group": "off",
        "timeout": "10s",
        "workers": "auto",
    },
    "limits": {"body_bytes": "16MiB", "samples_per_endpoint": 1, "label_sets_per_family": 1},
    "web": {"listen": ":9847"},
    "log": {"level": "info", "format": "json"},
}
WORDS = sorted(set(yaml.safe_dump(SAMPLE).replace(":", " ").replace("-", " ").split()))

keys = (
    st.sampled_from(
        [*WORDS, "api_key_file", "password_file", "bearer_token", "header", "cert_file", "key_file", "<<"]
    )
    | st.text(max_size=5)
    | st.integers()
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.dates()
    | st.binary(max_size=5)
    | st.sampled_from(["https://h", "30s", "off", "auto", "1" * 5000, "/"])
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def paths(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a document is anything
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at] * bool(at) + [path for key, inner in below for path in paths(inner, (*at, key))]


def planted(at: tuple[Any, ...], value: object) -> dict[str, Any]:
    document = copy.deepcopy(SAMPLE)
    node: Any = document
    for key in at[:-1]:
        node = node[key]
    node[at[-1]] = value
    return document


def outcome(path: Path, content: bytes) -> LoadedConfig | ConfigError:
    path.write_bytes(content)
    try:
        return load(str(path), {})
    except ConfigError as error:
        return error


def words_of(result: LoadedConfig | ConfigError) -> str:
    if isinstance(result, ConfigError):
        return f"{result!s} {result!r} {result.problems}"
    return f"{result!r} {dump_config(result.config)}"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    trustme.CA().cert_pem.write_to_path(str(folder / "ca.pem"))
    return folder / "waexporter.yml"


def test_the_sample_is_a_good_configuration(path: Path) -> None:
    assert isinstance(outcome(path, yaml.safe_dump(SAMPLE).encode()), LoadedConfig)


@settings(max_examples=examples(200))
@given(at=st.sampled_from(paths(SAMPLE)), value=values)
def test_any_value_in_any_place_gives_a_configuration_or_its_problems(
    path: Path, at: tuple[Any, ...], value: object
) -> None:
    content = yaml.safe_dump(planted(at, value)).encode()

    result = outcome(path, content)

    if isinstance(result, ConfigError):
        assert result.problems
    else:
        assert yaml.safe_load(dump_config(result.config))


@settings(max_examples=examples(150))
@given(document=values)
def test_any_structure_gives_a_configuration_or_its_problems(path: Path, document: object) -> None:
    assert isinstance(outcome(path, yaml.safe_dump(document).encode()), (LoadedConfig, ConfigError))


@settings(max_examples=examples(200))
@given(
    start=st.integers(0, 800), length=st.integers(0, 30), filling=st.text(max_size=6) | st.binary(max_size=6)
)
def test_a_damaged_file_gives_a_configuration_or_its_problems(
    path: Path, start: int, length: int, filling: str | bytes
) -> None:
    whole = yaml.safe_dump(SAMPLE).encode()
    inserted = filling if isinstance(filling, bytes) else filling.encode("utf-8", "surrogatepass")

    result = outcome(path, whole[:start] + inserted + whole[start + length :])

    assert isinstance(result, (LoadedConfig, ConfigError))


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        [SECRET],
        {"key": SECRET},
        {SECRET + ":" + SECRET: None},
        f"{SECRET}\n",
        f"\ud800{SECRET}",
        f"https://me:{SECRET}@wa.example",
        f"https://{SECRET}@wa.example",
        f"https://wa.example/?key={SECRET}",
        f"https://wa.example:{SECRET}",
        f"https://[{SECRET}]",
        f"{SECRET}:1:2",
        f"{SECRET}s",
    ],
)
def test_no_problem_shows_the_value_it_is_about(path: Path, value: object) -> None:
    # A file's path must be shown, a name and a label are public, so their own places are left out.
    public = {"name", "ca_file", "username", "server_name", "on_call_group", "region"}

    for at in paths(SAMPLE):
        if at[-1] not in public and not (at[-1] == "labels" and isinstance(value, dict)):
            result = outcome(path, yaml.safe_dump(planted(at, value)).encode("utf-8", "surrogatepass"))
            is_about_a_path = at[-1] in {"url", "proxy_url"} and isinstance(result, LoadedConfig)
            assert is_about_a_path or SECRET not in words_of(result), at


@pytest.mark.parametrize(
    "value",
    [
        f"*{SECRET}",
        f"&{SECRET}",
        f"!{SECRET}",
        f"%{SECRET}",
        f"@{SECRET}",
        f"'{SECRET}",
        f'"{SECRET}',
        f"[{SECRET}",
        f"{{{SECRET}",
        f"!{SECRET}!x",
        f'"\\{SECRET}"',
        f"{SECRET}: x",
        f"\t{SECRET}",
        f"- {SECRET}",
    ],
)
def test_no_syntax_error_shows_the_line_it_is_about(path: Path, value: str) -> None:
    content = (
        f"targets:\n  - url: https://wa.example\n    auth:\n      username: me\n      password: {value}\n"
    )

    result = outcome(path, content.encode())

    assert isinstance(result, ConfigError)
    assert SECRET not in words_of(result)


@pytest.mark.parametrize("key", ["api_key", "password"])
@pytest.mark.parametrize("twin", ["", "_file"])
def test_a_secret_that_was_taken_is_shown_nowhere(path: Path, key: str, twin: str) -> None:
    (path.parent / "secret").write_text(SECRET)
    sample = copy.deepcopy(SAMPLE)
    auth = sample["targets"][0]["auth"]
    auth.pop(key)
    auth[f"{key}{twin}"] = "secret" if twin else SECRET

    result = outcome(path, yaml.safe_dump(sample).encode())

    assert isinstance(result, LoadedConfig)
    assert getattr(result.config.targets[0].auth, key).reveal() == SECRET
    assert SECRET not in words_of(result)
