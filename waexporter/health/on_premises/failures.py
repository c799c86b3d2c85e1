"""The verdict on an On-Premises client whose last health poll failed."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.health.on_premises.problems import PROBLEM_STATES
from waexporter.model import Failure, OnPremisesDetails, Problem, Reason, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.health.on_premises.facts import Facts

# The API's own codes are more precise than the HTTP status.
_CODES: Mapping[int, tuple[str, str]] = {
    1011: ("uninitialized", "the coreapp is not ready yet"),
    1014: ("no_coreapp_connected", "the webapp answers, but does not reach its coreapp"),
    1016: ("overloaded", "the client is overloaded"),
    1018: ("no_coreapp_connected", "no primary coreapp: a failover is under way"),
    1023: ("database", "the client does not reach its database"),
}
# The answers of a gateway, load balancer or proxy whose backend is down.
_BACKEND_DOWN = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
_ACCESS_DENIED = 1005
# A client sends the same code for a token that has expired, so the message has to name the build.
_EXPIRED = re.compile(r"\b(app|build|version)\w*( has| is)? expired\b", re.IGNORECASE)
_REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.UNREACHABLE: ("unreachable", "the client can't be reached"),
    Reason.TIMEOUT: ("timeout", "the client does not answer in time"),
    Reason.TLS: ("tls", "no trusted TLS connection to the client"),
    Reason.REFUSED: ("auth_refused", "the client does not accept the credentials"),
    Reason.STATUS: ("unexpected_answer", "the client answers /health with an error"),
    Reason.BODY: ("unexpected_answer", "the client's answer is not understood"),
    Reason.TOO_LARGE: ("unexpected_answer", "the client's answer is not understood"),
}


def is_build_expired(failure: Failure) -> bool:
    """Return whether a client refuses all requests because its build has expired."""
    is_denied = failure.reason is Reason.REFUSED and failure.code == _ACCESS_DENIED
    return is_denied and bool(_EXPIRED.search(failure.message))


def is_access_denied(failure: Failure) -> bool:
    """Return whether a client refuses an account because of its rights."""
    is_denied = failure.reason is Reason.REFUSED and failure.code == _ACCESS_DENIED
    return is_denied and not is_build_expired(failure)


def judge_without_health(facts: Facts, before: Verdict | None) -> Verdict:
    """Return the verdict on a client without a fresh health answer."""
    topology = facts.topology or OnPremisesDetails.of(before).topology
    if not facts.polled:
        problem: Problem | None = Problem("not_polled", "no health poll has ended yet")
    elif facts.failure is None:
        problem = Problem("stale", "no health answer for too long")
    elif facts.failure.reason is Reason.RATE_LIMITED:
        problem = None
    else:
        problem = _of_failure(facts.failure)
    problems = (problem,) if problem else ()
    # A rate limit does not mean a broken client, but without a fresh health answer its state is unknown.
    state = PROBLEM_STATES[problem.slug] if problem else State.UNKNOWN
    return Verdict(state, problems, details=OnPremisesDetails(topology, shards=facts.shards))


def _of_failure(failure: Failure) -> Problem:
    if is_build_expired(failure):
        return Problem("build_expired", f"this build of the client has expired: {failure.message}")
    if failure.is_foreign and failure.status in _BACKEND_DOWN:
        return Problem("unreachable", f"the proxy in between reaches no webapp: {failure.message}")
    if failure.is_foreign and failure.reason is Reason.UNREACHABLE:
        return Problem("unexpected_answer", f"the proxy does not lead to the client: {failure.message}")
    by_code = _CODES.get(failure.code or 0) if failure.reason in {Reason.STATUS, Reason.BODY} else None
    slug, words = by_code or _REASONS.get(failure.reason, _REASONS[Reason.STATUS])
    return Problem(slug, f"{words}: {failure.message}")
