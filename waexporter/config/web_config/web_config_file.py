"""Read the whole file."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, Final

from waexporter.config.secret_keys import read_secret_file
from waexporter.config.section import Report, Section
from waexporter.config.values import scalars
from waexporter.config.values.files import read_text
from waexporter.config.web_config.go_names import parse_go_duration
from waexporter.config.web_config.server_tls import read_server_tls
from waexporter.config.yaml_document import parse_document
from waexporter.errors import ConfigError
from waexporter.model import RequestRate, Secret, WebSecurity

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST_FILE: Final = 1024 * 1024  # bytes
_BCRYPT: Final = re.compile(r"\$2[aby]?\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_MIN_TOKEN: Final = 16  # characters
# The headers that can be set, and their values if only some are allowed.
_HEADERS: Final = {
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
    "Content-Security-Policy": (),
}


def read_web_config(web: Section, key: str, default: object) -> object:
    """Read the file that a key names; return its path and its content."""
    return web.get(key, lambda value: _read(web, key, web.resolve_file(scalars.text(value))), default)


def _read(web: Section, key: str, path: str) -> tuple[str, WebSecurity]:
    folder = os.path.dirname(path)  # noqa: PTH120 - see Section.resolve
    report = Report(folder, files=web.report.files)
    try:
        document = _parse(read_text(path, limit=_LARGEST_FILE), path)
    except ConfigError as error:
        raise ValueError("; ".join(error.problems)) from None
    security = _read_document(Section(report, "", document))
    for problem in report.problems:
        web.add_problem(key, f"{path}: {problem}")
    for note in report.notes:
        web.add_note(key, f"{path}: {note}")
    return path, security


def _parse(text: str, path: str) -> dict[object, object]:
    """Parse the file; one of comments alone is valid.

    Unlike in other exporters, an empty one is not: it may be a file that is being written, or was on a full
    disk, and must not let everybody in.
    """
    lines = [line.strip() for line in text.splitlines()]
    if not any(lines):
        raise ConfigError([f"{path}: is empty; write {{}} to serve everybody without TLS"])
    is_comment = all(line.startswith("#") for line in lines if line)
    return {} if is_comment else parse_document(text, path, "basic_auth_users")


def _read_document(root: Section) -> WebSecurity:
    with root:
        with root.section("tls_server_config") as block:
            tls = read_server_tls(block)
        with root.section("http_server_config") as http:
            http.get("http2", scalars.boolean, True)
            headers = _read_headers(http)
        with root.section("rate_limit") as rate:
            rate_limit = _read_rate(rate)
        return WebSecurity(
            tls=tls,
            users=_read_users(root),
            bearer_tokens=tuple(_read_tokens(root)),
            excluded_paths=root.get("auth_excluded_paths", _paths, WebSecurity().excluded_paths),
            headers=headers,
            rate_limit=rate_limit,
        )


def _read_headers(http: Section) -> tuple[tuple[str, str], ...]:
    with http.section("headers") as headers:
        found = []
        for name, allowed in _HEADERS.items():
            value = headers.get(name, scalars.choice(*allowed) if len(allowed) > 1 else scalars.visible, "")
            if len(allowed) == 1 and value not in {"", *allowed}:
                headers.add_problem(name, f"must be {allowed[0]}")
            found.append((name, value.strip()))  # as Go does: no header may end with a space
    return tuple((name, value) for name, value in found if value)


def _read_rate(rate: Section) -> RequestRate | None:
    interval = rate.get("interval", parse_go_duration, 0.0)
    burst = rate.get("burst", _burst, 0)
    if interval and not burst and not rate.report.problems:
        rate.add_problem("burst", "must be at least 1 with an interval, or no request is answered")
    return RequestRate(burst, interval) if interval else None


def _burst(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("must be a whole number of requests")


def _read_users(root: Section) -> tuple[tuple[str, Secret], ...]:
    with root.section("basic_auth_users") as users:
        return tuple((name, users.get(name, _bcrypt_hash, Secret(""))) for name, _ in _entries(users))


def _entries(users: Section) -> Iterator[tuple[str, object]]:
    for name, value in users.entries():
        if ":" in name:
            users.report.add_problem(users.path, "a user's name can't hold a colon")
        else:
            yield name, value


def _bcrypt_hash(value: object) -> Secret:
    if not isinstance(value, str) or _BCRYPT.fullmatch(value) is None:
        raise ValueError("must be a bcrypt hash as `htpasswd -nBC 10 NAME` prints it, not the password")
    return Secret(value)


def _read_tokens(root: Section) -> Iterator[Secret]:
    """Read the token in each file of a list."""
    key = "bearer_token_files"
    for index, entry in enumerate(root.get(key, lambda value: scalars.listed(value, "files"), [])):
        name = f"{key}[{index}]"
        try:
            path = root.resolve_file(scalars.text(entry))
            yield read_secret_file(
                path,
                _token,
                note=lambda words, name=name: root.add_note(name, words),  # type: ignore[misc]
                may_end_blank=False,
            )
        except ValueError as error:
            root.add_problem(name, str(error))


def _token(text: str) -> str:
    if len(text) < _MIN_TOKEN or not text.isascii() or " " in text:
        raise ValueError(f"must be at least {_MIN_TOKEN} letters, digits and signs, without a space")
    return text


def _paths(value: object) -> tuple[str, ...]:
    paths = tuple(scalars.visible(each) for each in scalars.listed(value, "paths"))
    if not all(path.startswith("/") for path in paths):
        raise ValueError("must be a list of paths that begin with /, such as /-/healthy")
    return paths
