"""Groups of alerts of every shape that `golden/` holds the messages of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from waexporter.paging.messages.compose import compose
from waexporter.paging.messages.markup import escape_markup
from waexporter.paging.model import Alert, Item, ItemKind, Page

NOW = 1_773_455_460.0  # 2026-03-14 02:31 UTC
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
_RUNBOOKS = "https://wiki.example/runbooks"
_DASHBOARD = "https://grafana.example/d/waexporter-client?var-target"

# What rules of the project say, cut short: severity, summary, description.
_RULES = {
    "WhatsAppDown": (
        "critical",
        "A WhatsApp client is down, no messages leave or arrive.",
        "{target} is down: no_coreapp_connected unreachable",
    ),
    "WhatsAppNodeUnreachable": (
        "warning",
        "A node of a WhatsApp client does not answer.",
        "{node} of {target} has not answered for 5 minutes.",
    ),
    "WhatsAppCallbackQueueGrowing": (
        "critical",
        "Callbacks pile up: customers' messages do not reach you.",
        "{target} has 48 211 callbacks waiting, 1 204 more every minute.",
    ),
    "WhatsAppBuildExpiring": (
        "warning",
        "A WhatsApp build expires within a week.",
        "{target} runs version 2.53.4, which ends on 2026-03-19.",
    ),
    "WhatsAppSettingsChanged": ("info", "Settings of a WhatsApp client changed.", "{target}: webhooks.url"),
}


def alert(name: str, target: str = "support-line", **more: Any) -> Alert:  # noqa: ANN401 - fields of an alert
    """Return an alert of one of the project's rules; `node` and `age` (seconds it has fired) may be given."""
    severity, summary, description = _RULES[name]
    node, age = more.pop("node", None), more.pop("age", 5 * MINUTE)
    where = {"target": target} | ({"node": node} if node else {})
    return foreign(
        {"alertname": name, "severity": severity, **where},
        {
            "summary": summary,
            "description": description.format(**where),
            "runbook_url": f"{_RUNBOOKS}/{name}.md",
            "dashboard_url": f"{_DASHBOARD}={target}",
        },
        age=age,
        **more,
    )


def foreign(labels: dict[str, str], annotations: dict[str, str] | None = None, **more: Any) -> Alert:  # noqa: ANN401
    """Return an alert of a rule that is not ours; known by its labels, as in Alertmanager."""
    age = more.pop("age", 5 * MINUTE)
    fingerprint = "".join(f"{key}={value};" for key, value in sorted(labels.items()))
    return Alert(fingerprint, NOW - age, labels=labels, annotations=annotations or {}, **more)


def fired(*alerts: Alert) -> tuple[Item, ...]:
    """Return items of alerts that fire."""
    return tuple(Item(each, ItemKind.FIRED) for each in alerts)


def reminded(*alerts: Alert) -> tuple[Item, ...]:
    """Return items of alerts that still fire."""
    return tuple(Item(each, ItemKind.REMINDED) for each in alerts)


def resolved(*alerts: Alert) -> tuple[Item, ...]:
    """Return items of alerts that have ended."""
    return tuple(Item(each, ItemKind.RESOLVED) for each in alerts)


def page(*items: Item, ago: float = 2.0, thread: str = "a", **more: Any) -> Page:  # noqa: ANN401 - fields of a page
    """Return a page that was received a while ago, in seconds."""
    return Page(thread, items, received_at=NOW - ago, **more)


def _ended(name: str, target: str = "support-line", **more: Any) -> Alert:  # noqa: ANN401
    return alert(name, target, **{"age": 21 * MINUTE, "ends_at": NOW - 6 * MINUTE, **more})


def _nodes(count: int) -> tuple[Alert, ...]:
    return tuple(alert("WhatsAppNodeUnreachable", node=f"wa-core-{place:03}:6252") for place in range(count))


def _clients(count: int) -> tuple[Alert, ...]:
    return tuple(alert("WhatsAppDown", f"shop-{place:02}") for place in range(count))


def _long(name: str, length: int, **more: str) -> Alert:
    return foreign(
        {"alertname": name, "severity": "critical", "target": "support-line", **more},
        {
            "summary": "Disk is full.",
            "description": "The disk of wa-db-0 is full and so is its spare. " * length,
        },
    )


def _storm() -> list[Page]:
    """Return what waited while nothing could be sent: an hour's pages of four threads."""
    down = alert("WhatsAppDown", age=31 * MINUTE)
    nodes = [alert("WhatsAppNodeUnreachable", node=f"wa-core-{place}", age=29 * MINUTE) for place in range(3)]
    queue = alert("WhatsAppCallbackQueueGrowing", age=27 * MINUTE)
    build = alert("WhatsAppBuildExpiring", "backup-line", age=3 * DAY)
    return [
        page(*fired(down), ago=30 * MINUTE),
        page(*fired(*nodes), ago=28 * MINUTE, thread="b"),
        page(*fired(queue), ago=26 * MINUTE, still_firing=1),
        page(*resolved(over(nodes[0], 20 * MINUTE)), ago=20 * MINUTE, thread="b", still_firing=2),
        page(*reminded(build), ago=18 * MINUTE, thread="c"),
        page(*resolved(over(queue, 12 * MINUTE)), ago=12 * MINUTE, still_firing=1),
        page(*resolved(_ended("WhatsAppSettingsChanged", "shop-01")), ago=6 * MINUTE, thread="d"),
    ]


def over(one: Alert, ago: float) -> Alert:
    """Return an alert that ended `ago` seconds ago."""
    return Alert(one.fingerprint, one.starts_at, NOW - ago, one.labels, one.annotations)


def _flash() -> list[Page]:
    down = alert("WhatsAppDown", age=21 * MINUTE)
    return [page(*fired(down), ago=20 * MINUTE), page(*resolved(over(down, 6 * MINUTE)), ago=6 * MINUTE)]


_HOSTILE = foreign(
    {
        "alertname": "*Disk*_full_",
        "severity": "~warning~",
        "target": "`rm -rf`",
        "node": "a\u202egro.elpmaxe\u200b\u2066",
    },
    {
        "summary": "```All``` is *well* \x1b[31m @everyone a@b.example",
        "description": "> quoted\n- item\n* item\n1. first\n12. twelfth\n\n_a_ ~b~ \ud800 end\x00",
        "runbook_url": "javascript:alert(1)",
        "dashboard_url": "https://admin:secret@grafana.example/d/1",
    },
)
_WRITINGS = foreign(
    {"alertname": "LatencyHigh", "severity": "warning", "target": "суппорт"},
    {
        "summary": "🔥 Antworten dauern länger als üblich 🐌",
        "description": "延迟超过 3 秒。 زمن الاستجابة مرتفع. 99 % > 3 s",
        "runbook_url": "https://wiki.example/Störung_langsam?q=a_b&c=*#top",
    },
)
# Rules of others: names that are copied, links within a text, words that are spelt with joiners, families.
_NAMES = foreign(
    {"alertname": "queue_length_high", "severity": "page", "target": "wa_core_1"},
    {
        "summary": "The queue of `wa_core_1` is *nearly* full.",
        "description": "no_coreapp_connected, see https://wiki.example/wa_ops/queue_full_ and _hurry_.",
    },
)
_PERSIAN = foreign(
    {"alertname": "SpellingKept", "severity": "ticket"},
    {
        "message": "نمی\u200cرسد و نمی\u200cرود 👨\u200d👩\u200d👧 ❤\ufe0f",
        "runbook": "https://wiki.example/a_b_c",
    },
)
_GRAFANA = foreign(
    {"alertname": "Queue", "grafana_folder": "WhatsApp"},
    {
        "summary": "A queue grows.",
        "runbook_url": "https://waexporter.example/runbooks/Queue.md",
        "dashboardURL": "https://grafana.example/d/a_b",
        "panelURL": "https://grafana.example/d/a_b?viewPanel=4",
        "silenceURL": "https://grafana.example/alerting/silence/new?matcher=alertname%3DQueue",
    },
)

SHAPES: dict[str, list[Page]] = {
    "one-critical": [page(*fired(alert("WhatsAppDown")))],
    "three-of-two-rules": [
        page(
            *fired(
                alert("WhatsAppNodeUnreachable", node="wa-core-1", age=12 * MINUTE),
                alert("WhatsAppDown", "shop-01"),
                alert("WhatsAppDown", "shop-02", age=40.0),
            )
        )
    ],
    "every-severity": [
        page(
            *fired(
                foreign({"alertname": "Odd", "severity": "page-the-boss"}, {"summary": "Something is odd."}),
                foreign({"alertname": "Plain"}, {"summary": "Nobody said how bad this is."}),
                alert("WhatsAppSettingsChanged"),
                alert("WhatsAppBuildExpiring"),
                alert("WhatsAppDown"),
            )
        )
    ],
    "others-still-fire": [page(*fired(alert("WhatsAppDown")), still_firing=4)],
    "firing-and-resolved": [
        page(
            *resolved(_ended("WhatsAppCallbackQueueGrowing")),
            *fired(alert("WhatsAppDown"), alert("WhatsAppNodeUnreachable", node="wa-core-1")),
        )
    ],
    "all-clear": [page(*resolved(*(_ended("WhatsAppDown", f"shop-0{place}") for place in range(3))))],
    "resolved-in-part": [
        page(*resolved(_ended("WhatsAppDown", "shop-01"), _ended("WhatsAppDown", "shop-02")), still_firing=3)
    ],
    "false-all-clear": [
        page(*resolved(_ended("WhatsAppDown", "shop-01"), _ended("WhatsAppDown", "shop-02")), truncated=2)
    ],
    "firing-truncated": [page(*fired(*_clients(2)), truncated=1)],
    "reminder": [page(*reminded(alert("WhatsAppDown", age=4 * HOUR + 5 * MINUTE)))],
    "reminder-beside-new": [
        page(
            *reminded(alert("WhatsAppBuildExpiring", age=2 * DAY + 3 * HOUR)),
            *fired(alert("WhatsAppBuildExpiring", "backup-line")),
        )
    ],
    "since-yesterday": [
        page(*resolved(_ended("WhatsAppDown", age=5 * HOUR))),
    ],
    "storm": [page(*fired(*_nodes(60), *_clients(5)))],
    "storm-truncated": [page(*fired(*_clients(30)), *resolved(*map(_ended, ["WhatsAppDown"])), truncated=70)],
    "delayed": [page(*fired(alert("WhatsAppDown", age=14 * MINUTE)), ago=12 * MINUTE)],
    "over-unheard": _flash(),
    "digest": _storm(),
    "digest-all-clear": [
        page(*resolved(_ended("WhatsAppDown"))),
        page(*resolved(_ended("WhatsAppBuildExpiring", "backup-line", age=3 * DAY)), thread="b"),
    ],
    "no-annotations": [
        page(
            *fired(
                foreign({"alertname": "DiskFull", "instance": "wa-db-0:9100", "device": "sda1"}),
                foreign({"alertname": "Deadlock"}),
            )
        )
    ],
    "no-name": [
        page(*fired(foreign({"job": "node", "device": "sda1", "severity": "critical"}), foreign({})))
    ],
    "unknown-times": [
        page(
            *fired(foreign({"alertname": "Odd"}, age=NOW + 62_135_596_800.0)),
            *resolved(foreign({"alertname": "Odder"}, age=NOW), foreign({"alertname": "Oddest"})),
        )
    ],
    "hostile": [page(*fired(_HOSTILE))],
    "writings": [page(*fired(_WRITINGS))],
    "rules-of-others": [page(*fired(_NAMES, _PERSIAN, _GRAFANA))],
    "storm-of-unknown-severity": [
        page(
            *fired(
                *(foreign({"alertname": f"Noise{place:02}", "severity": "info"}) for place in range(20)),
                *(foreign({"alertname": f"Odd{place:02}", "severity": "tier-1"}) for place in range(140)),
                foreign({"alertname": "Fire", "severity": "emergency"}),
                foreign({"alertname": "Flood", "severity": "SEV-1"}),
            )
        )
    ],
    "storm-of-infos": [
        page(
            *fired(*(foreign({"alertname": f"Noise{place:02}", "severity": "info"}) for place in range(150)))
        )
    ],
    "long-alone": [page(*fired(_long("WhatsAppDiskLow", 200)))],
    "long-beside-others": [page(*fired(_long("WhatsAppDiskLow", 200), *_clients(4), *_nodes(2)))],
    "absurd-labels": [
        page(
            *fired(
                foreign({"alertname": "A" * 10_000, "severity": "s" * 10_000, "target": "t" * 10_000}),
                foreign({f"label{place}": "v" * 10_000 for place in range(50)}),
                alert("WhatsAppDown"),
            )
        )
    ],
    "test-page": [
        page(
            *fired(
                foreign(
                    {"alertname": "WaExporterTest", "severity": "info"},
                    {
                        "summary": "This is a test.",
                        "description": "Nothing is wrong; sent by waexporter pager test.",
                    },
                    age=1.0,
                )
            )
        )
    ],
}


GOLDEN = Path(__file__).with_name("golden")


def messages() -> dict[str, str]:
    """Return the message of every shape by file name: for WhatsApp, and for others where that differs."""
    texts = {name: compose(pages, NOW) for name, pages in SHAPES.items()}
    sent = {name: escape_markup(text) for name, text in texts.items()}
    elsewhere = {f"{name}.elsewhere.txt": text for name, text in texts.items() if text != sent[name]}
    return {f"{name}.txt": text for name, text in sent.items()} | elsewhere


def first_line(*pages: Page) -> str:
    """Return the first line of the message of pages."""
    return compose(pages, NOW).split("\n")[0]


def down(count: int, **more: object) -> tuple[Alert, ...]:
    """Return alerts about clients that are down."""
    return tuple(alert("WhatsAppDown", f"shop-{place}", **more) for place in range(count))
