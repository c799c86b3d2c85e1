"""Which client, what is wrong, since when, and whether messages are being lost."""

from __future__ import annotations

from grafana.source import problems, states
from grafana.source.panels import Head, Query, lines, number, timeline
from grafana.source.selection import client, most

PANELS = (
    number(
        Head(
            1,
            "Verdict",
            "What waexporter makes of the client now: the worst of its problems. Unknown means that it "
            "can't be asked.",
            "none",
            5,
            4,
        ),
        Query(states.verdict()),
        states=states.VERDICTS,
    ),
    number(
        Head(
            2,
            "Unwell for",
            "How long ago the client was last ok; 0 if it is. A client that was never ok shows the whole "
            "range of the dashboard, so widen that to see further back.",
            "s",
            4,
            4,
        ),
        Query(states.unwell_for()),
        steps=states.UNWELL,
    ),
    number(
        Head(
            3,
            "Messages",
            "Standing still: down, or not connected. Some fail: over 5 % are lost or refused, a shard is "
            "uncovered, the client is overloaded, or its build has expired. In doubt: the canary or queries "
            "of the database fail, or statistics are missing. Delayed: more than 1 000 messages or callbacks "
            "wait, or your webhook does not take them.",
            "none",
            5,
            4,
        ),
        Query(states.messages()),
        states=states.MESSAGES,
    ),
    number(
        Head(
            4,
            "Lost or refused",
            "Share of all messages of the last five minutes that the client refused through its own fault, "
            "accepted but could not deliver, or received and did not store. The caller has to send refused "
            "ones again.",
            "percentunit",
            5,
            4,
        ),
        Query(states.lost_share()),
        steps=states.LOSING,
        nothing="not known",
    ),
    number(
        Head(
            5,
            "Waiting for your webhook",
            "Callbacks in the queue: received messages and delivery reports. At about 100 000 the client "
            "refuses to send.",
            "short",
            5,
            4,
        ),
        Query(states.callbacks_waiting()),
        steps=states.QUEUE,
        nothing="not known",
    ),
    problems.table(6, height=5),
    timeline(
        Head(
            7,
            "Verdict over time",
            "Since when it is unwell, and whether it comes and goes.",
            "none",
            12,
            5,
        ),
        Query(states.verdict()),
        states.VERDICTS,
    ),
    timeline(
        Head(
            8,
            "Problems over time",
            "Each problem for as long as it was present, coloured by how bad it is.",
            "none",
            12,
            5,
        ),
        Query(problems.weighed_or_none(), "{{problem}} {{target}}"),
        problems.SEVERITIES,
    ),
    timeline(
        Head(
            9,
            "Nodes",
            "How each node says it is connected to WhatsApp. In a cluster, spare coreapps and, in high "
            "availability, all masters are disconnected: that is well.",
            "none",
            12,
            7,
        ),
        Query(states.gateway(), "{{target}} {{node}}"),
        states.GATEWAYS,
    ),
    lines(
        Head(
            10,
            "Connected coreapps and covered shards",
            "Connected should equal expected: fewer means that messages to some recipients fail, more that "
            "two clients use one number, which risks a ban.",
            "short",
            12,
            7,
        ),
        Query(most(client("whatsapp_coreapps_connected")), "{{target}} connected"),
        Query(most(client("whatsapp_coreapps_expected")), "{{target}} expected"),
        Query(most(client("whatsapp_shards_covered")), "{{target}} shards covered"),
        Query(most(client("whatsapp_shards")), "{{target}} shards"),
    ),
)
