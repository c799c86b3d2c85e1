"""Users, their passwords and tokens, and the limit of failed logins."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from waexporter.simulator.envelope import Json, refusal
from waexporter.simulator.state.limits import Window

if TYPE_CHECKING:
    from waexporter.simulator.envelope import RefusalError
    from waexporter.simulator.faults.faults import Fault

ADMIN = "admin"
FIRST_PASSWORD = "secret"  # noqa: S105 - every client is delivered with it

_WEEK = 7 * 86_400.0
_HOUR = 3600.0
_WRONG_PER_HOUR = 30


@dataclass(slots=True)
class Account:
    """A user; `fresh` until the password is changed for the first time."""

    name: str
    password: str
    role: str  # admin | user
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Token:
    """The token of one login."""

    text: str
    name: str
    issued: float

    def document(self) -> Json:
        """Return the document with which a login is answered."""
        end = datetime.fromtimestamp(int(self.issued + _WEEK), UTC)
        return {"token": self.text, "expires_after": end.isoformat(sep=" ")}


def denied(status: int = 401, details: str = "Missing or invalid authentication credentials") -> RefusalError:
    """Return the refusal for missing rights."""
    return refusal(status, 1005, details)


class Accounts:
    """All accounts and their tokens."""

    def __init__(self, users: tuple[tuple[str, str, str], ...]) -> None:
        self._accounts = {ADMIN: Account(ADMIN, FIRST_PASSWORD, "admin")}
        self._accounts |= {name: Account(name, password, role, fresh=False) for name, password, role in users}
        self._tokens: dict[str, Token] = {}
        self._wrong: defaultdict[str, Window] = defaultdict(lambda: Window(_WRONG_PER_HOUR, _HOUR))

    def login(self, authorization: str, new_password: str | None, peer: str, now: float) -> Token:
        """Return a token for valid credentials; answers 429 after too many failed logins from one address."""
        wrong = self._wrong[peer]
        if wrong.full(now):
            raise refusal(429, 1015, "Too many failed logins")
        account = self._identify(authorization)
        if account is None:
            wrong.add(now)
            raise denied()
        if new_password is not None:
            self.change(account.name, new_password)
        elif account.fresh:
            raise refusal(401, 1024, "Password must be changed")
        token = Token(f"eyJhbGciOiJIUzUxMiJ9.{secrets.token_urlsafe(48)}", account.name, now)
        self._tokens[token.text] = token
        return token

    def _identify(self, authorization: str) -> Account | None:
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:  # not base64, or not UTF-8
            return None
        account = self._accounts.get(name)
        same = account is not None and hmac.compare_digest(account.password.encode(), password.encode())
        return account if same else None

    def account_of(self, token: str, now: float, expired: Fault | None) -> Account:
        """Return the account of a valid token; `expired` shortens the life of every token."""
        known = self._tokens.get(token)
        if known is None:
            raise denied()
        cut_off = expired is not None and (
            known.issued <= expired.since or now - known.issued >= expired.duration
        )
        if cut_off or now - known.issued >= _WEEK:
            raise denied(details="Token has expired")
        return self._accounts[known.name]

    def logout(self, token: str) -> None:
        """Revoke a token."""
        self._tokens.pop(token, None)

    def expire(self) -> int:
        """Revoke all tokens; return their number."""
        count = len(self._tokens)
        self._tokens.clear()
        return count

    def add(self, name: str, password: str) -> Account:
        """Add an account that must change its password at the first login."""
        if name in self._accounts:
            raise refusal(409, 1004, f"User {name} already exists")
        self._accounts[name] = Account(name, password, "user")
        return self._accounts[name]

    def find(self, name: str) -> Account:
        """Return an account by name."""
        if name not in self._accounts:
            raise refusal(404, 1006, f"User {name} not found")
        return self._accounts[name]

    def change(self, name: str, password: str) -> None:
        """Set a password and revoke the account's tokens."""
        if not password:
            raise refusal(400, 1009, "The password is empty")
        account = self.find(name)
        account.password, account.fresh = password, False
        self._forget(name)

    def remove(self, name: str) -> None:
        """Delete an account and its tokens."""
        del self._accounts[self.find(name).name]
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._tokens = {text: token for text, token in self._tokens.items() if token.name != name}

    def summary(self) -> Json:
        """Return the accounts without secrets."""
        users = [
            {"name": one.name, "role": one.role, "must_change_password": one.fresh}
            for one in self._accounts.values()
        ]
        return {"users": users, "tokens": len(self._tokens)}
