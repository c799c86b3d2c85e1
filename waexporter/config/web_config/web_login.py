"""The variables by which this program's commands are let in by a daemon with users or client certificates."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

from waexporter.config.keys import Block, Key, Variable, value
from waexporter.config.secret_keys import check_pair, secret_key
from waexporter.config.section import Report, Section
from waexporter.config.values import scalars
from waexporter.model import WebLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGIN_SOURCE = "the user in WAEXPORTER_WEB_USERNAME"
SET_LOGIN = (
    "set WAEXPORTER_WEB_USERNAME, and WAEXPORTER_WEB_PASSWORD_FILE or WAEXPORTER_WEB_PASSWORD, to a user of "
    "web.config_file"
)


def read_login(environ: Mapping[str, str]) -> tuple[WebLogin, tuple[str, ...]]:
    """Read the variables; return what they give, and the problems in them."""
    given: dict[object, Any] = {}
    names = {}
    for row in LOGIN.variables():
        if environ.get(row.name):
            given[row.path] = row.convert(environ[row.name])
            names[row.path] = row.name
    report = Report(names={**{row.path: row.name for row in LOGIN.variables()}, **names})
    section = Section(report, "", given)
    login = WebLogin(**LOGIN.read(section))
    check_pair(section)
    if login.key_file and not login.cert_file:
        section.add_problem("cert_file", f"is required with {section.shown_name('key_file')}")
    return login, tuple(report.problems)


LOGIN = Block(
    "login",
    WebLogin,
    (
        Key(
            "username",
            value(scalars.visible),
            "a user of `web.config_file`, for [commands that ask a running "
            "daemon](web-security.md#our-own-commands)",
            variables=(Variable("WAEXPORTER_WEB_USERNAME"),),
        ),
        secret_key(
            "password",
            "the password of that user",
            may_end_blank=True,
            variables=("WAEXPORTER_WEB_PASSWORD",),
        ),
        Key(
            "cert_file",
            value(scalars.text),
            "PEM file with a client certificate for the same commands",
            variables=(Variable("WAEXPORTER_WEB_CLIENT_CERT_FILE", os.path.abspath),),
        ),
        Key(
            "key_file",
            value(scalars.text),
            "PEM file with its private key, if it is not in the same file",
            variables=(Variable("WAEXPORTER_WEB_CLIENT_KEY_FILE", os.path.abspath),),
        ),
    ),
)
