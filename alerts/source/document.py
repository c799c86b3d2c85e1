"""docs/alerts.md, written from the rules, their tests and the score of the tests by `make alerts`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from alerts.source.detection import DIVIDED, OWN_TIME, Detection, detections
from alerts.source.mutation import measure, read_record, sum_up, write_record
from alerts.source.survivors import reason
from tests.alerts.hour import CLIENTS, HOUR, WARM_UP
from tests.alerts.rules import (
    ROOT,
    Rule,
    alert_names,
    alerts,
    cases,
    cases_of,
    recorded_names,
    recordings,
)
from waexporter.config.values.quantities import format_duration

if TYPE_CHECKING:
    from alerts.source.mutation import Score

_SEVERITIES = ("critical", "warning", "info")
DOCUMENT = ROOT / "docs" / "alerts.md"

_HEAD = """\
# Alerts

Written from `alerts/` by `make alerts`; a test checks that it matches the rules. How to load them is in the
[README](../README.md#alerts).

- **critical** wakes somebody now, **warning** is work for the day, **info** is good to know.
- **wa** marks alerts with the label `affects_channel: whatsapp`: a page about them must not rely on WhatsApp.
- After: how long the condition must be true until the alert fires. For states that are polled, a few answers
  in between may differ ([alerts.yml](../alerts/alerts.yml) has the arithmetic).
- Kept: how long it continues to fire after the condition was last true.
- Tests are promtool tests of the alert: it fires, it does not, and both sides of its limit.
- Killed are small changes of the rule (a threshold, a comparator, a matcher, an operator, `for`) that make a
  test fail.

"""
_TIMES = f"""
## Time to detect

The time from the beginning of a fault in a simulated client until the alert fires in Prometheus: for the
fastest and the slowest scenario of the simulator that raises it. Measured with Prometheus 3.5 and the
default intervals of polls and scrapes (15 s), each scenario at its own client. In most scenarios all times
were divided by {DIVIDED.pace:g} and the results multiplied by it, which is exact to about 20 s. Scenarios
whose times can't be divided
({", ".join(sorted(OWN_TIME))},
and everything about waexporter itself) were measured in real time. A page is sent 10 s later, because
alerts of one incident are sent together. `python -m alerts.source.detection` measures it again, in about an
hour; `python -m alerts.source.outages` tests in a quarter of an hour which outages of one to five minutes
page people: none up to two and a half minutes, and once for five.

Rows whose scenario has a name of several words were measured on 2026-11-29, all others on 2026-11-25. Some
rules were changed after that, so a row may be wrong by some minutes: how long an alert waits is shown
above, under After.
"""


def text(score: Score) -> str:
    """Return the document for the scores of all rules."""
    return "".join(
        (
            _HEAD,
            _numbers(score),
            "\n## The alerts\n\n| alert | severity | after | kept | meaning | tests | killed |\n",
            "|---|---|---|---|---|---|---|\n",
            *(_row(name, score) for name in alert_names()),
            "\n## Recording rules\n\n| series | killed |\n|---|---|\n",
            *(f"| `{name}` | {_killed(name, score)} |\n" for name in recorded_names()),
            "\n## Changes that no test detects\n\n",
            *(f"- {count}: {words}\n" for words, count in _reasons(score).items()),
            times(),
        )
    )


def times() -> str:
    """Return the section on how long each alert takes."""
    found: dict[tuple[str, str], list[Detection]] = {}
    for each in sorted(detections(), key=lambda each: each.seconds):
        found.setdefault((each.alert, each.severity), []).append(each)
    rows = (
        f"| {alert} | {severity} | {_minutes(rows[0])} | {_minutes(rows[-1]) if len(rows) > 1 else ''} |\n"
        for alert in alert_names()
        for severity in _SEVERITIES
        if (rows := found.get((alert, severity)))
    )
    others = sorted(set(alert_names()) - {"Watchdog"} - {alert for alert, _ in found})
    return (
        f"{_TIMES}\n| alert | severity | fastest | slowest |\n|---|---|---|---|\n{''.join(rows)}"
        f"\nNot raised by any of these scenarios: {', '.join(others)}. Watchdog fires always.\n"
    )


def _minutes(detection: Detection) -> str:
    return f"{detection.seconds / 60:.1f} min ({detection.scenario})"


def _numbers(score: Score) -> str:
    return (
        f"{len(alert_names())} alerts in {len(alerts())} rules, {len(recordings())} recording rules, "
        f"{len(cases())} tests; of {sum(score.made.values())} changes {score.ratio:.1%} are killed.\n"
        # What test_hour.py holds to be true.
        f"\nIn {HOUR // 60} minutes of healthy simulated clients ({', '.join(CLIENTS)}) no alert fires "
        "and none is pending,\nexcept the watchdog; an outage in the same time fires its alert. In the "
        f"{WARM_UP // 60} minutes before them, after a start, none fires,\nbut some may be pending.\n"
    )


def _row(name: str, score: Score) -> str:
    rules = [rule for rule in alerts() if rule.name == name]
    columns = (
        f"[{name}](../alerts/runbooks/{name}.md)",
        ", ".join(dict.fromkeys(_severity(rule) for rule in rules)),
        ", ".join(dict.fromkeys(format_duration(rule.after) if rule.after else "at once" for rule in rules)),
        ", ".join(dict.fromkeys(rule.keeps or "no" for rule in rules)),
        rules[0].annotations["summary"],
        str(len(cases_of(name))),
        _killed(name, score),
    )
    return f"| {' | '.join(columns)} |\n"


def _severity(rule: Rule) -> str:
    return rule.labels["severity"] + (" wa" if "affects_channel" in rule.labels else "")


def _killed(name: str, score: Score) -> str:
    survivors = sum(each.split(" (")[0].split(": ")[0] == name for each in score.survivors)
    return f"{score.made[name] - survivors} of {score.made[name]}"


def _reasons(score: Score) -> Counter[str]:
    return Counter(reason(survivor) or f"**no reason**: {survivor}" for survivor in score.survivors)


if __name__ == "__main__":
    print("Trying every change of every rule that is not on record ...")
    RULES = (*recordings(), *alerts())
    KNOWN = measure(RULES, read_record())
    write_record(KNOWN)
    DOCUMENT.write_text(text(sum_up(RULES, KNOWN)))
