"""The environment, laid under the document of the file: file before WAEXPORTER_* before WA_*."""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from waexporter.config.section import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PREFIX = "WAEXPORTER_"
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _as_boolean(text: str) -> object:
    return _BOOLEANS.get(text.lower(), text)


def _as_number(text: str) -> object:
    return int(text) if text.isdecimal() and len(text) < 10 else text  # noqa: PLR2004 - the parser says the limits


def _as_url(text: str) -> object:
    return text if "://" in text else f"https://{text}"


class Variable(NamedTuple):
    """One environment variable, the key it stands for, and how its text becomes a value of the document."""

    name: str
    path: str
    convert: Callable[[str], object] = str


# Paths below one entry of `targets`. A file named here is looked for from where the program was started.
TARGET_VARIABLES = (
    Variable("WAEXPORTER_TARGET_URL", "url"),
    Variable("WAEXPORTER_TARGET_NAME", "name"),
    Variable("WAEXPORTER_API_KEY", "auth.api_key"),
    Variable("WAEXPORTER_API_KEY_FILE", "auth.api_key_file", os.path.abspath),
    Variable("WAEXPORTER_USERNAME", "auth.username"),
    Variable("WAEXPORTER_PASSWORD", "auth.password"),
    Variable("WAEXPORTER_PASSWORD_FILE", "auth.password_file", os.path.abspath),
    Variable("WAEXPORTER_BEARER_TOKEN", "auth.bearer_token"),
    Variable("WAEXPORTER_BEARER_TOKEN_FILE", "auth.bearer_token_file", os.path.abspath),
    Variable("WAEXPORTER_AUTH_HEADER", "auth.header"),
    Variable("WAEXPORTER_TLS_CA_FILE", "tls.ca_file", os.path.abspath),
    Variable("WAEXPORTER_TLS_SERVER_NAME", "tls.server_name"),
    Variable("WAEXPORTER_TLS_INSECURE_SKIP_VERIFY", "tls.insecure_skip_verify", _as_boolean),
    Variable("WAEXPORTER_TLS_CERT_FILE", "tls.cert_file", os.path.abspath),
    Variable("WAEXPORTER_TLS_KEY_FILE", "tls.key_file", os.path.abspath),
    Variable("WAEXPORTER_PROXY_URL", "proxy_url"),
    Variable("WAEXPORTER_PROXY_USERNAME", "proxy_auth.username"),
    Variable("WAEXPORTER_PROXY_PASSWORD", "proxy_auth.password"),
    Variable("WAEXPORTER_PROXY_PASSWORD_FILE", "proxy_auth.password_file", os.path.abspath),
    Variable("WAEXPORTER_SHARDS", "shards", _as_number),
    Variable("WAEXPORTER_ON_CALL_GROUP", "on_call_group"),
    Variable("WA_WEB_ENDPOINT", "url", _as_url),
    Variable("WA_API_KEY", "auth.api_key"),
    Variable("WA_WEB_USERNAME", "auth.username"),
    Variable("WA_WEB_PASSWORD", "auth.password"),
)
SETTING_VARIABLES = (
    Variable("WAEXPORTER_LISTEN", "web.listen"),
    Variable("WAEXPORTER_LOG_LEVEL", "log.level", str.lower),
    Variable("WAEXPORTER_LOG_FORMAT", "log.format", str.lower),
)
CONFIG_VARIABLE = "WAEXPORTER_CONFIG"


@dataclass(frozen=True, slots=True)
class Blend:
    """The document of the file with what the environment adds."""

    document: dict[object, object]
    names: dict[str, str]  # key path -> the variable that stands for it
    notes: tuple[str, ...]


def blend(document: Mapping[object, object], environ: Mapping[str, str]) -> Blend:
    """Lay the environment under a document; an empty variable counts as unset."""
    given = {name: text for name, text in environ.items() if text}
    settings = _with_settings(document, given)
    target = _target(given)
    if not target.document:
        return settings
    if "targets" in document:
        ignored = ", ".join(row.name for row in TARGET_VARIABLES if row.name in given)
        note = f"{ignored}: ignored, because the file has targets of its own"
        return Blend(settings.document, settings.names, (*settings.notes, note))
    return Blend(
        document={**settings.document, "targets": [target.document]},
        names={**settings.names, **target.names},
        notes=settings.notes + target.notes,
    )


def misspelled(environ: Mapping[str, str]) -> list[str]:
    """Name variables that look like slips; a cluster adds others, such as WAEXPORTER_SERVICE_HOST."""
    rows = (*TARGET_VARIABLES, *SETTING_VARIABLES, Variable(CONFIG_VARIABLE, ""))
    known = [row.name for row in rows if row.name.startswith(_PREFIX)]
    words = []
    for name in sorted(set(environ) - set(known)):
        hint = suggestion(name, known, cutoff=0.9) if name.startswith(_PREFIX) else ""
        if hint:
            words.append(f"{name}: unknown variable{hint}")
    return words


def _with_settings(document: Mapping[object, object], given: Mapping[str, str]) -> Blend:
    result = dict(document)
    names, notes = {}, []
    for row in SETTING_VARIABLES:
        block_name, _, key = row.path.partition(".")
        block = result.get(block_name) or {}
        if row.name not in given or not isinstance(block, dict):
            continue
        value = row.convert(given[row.name])
        if key not in block:
            result[block_name] = {**block, key: value}
            names[row.path] = row.name
        elif block[key] != value:
            notes.append(f"{row.name}: ignored, because the file has {row.path}")
    return Blend(result, names, tuple(notes))


def _target(given: Mapping[str, str]) -> Blend:
    """Build one entry of `targets`; a name of ours goes before one of Meta's for the same thing."""
    document: dict[object, object] = {}
    names = {f"targets[0].{row.path}": row.name for row in reversed(TARGET_VARIABLES)}
    notes = []
    for row in TARGET_VARIABLES:
        if row.name not in given:
            continue
        rival = None if row.name.startswith(_PREFIX) else _rival(row, given)
        if rival is None:
            _put(document, row.path, row.convert(given[row.name]))
            names[f"targets[0].{row.path}"] = row.name
        elif row.convert(given[row.name]) != given[rival]:
            notes.append(f"{row.name}: ignored, because {rival} is set")
    return Blend(document, names, tuple(notes))


def _rival(theirs: Variable, given: Mapping[str, str]) -> str | None:
    paths = (theirs.path, f"{theirs.path}_file")
    ours = (row.name for row in TARGET_VARIABLES if row.name.startswith(_PREFIX) and row.path in paths)
    return next((name for name in ours if name in given), None)


def _put(document: dict[object, object], path: str, value: object) -> None:
    block_name, dot, key = path.rpartition(".")
    if not dot:
        document[key] = value
        return
    block = document.setdefault(block_name, {})
    if isinstance(block, dict):
        block[key] = value
