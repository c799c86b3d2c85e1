"""Lasting conditions: ageing or misconfiguration that /health does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.faults.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIVE_DAYS = 5 * 86_400.0
_ONE_DAY = 86_400.0

CONDITIONS: Mapping[str, Kind] = {
    # what support tells
    "disk_low": Kind("Hardly any space is left for data"),
    "build_expiring": Kind("The build stops working `seconds` after this began", seconds=_FIVE_DAYS),
    "build_expired": Kind(
        "The build expired `seconds` before this began: no messages, no contacts", seconds=_ONE_DAY
    ),
    "version_skew": Kind("A node runs an older version (by default the last coreapp)"),
    "support_flat_numbers_as_text": Kind("Every number of the support answer is a text"),
    # what the nodes tell
    "two_primary_masters": Kind("Both masters are primary, and stay so (clusters only)"),
    "master_disconnected": Kind("The primary master is not connected, as it should be (multiconnect only)"),
    # the webapps
    "token_refused": Kind(
        "Every third request with a token meets a webapp that knows none: two databases behind one address"
    ),
    # the settings and the groups
    "settings_changed": Kind("The webhook's URL changes every `seconds`", seconds=60.0),
    "pager_unset": Kind("The settings have no on_call_pager"),
    "group_empty": Kind("Nobody but the business is in the on-call group"),
    "group_gone": Kind("The on-call group doesn't exist"),
    # endpoints that later versions don't have
    "no_groups": Kind("The endpoints of groups don't exist: 404", prefix="/v1/groups"),
    "no_contacts": Kind("The endpoint of contacts doesn't exist: 404", prefix="/v1/contacts"),
    # certificates
    "certificate_expiring": Kind(
        "The served certificate ends `seconds` after this began (TLS only)", "/", seconds=_FIVE_DAYS
    ),
    "certificate_expired": Kind(
        "The served certificate ended `seconds` before this began (TLS only)", "/", seconds=_ONE_DAY
    ),
    "ca_garbage": Kind("The external CA certificate is not PEM", prefix="/v1/certificates/external/ca"),
    # how long things take
    "canary_slow": Kind("Contact checks take `seconds`", prefix="/v1/contacts", seconds=5.0),
}
