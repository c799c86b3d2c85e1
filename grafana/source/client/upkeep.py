"""What runs out one day: disks, builds, certificates; and the settings of the client."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Column, Head, Query, bars, grid, lines, number, timeline
from grafana.source.selection import client, most, named, node

_CERTIFICATE_ENDS = "whatsapp_certificate_not_after_timestamp_seconds"
_CERTIFICATE_WORDS = {
    "served": ("served", None),
    "external_ca": ("external CA", None),
    "webhook_ca": ("webhook CA", None),
}
_CERTIFICATES = f"min by (target, certificate) ({client(_CERTIFICATE_ENDS)}) - time()"
_DAY = 86_400
_GIB = 2.0**30
_RUNNING_OUT = ((float("-inf"), states.RED), (2 * _DAY, states.ORANGE), (7 * _DAY, states.GREEN))

PANELS = (
    grid(
        Head(
            80,
            "Free space",
            "By node and volume, the fullest first; a client whose disk is full stops. Volumes without a "
            "limit are absent.",
            "none",
            10,
        ),
        [f"sort({most(node('whatsapp_free_space_bytes'), 'node', 'volume')})"],
        [
            Column("node", "Node", least=110, absent="the only one"),
            Column("volume", "Volume", width=90),
            Column(
                "Value",
                "Free",
                unit="bytes",
                steps=((float("-inf"), states.RED), (_GIB, states.ORANGE), (5 * _GIB, states.GREEN)),
                width=90,
            ),
        ],
    ),
    bars(
        Head(
            81,
            "Build ends in",
            "A build works for 180 days after it was made. Then the client stops: upgrade before.",
            "s",
            6,
        ),
        Query(
            f"min by (target) ({node('whatsapp_build_expiry_timestamp_seconds')}) - time()",
            "build",
        ),
        steps=_RUNNING_OUT,
        largest=180.0 * _DAY,
    ),
    grid(
        Head(
            82,
            "Certificates end",
            "Served: the webapp's own. External CA: whom it trusts when it fetches media. Webhook CA: whom "
            "it trusts at your webhook.",
            "none",
            8,
        ),
        [f"sort({_CERTIFICATES})"],
        [
            Column("certificate", "Certificate", texts=_CERTIFICATE_WORDS, least=110),
            Column("Value", "Ends in", unit="s", steps=_RUNNING_OUT, width=95),
        ],
    ),
    grid(
        Head(
            83,
            "Builds",
            "Every node with its version; they should be the same.",
            "none",
            10,
            8,
        ),
        [most(node("whatsapp_build_info"), "node", "version", "db_engine")],
        [
            Column("node", "Node", absent="the only one"),
            Column("version", "Version"),
            Column("db_engine", "Database"),
        ],
    ),
    grid(
        Head(
            84,
            "Shards",
            "Which node owns which shard of the recipients.",
            "none",
            6,
            8,
        ),
        [most(node("whatsapp_shard_owner"), "shard", "node")],
        [Column("shard", "Shard", width=70), Column("node", "Owner", least=100)],
    ),
    grid(
        Head(
            85,
            "Kind and API",
            "The kind of client, as configured or found out, and what its API says of itself.",
            "none",
            8,
            8,
        ),
        [
            most(client("whatsapp_topology_info"), "topology")
            + " * on (target) group_left (version, api_status) "
            + most(client("whatsapp_api_info"), "version", "api_status")
        ],
        [
            Column("topology", "Kind", least=90),
            Column("version", "API version", width=100),
            Column("api_status", "API status", width=90),
        ],
    ),
    number(
        Head(
            86,
            "Settings changed",
            "How long ago waexporter last saw a setting change.",
            "s",
            6,
            6,
        ),
        Query(
            f"time() - {most(client('whatsapp_settings_last_change_timestamp_seconds'))}"
            f" or 0 * {most(client('whatsapp_up'))} - 1",
            "",
        ),
        steps=((float("-inf"), states.ORANGE), (3600, states.GREEN)),
        states={-1: ("no change seen", "text")},
    ),
    grid(
        Head(
            87,
            "Settings",
            "How the client is set. Callbacks kept: without it, those in the queue are lost when the client "
            "restarts.",
            "none",
            18,
            6,
        ),
        [
            most(client(f"whatsapp_{name}"))
            for name in (
                "webhook_configured",
                "settings_callback_persist",
                "settings_pass_through",
                "settings_sent_status",
                "settings_webhooks_max_concurrent_requests",
                "settings_heartbeat_interval_seconds",
                "settings_unhealthy_interval_seconds",
                "on_call_pager_configured",
            )
        ],
        [
            Column("Value #A", "Webhook", states=states.YES_NO),
            Column("Value #B", "Callbacks kept", states=states.YES_NO),
            Column("Value #C", "Pass through", states=states.ON_OFF),
            Column("Value #D", "Sent reports", states=states.ON_OFF),
            Column("Value #E", "Callbacks at once", unit="short"),
            Column("Value #F", "Heartbeat", unit="s"),
            Column("Value #G", "Unhealthy after", unit="s"),
            Column("Value #H", "On-call group set", states=states.YES_NO),
        ],
    ),
    timeline(
        Head(
            88,
            "Sockets to WhatsApp",
            "Whether a node's socket is up. In a cluster only the serving nodes have one.",
            "none",
            8,
            6,
        ),
        Query(named(most(node("whatsapp_socket_connected"), "node"), "coreapp"), "{{node}}"),
        {0: ("down", states.BLUE), 1: ("up", states.GREEN)},
    ),
    lines(
        Head(
            89,
            "Webapp up for",
            "Since the webapp was started; back to 0 is a restart.",
            "s",
            8,
            6,
        ),
        Query(named(most(node("whatsapp_web_uptime_seconds"), "node"), "webapp"), "{{node}}"),
    ),
    grid(
        Head(
            90,
            "On-call group and canary",
            "Whether pages find somebody, and whether a contact check goes through; empty where not "
            "configured.",
            "none",
            8,
            6,
        ),
        [
            most(client("whatsapp_on_call_group_reachable")),
            most(client("whatsapp_on_call_group_participants")),
            most(client("whatsapp_canary_success")),
        ],
        [
            Column("Value #A", "Reachable", states=states.YES_NO, least=90),
            Column("Value #B", "People", unit="short", width=75),
            Column("Value #C", "Canary", states=states.YES_NO, width=75),
        ],
    ),
)
