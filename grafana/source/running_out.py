"""What expires or fills up at the clients of a fleet: builds, certificates, disks and logins."""

from __future__ import annotations

from grafana.source import states
from grafana.source.frame import TO_CLIENT
from grafana.source.panels import Column, Head, Query, bars, grid
from grafana.source.selection import client, most

_DAY = 86_400
_GIB = 2.0**30
_RUNNING_OUT = ((float("-inf"), states.RED), (2 * _DAY, states.ORANGE), (7 * _DAY, states.GREEN))
_LOGIN_ENDS = client("whatsapp_token_expiry_timestamp_seconds")

_LEFT = (  # what is left of each thing that runs out, and how little of it is red
    (f"min by (target) ({client('whatsapp_build_expiry_timestamp_seconds')}) - time()", 2 * _DAY),
    (f"min by (target) ({client('whatsapp_certificate_not_after_timestamp_seconds')}) - time()", 2 * _DAY),
    (f"min by (target) ({client('whatsapp_free_space_bytes')})", _GIB),
    (
        # Whether a login still works, only a client that answers tells.
        f"min by (target) ({_LOGIN_ENDS}) - time() and on (target) {most(client('whatsapp_up'))} == 1",
        3600,
    ),
)


def _running_out_first() -> str:
    """Sort clients by their lowest reserve, relative to its red threshold: the first row is the worst."""
    parts = (
        f'label_replace(({left}) / {least:.0f}, "part", "{number}", "", "")'
        for number, (left, least) in enumerate(_LEFT)
    )
    return f"sort(min by (target) ({' or '.join(parts)}))"


PANELS = (
    grid(
        Head(
            40,
            "What runs out first",
            "The first build to stop working, the first certificate to end, and the fullest volume of each "
            "client.",
            "none",
            24,
            8,
        ),
        [_running_out_first(), *(left for left, _ in _LEFT)],
        [
            Column("target", "Client", least=190, link=TO_CLIENT),
            Column("Value #B", "Build", unit="s", steps=_RUNNING_OUT, width=95),
            Column("Value #C", "Certificate", unit="s", steps=_RUNNING_OUT, width=95),
            Column(
                "Value #D",
                "Free space",
                unit="bytes",
                steps=((float("-inf"), states.RED), (_GIB, states.ORANGE), (5 * _GIB, states.GREEN)),
                width=95,
            ),
            Column(
                "Value #E",
                "Login",
                unit="s",
                steps=((float("-inf"), states.RED), (3600, states.ORANGE), (_DAY, states.GREEN)),
                width=95,
            ),
        ],
    ),
    bars(
        Head(41, "Nodes by version", "Versions of the client in use; one is best.", "short", 24, 5),
        Query(
            f"count by (version) ({most(client('whatsapp_build_info'), 'version', 'node')})", "{{version}}"
        ),
        steps=((float("-inf"), states.BLUE),),
    ),
)
