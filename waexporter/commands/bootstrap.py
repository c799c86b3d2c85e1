"""`waexporter bootstrap`: create an account for monitoring, with an admin's login."""

from __future__ import annotations

import os
import secrets
import shlex
import string
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from waexporter.commands.console import ask_password, warn, write
from waexporter.commands.options import load_arguments
from waexporter.commands.process import OK
from waexporter.config.secret_keys import read_secret_file
from waexporter.errors import ApiError, CommandError, RefusedError
from waexporter.model import Credentials, Endpoint, Failure, Reason, Secret, Tls, now
from waexporter.polling.on_premises import COLLECTORS
from waexporter.polling.poller import Poller
from waexporter.transport.exchange import Request, basic_auth
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.auth import LOGIN_PATH
from waexporter.whatsapp.client import Client
from waexporter.whatsapp.documents.envelope import check
from waexporter.whatsapp.documents.settings import read_settings
from waexporter.whatsapp.login_attempts import PASSWORD_CHANGE_REQUIRED

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from waexporter.commands.console import Write
    from waexporter.model import Limits, Target

_TIMEOUT = 15.0  # seconds for one request
_PASSWORD_LENGTH = 32  # characters of a password; the API takes 8 to 64, with one of each class
_CHARACTER_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!%*+-.:=?@_~")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--url", required=True, help="https:// url of the client")
    parser.add_argument("--admin-user", required=True, metavar="NAME", help="an admin's account, often admin")
    parser.add_argument(
        "--admin-password-file", metavar="FILE", help="its password (default: asked for, and not shown)"
    )
    parser.add_argument(
        "--new-admin-password-file",
        metavar="FILE",
        help="if the admin must change its password at its first login: change it to this one",
    )
    parser.add_argument("--user", default="monitor", metavar="NAME", help="the account to make (monitor)")
    parser.add_argument(
        "--password-file",
        default="wa-password",
        metavar="FILE",
        help="where to write its password, for you alone to read (wa-password)",
    )
    parser.add_argument("--ca-file", metavar="FILE", help="the authority, or the webapp's own certificate")
    parser.add_argument(
        "--insecure-skip-verify", action="store_true", help="don't verify the certificate: anyone may listen"
    )


def run(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    """Create the account."""
    # Checked like keys of the configuration, with the same messages, before asking for the password.
    known = load_arguments(
        {"WAEXPORTER_TARGET_URL": options.url, "WAEXPORTER_TLS_CA_FILE": options.ca_file or ""},
        {"WAEXPORTER_TARGET_URL": "--url", "WAEXPORTER_TLS_CA_FILE": "--ca-file"},
    )
    changed = options.new_admin_password_file
    request = AccountRequest(options.user, options.password_file, _read_secret(changed) if changed else None)
    given = options.admin_password_file
    password = _read_secret(given) if given else ask_password(options.admin_user)
    tls = Tls(known.config.targets[0].tls.ca_file, None, options.insecure_skip_verify)
    target = replace(known.config.targets[0], auth=Credentials(None, options.admin_user, password), tls=tls)
    bootstrap(target, known.config.limits, request, write)
    return OK


def _read_secret(path: str) -> Secret:
    try:
        return read_secret_file(path, note=lambda words: warn(f"note: {words}"), may_end_blank=True)
    except ValueError as error:
        raise CommandError(str(error)) from error


@dataclass(frozen=True, slots=True)
class AccountRequest:
    """The account to create and where to keep its password."""

    user: str
    password_file: str
    new_admin_password: Secret | None = None  # change the admin's password to it, if it must be changed


def bootstrap(target: Target, limits: Limits, request: AccountRequest, write: Write) -> None:
    """Create the account, check what it may read, and write the configuration to paste.

    `target` has the admin's credentials. Raises CommandError, with what to do, for any failure.
    """
    admin = _log_in_as_admin(target, limits, request, write)
    password = make_password()
    _save_password(request.password_file, password)
    try:
        _create_account(admin, request.user, password)
        group = target.on_call_group or _read_on_call_group(admin)
    except CommandError:
        Path(request.password_file).unlink()
        raise
    finally:
        admin.close()
    file = request.password_file
    write(f"made the account {request.user!r}; its password is in {file}, readable by you alone")
    account = replace(target, auth=Credentials(username=request.user, password=password), on_call_group=group)
    _complete_first_login(account, limits)
    refused = _check_readable(account, limits, write)
    for line in (*_describe_variables(account, request), *_describe_configuration(account, request, refused)):
        write(line)


def make_password() -> Secret:
    """Return a random password, with a character of each class that the API requires."""
    rng = secrets.SystemRandom()
    letters = [rng.choice(each) for each in _CHARACTER_CLASSES]
    letters += [rng.choice("".join(_CHARACTER_CLASSES)) for _ in range(_PASSWORD_LENGTH - len(letters))]
    rng.shuffle(letters)
    return Secret("".join(letters))


# --- the admin ---------------------------------------------------------------------------------


def _log_in_as_admin(target: Target, limits: Limits, request: AccountRequest, write: Write) -> Client:
    client = Client(target, limits, TlsContexts())
    try:
        check(client.get("/v1/users/" + (target.auth.username or ""), _TIMEOUT))
    except RefusedError as error:
        client.close()
        if error.code != PASSWORD_CHANGE_REQUIRED:
            raise CommandError(str(error)) from error
        if request.new_admin_password is None:
            message = (
                f"the admin {target.auth.username!r} must change its password at its first login: "
                "choose one, "
                "write it to a file and say --new-admin-password-file FILE: then it is changed, and only then"
            )
            raise CommandError(message) from error
        _change_password(target, limits, request.new_admin_password)
        write(f"changed the password of {target.auth.username!r} to the one you gave")
        auth = replace(target.auth, password=request.new_admin_password)
        return Client(replace(target, auth=auth), limits, TlsContexts())
    except ApiError as error:
        client.close()
        raise CommandError(str(error)) from error
    return client


def _change_password(target: Target, limits: Limits, password: Secret) -> None:
    """Log in once with `new_password`, which changes the password; no other function does that."""
    password_now = target.auth.password.reveal() if target.auth.password else ""
    proof = basic_auth(target.auth.username or "", password_now)
    body = msgspec.json.encode({"new_password": password.reveal()})
    request = Request("POST", LOGIN_PATH, proof, body)
    client = Client(replace(target, auth=Credentials()), limits, TlsContexts())
    try:
        check(client.send(request, _TIMEOUT))
    except ApiError as error:
        raise CommandError(f"the password could not be changed: {error}") from error
    finally:
        client.close()


# --- the account -------------------------------------------------------------------------------


def _save_password(path: str, password: Secret) -> None:
    """Write the password to a new file, before the account exists, so that it can't be lost."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        message = f"{path} exists already; name another file with --password-file, or remove it"
        raise CommandError(message) from error
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password.reveal() + "\n")


def _create_account(admin: Client, user: str, password: Secret) -> None:
    body = msgspec.json.encode({"username": user, "password": password.reveal()})
    try:
        check(admin.send(Request("POST", "/v1/users", body=body), _TIMEOUT))
    except ApiError as error:
        if error.status == HTTPStatus.CONFLICT:
            message = f"there is an account {user!r} already; choose another name with --user"
            raise CommandError(message) from error
        if error.status == HTTPStatus.FORBIDDEN:
            raise CommandError(f"this account may not make accounts; an admin is needed ({error})") from error
        raise CommandError(f"the account could not be made: {error}") from error


def _read_on_call_group(admin: Client) -> str | None:
    """Return the on-call group, which the new account may not read; None without one."""
    try:
        reply = admin.get(COLLECTORS[Endpoint.SETTINGS].path, _TIMEOUT)
        check(reply)
        return read_settings(reply.body).value.on_call_pager
    except ApiError:
        return None


def _complete_first_login(account: Target, limits: Limits) -> None:
    """Set the same password again, if even a new account must change it at its first login."""
    client = Client(account, limits, TlsContexts())
    try:
        check(client.get("/v1/health", _TIMEOUT))
    except RefusedError as error:
        if error.code == PASSWORD_CHANGE_REQUIRED and account.auth.password is not None:
            # Clients accept the same password, as long as `new_password` is sent.
            _change_password(account, limits, account.auth.password)
    except ApiError:
        return  # the next check reports what is wrong with the client
    finally:
        client.close()


def _check_readable(account: Target, limits: Limits, write: Write) -> list[str]:
    """Poll every endpoint once as the account and write what it may read; return what it may not."""
    refused: list[str] = []
    client = Client(account, limits, TlsContexts())
    write("")
    write("what it may read:")
    try:
        for endpoint in account.plans:
            poller = Poller(client, endpoint, limits, now)
            outcome = poller.poll().outcome
            result = f"no: {outcome.message}" if isinstance(outcome, Failure) else "yes"
            write(f"  {endpoint:<14}{result}")
            if isinstance(outcome, Failure) and outcome.reason is Reason.REFUSED:
                refused.append(endpoint.value)
    finally:
        client.close()
    return refused


def _describe_variables(account: Target, request: AccountRequest) -> list[str]:
    """Return the lines with the account as environment variables."""
    tls = account.tls
    variables = {
        "WAEXPORTER_USERNAME": request.user,
        "WAEXPORTER_PASSWORD_FILE": request.password_file,
        "WAEXPORTER_TLS_CA_FILE": tls.ca_file if not tls.insecure_skip_verify else None,
        "WAEXPORTER_TLS_INSECURE_SKIP_VERIFY": "true" if tls.insecure_skip_verify else None,
        "WAEXPORTER_ON_CALL_GROUP": account.on_call_group,
    }
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items() if value)
    return [
        "",
        "to try it in this shell, without a file:",
        "",
        f"export {given}",
        f"waexporter probe {shlex.quote(account.url)}",
    ]


def _describe_configuration(account: Target, request: AccountRequest, refused: list[str]) -> list[str]:
    tls = [f"    tls: {{ca_file: {_quote(account.tls.ca_file)}}}"] if account.tls.ca_file else []
    password_file = str(Path(request.password_file).resolve())
    if account.tls.insecure_skip_verify:
        tls = ["    tls: {insecure_skip_verify: true}"]
    return [
        "",
        "the configuration to paste:",
        "",
        "targets:",
        f"  - name: {_quote(account.name)}",
        f"    url: {_quote(account.url)}",
        f"    auth: {{username: {_quote(request.user)}, password_file: {_quote(password_file)}}}",
        *tls,
        *([f"    on_call_group: {_quote(account.on_call_group)}"] if account.on_call_group else []),
        *(
            [f"    poll: {{{', '.join(f'{each}: off' for each in refused)}}}  # not for this account"]
            if refused
            else []
        ),
    ]


def _quote(text: str) -> str:
    """Quote a text for YAML, which accepts JSON's quotes."""
    return msgspec.json.encode(text).decode()
