"""The summary: problems, since when, and whether messages are lost."""

from __future__ import annotations

from grafana.source import problems, states
from grafana.source.panels import Head, Query, lines, number, timeline
from grafana.source.selection import client, most, named

PANELS = (
    number(
        Head(
            11,
            "Severity",
            "How bad the worst problem is, whatever tells it: the client's own health, its statistics, or "
            "that nobody hears of it.",
            "none",
            4,
            4,
        ),
        Query(problems.severity_of_worst(), ""),
        states=problems.SEVERITIES,
    ),
    number(
        Head(
            2,
            "Wrong for",
            "Since when the worst problem has been there.",
            "s",
            4,
            4,
        ),
        Query(f"{problems.worst_for()} or {problems.severity_of_worst()} == 0", ""),
        steps=((1, states.BLUE),),
        states={0: ("nothing is wrong", states.GREEN)},
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
            4,
            4,
        ),
        Query(states.messages(), ""),
        states=states.MESSAGES,
    ),
    number(
        Head(
            4,
            "Lost",
            "Share of all messages of the last five minutes that the client refused through its own fault, "
            "accepted but could not deliver, or received and did not store. The caller has to send refused "
            "ones again.",
            "percentunit",
            4,
            4,
        ),
        Query(states.lost_share(), ""),
        steps=states.LOSING,
        states=states.NO_MESSAGES,
    ),
    number(
        Head(
            5,
            "Callbacks",
            "Callbacks in the queue: received messages and delivery reports. At about 100 000 the client "
            "refuses to send.",
            "short",
            4,
            4,
        ),
        Query(states.callbacks_waiting(), ""),
        steps=states.QUEUE,
    ),
    number(
        Head(
            1,
            "Verdict",
            "What the client's own health comes to. Its statistics may tell more: a client that loses "
            "messages may be ok. Unknown means that it can't be asked.",
            "none",
            4,
            4,
        ),
        Query(states.verdict(), ""),
        states=states.VERDICTS,
    ),
    problems.table(6, height=10),
    timeline(
        Head(
            7,
            "Verdict over time",
            "Since when it is unwell, and whether it comes and goes.",
            "none",
            12,
            5,
        ),
        Query(states.verdict(), "verdict"),
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
        Query(problems.severity(), "{{problem}}"),
        problems.SEVERITIES,
        identifiers=True,
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
        Query(named(states.gateway(), "coreapp"), "{{node}}"),
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
        Query(most(client("whatsapp_coreapps_connected")), "connected"),
        Query(most(client("whatsapp_coreapps_expected")), "expected"),
        Query(most(client("whatsapp_shards_covered")), "shards covered"),
        Query(most(client("whatsapp_shards")), "shards"),
    ),
)
