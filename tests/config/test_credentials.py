"""Secrets in files, keys and variables: invisible characters are left out, refused or noted."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.config.texts import load_text
from waexporter.config import LoadedConfig, load
from waexporter.config.credentials import reread_secret
from waexporter.config.secret_keys import clean_secret
from waexporter.errors import ConfigError
from waexporter.model import Fallback, Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from waexporter.model import Config

MARK = "\ufeff"
_MARKED = "begins with a byte order mark, which is left out"
_TRIMMED = "begins or ends with white space, which is left out"
_KEPT = "begins or ends with white space, which is kept: is it meant?"
_QUOTED = "is in quotes, which are kept: are they meant?"
_ASSIGNED = "begins with a name and an equals sign, which are kept: are they meant?"
_LIKE_A_BLANK = "holds a character that looks like a space and is none: is it meant?"

# What it holds; what comes of a token, and what is said; the same of a password.
_ROWS: dict[str, tuple[str, str, tuple[str, ...], str, tuple[str, ...]]] = {
    "as it should be": ("se cret", "se cret", (), "se cret", ()),
    "a line's end": ("secret\n", "secret", (), "secret", ()),
    "a line's end of Windows": ("secret\r\n", "secret", (), "secret", ()),
    "half a line's end of Windows": ("secret\r", "secret", (), "secret", ()),
    "a byte order mark": (f"{MARK}secret\n", "secret", (_MARKED,), "secret", (_MARKED,)),
    "a blank at its end": ("secret \n", "secret", (_TRIMMED,), "secret ", (_KEPT,)),
    "a blank at its start": (" secret", "secret", (_TRIMMED,), " secret", (_KEPT,)),
    "a mark and a blank": (f"{MARK} secret", "secret", (_MARKED, _TRIMMED), " secret", (_MARKED, _KEPT)),
    "a no-break space in it": (
        "se\u00a0cret",
        "se\u00a0cret",
        (_LIKE_A_BLANK,),
        "se\u00a0cret",
        (_LIKE_A_BLANK,),
    ),
    "a no-break space at its end": ("secret\u00a0", "secret", (_TRIMMED,), "secret\u00a0", (_KEPT,)),
    "double quotes": ('"secret"\n', '"secret"', (_QUOTED,), '"secret"', (_QUOTED,)),
    "single quotes": ("'secret'", "'secret'", (_QUOTED,), "'secret'", (_QUOTED,)),
    "half of its quotes": ("'secret", "'secret", (), "'secret", ()),
    "two kinds of quotes": ("'secret\"", "'secret\"", (), "'secret\"", ()),
    "nothing in quotes": ("''", "''", (), "''", ()),
    "a line of a file of variables": ("KEY=secret", "KEY=secret", (_ASSIGNED,), "KEY=secret", (_ASSIGNED,)),
    "such a line with quotes": ("PASSWORD='a'", "PASSWORD='a'", (_ASSIGNED,), "PASSWORD='a'", (_ASSIGNED,)),
    "padding of Base64": ("SECRET==", "SECRET==", (), "SECRET==", ()),
    "an equals sign in it": ("se=cret", "se=cret", (), "se=cret", ()),
    "letters of anywhere": ("pässwörd✓", "pässwörd✓", (), "pässwörd✓", ()),
}


@pytest.mark.parametrize("case", _ROWS)
def test_characters_that_can_not_be_meant_are_left_out_and_doubtful_ones_noted(case: str) -> None:
    held, token, said_of_token, password, said_of_password = _ROWS[case]
    said: list[str] = []

    assert clean_secret(held, said.append) == token
    assert tuple(said) == said_of_token
    said.clear()
    assert clean_secret(held, said.append, may_end_blank=True) == password
    assert tuple(said) == said_of_password


_REFUSED = {
    "": "must not be empty",
    " \n": "must not be empty",
    MARK: "must not be empty",
    "se\0cret": "must not hold NUL characters (is it UTF-16 text?)",
    "se\tcret": "must not hold tabs",
    "secret\n\n": "must not hold line breaks",
    "se\ncret": "must not hold line breaks",
    "se\rcret": "must not hold carriage returns",
    "se\x7fcret": "must not hold a control character (U+007F)",
    "se\x85cret": "must not hold a control character (U+0085)",
    "se\u200bcret": "must not hold an invisible character (U+200B, zero width space)",
    "secret\u200d": "must not hold an invisible character (U+200D, zero width joiner)",
    f"se{MARK}cret": "must not hold an invisible character (U+FEFF, zero width no-break space)",
    f"{MARK}{MARK}secret": "must not hold an invisible character (U+FEFF, zero width no-break space)",
    "se\u00adcret": "must not hold an invisible character (U+00AD, soft hyphen)",
    "\u202esecret": "must not hold an invisible character (U+202E, right-to-left override)",
    "se\u2028cret": "must not hold an invisible character (U+2028, line separator)",
    "secret\u3164": "must not hold an invisible character (U+3164, hangul filler)",
    "secret\uffa0": "must not hold an invisible character (U+FFA0, halfwidth hangul filler)",
    "secret\u2800": "must not hold an invisible character (U+2800, braille pattern blank)",
    "secret\u115f": "must not hold an invisible character (U+115F, hangul choseong filler)",
    "secret\u1160": "must not hold an invisible character (U+1160, hangul jungseong filler)",
    "se\u034fcret": "must not hold an invisible character (U+034F, combining grapheme joiner)",
    "se\u180bcret": "must not hold an invisible character (U+180B, mongolian free variation selector one)",
    "se\u180fcret": "must not hold an invisible character (U+180F, mongolian free variation selector four)",
    "se\ufe00cret": "must not hold an invisible character (U+FE00, variation selector-1)",
    "se\ufe0fcret": "must not hold an invisible character (U+FE0F, variation selector-16)",
    "se\U000e0100cret": "must not hold an invisible character (U+E0100, variation selector-17)",
    "se\U000e01efcret": "must not hold an invisible character (U+E01EF, variation selector-256)",
    "se\u17b4cret": "must not hold an invisible character (U+17B4, khmer vowel inherent aq)",
    "se\u17b5cret": "must not hold an invisible character (U+17B5, khmer vowel inherent aa)",
    "se\u2065cret": "must not hold an invisible character (U+2065)",
    "se\ud800cret": "must not hold a control character (U+D800)",
}


@pytest.mark.parametrize("held", _REFUSED, ids=ascii)
def test_characters_that_no_secret_may_hold_are_named(held: str) -> None:
    with pytest.raises(ValueError, match="must not") as caught:
        clean_secret(held, lambda _: None, may_end_blank=True)

    assert str(caught.value) == _REFUSED[held]


# Every secret there is: its place, its block as YAML with {} for the key or its file, and how to find it.
_TARGET = "targets: [{{url: 'https://wa.example', {}}}]"
_PAGER = "targets: [{{url: 'https://wa.example'}}]\npager: {{{}}}"
_PLACES: dict[str, tuple[str, str, Callable[[Config], Secret | None]]] = {
    "targets[0].auth.api_key": (
        _TARGET,
        "auth: {{{}}}",
        lambda config: config.targets[0].auth.api_key,
    ),
    "targets[0].auth.password": (
        _TARGET,
        "auth: {{username: me, {}}}",
        lambda config: config.targets[0].auth.password,
    ),
    "targets[0].auth.bearer_token": (
        _TARGET,
        "auth: {{{}}}",
        lambda config: config.targets[0].auth.bearer_token,
    ),
    "targets[0].proxy_auth.password": (
        _TARGET,
        "proxy_url: 'http://p', proxy_auth: {{username: me, {}}}",
        lambda config: getattr(config.targets[0].proxy_auth, "password", None),
    ),
    "pager.webhook.secret": (
        _PAGER,
        "webhook: {{{}}}",
        lambda config: config.pager.webhook.secret if config.pager else None,
    ),
    "pager.webhook.password": (
        _PAGER,
        "webhook: {{username: me, {}}}",
        lambda config: config.pager.webhook.password if config.pager else None,
    ),
    "pager.alertmanager_url": (
        _PAGER,
        "{}",
        lambda config: config.pager.alertmanager_url if config.pager else None,
    ),
    "pager.heartbeat_url": (
        _PAGER,
        "{}",
        lambda config: config.pager.heartbeat_url if config.pager else None,
    ),
}
_VALUE = "https://hunter2.example/hunter2"  # good for all of them


def _load(folder: Path, place: str, given: str) -> LoadedConfig:
    document, block, _ = _PLACES[place]
    return load_text(folder, document.format(block.format(given)))


@pytest.mark.parametrize("place", _PLACES)
def test_every_secret_is_cleaned_that_comes_from_a_file(place: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{MARK}{_VALUE}\r\n", encoding="utf-8", newline="")

    config, notes = _load(tmp_path, place, f"{place.rpartition('.')[2]}_file: secret")

    assert _PLACES[place][2](config) == Secret(_VALUE)
    assert notes == (f"{place}_file: what {tmp_path}/secret holds {_MARKED}",)


@pytest.mark.parametrize("place", _PLACES)
def test_every_secret_is_cleaned_that_stands_in_place(place: str, tmp_path: Path) -> None:
    config, notes = _load(tmp_path, place, f'{place.rpartition(".")[2]}: "\\uFEFF{_VALUE}\\n"')

    assert _PLACES[place][2](config) == Secret(_VALUE)
    assert notes == (f"{place}: {_MARKED}",)


@pytest.mark.parametrize("place", _PLACES)
def test_no_secret_may_hold_invisible_characters(place: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, place, f'{place.rpartition(".")[2]}: "{_VALUE}\\u200B"')

    words = "must not hold an invisible character (U+200B, zero width space)"
    assert caught.value.problems == (f"{place}: {words}",)


def test_white_space_at_either_end_is_noted(tmp_path: Path) -> None:
    config, notes = _load(tmp_path, "pager.webhook.secret", f'secret: "\\n\\t{_VALUE}\\n\\n"')

    assert config.pager is not None
    assert config.pager.webhook.secret == Secret(_VALUE)
    assert notes == (f"pager.webhook.secret: {_TRIMMED}",)


def test_a_fallback_is_cleaned_and_named_by_its_place(tmp_path: Path) -> None:
    text = f'fallback: ["{_VALUE}", " {_VALUE}\\n"]'

    config, notes = load_text(tmp_path, _PAGER.format(text))

    assert config.pager is not None
    assert config.pager.fallback == (Fallback(Secret(_VALUE)), Fallback(Secret(_VALUE)))
    assert notes == (f"pager.fallback[1]: {_TRIMMED}",)


@pytest.mark.parametrize(
    ("variable", "beside"),
    [
        ("WAEXPORTER_API_KEY", ""),
        ("WA_API_KEY", ""),
        ("WAEXPORTER_BEARER_TOKEN", ""),
        ("WAEXPORTER_PASSWORD", "WAEXPORTER_USERNAME"),
        ("WA_WEB_PASSWORD", "WA_WEB_USERNAME"),
    ],
)
def test_variables_are_cleaned_alike(variable: str, beside: str) -> None:
    environ = {"WAEXPORTER_TARGET_URL": "https://wa.example", variable: f"{MARK}{_VALUE}\r"}
    if beside:
        environ[beside] = "me"

    config, notes = load(None, environ)

    auth = config.targets[0].auth
    assert Secret(_VALUE) in {auth.api_key, auth.bearer_token, auth.password}
    assert notes == (f"{variable}: {_MARKED}",)


def test_a_secret_is_read_again_from_the_file_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("old\n")
    config, _ = _load(tmp_path, "targets[0].auth.bearer_token", "bearer_token_file: secret")
    old = config.targets[0].auth.bearer_token
    assert old is not None
    (tmp_path / "secret").write_text(f"{MARK}new\n", encoding="utf-8")

    new = reread_secret("bearer_token", old)

    assert new == Secret("new")
    assert new.file == old.file


def test_a_secret_that_came_from_no_file_is_not_read_again() -> None:
    assert reread_secret("password", Secret("old")) is None


@pytest.mark.parametrize("content", [b"", b"two\nlines", b"with blank", b"\xff\xfe", "schlüssel".encode()])
def test_a_file_that_holds_nothing_usable_any_more_gives_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)

    with pytest.raises(ValueError, match="secret"):
        reread_secret("api_key", Secret("old", str(tmp_path / "secret")))


def test_a_pipe_is_not_waited_for_when_a_secret_is_read_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "secret")
    began = time.monotonic()

    with pytest.raises(ValueError, match="secret"):
        reread_secret("password", Secret("old", str(tmp_path / "secret")))

    assert time.monotonic() - began < 5
