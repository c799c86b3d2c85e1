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

Made from `alerts/` by `make alerts`; a test holds it to the rules. How to load them stands in the
[README](../README.md#alerts).

- **critical** wakes somebody now, **warning** is work for the day, **info** is good to know.
- **wa** marks alerts with the label `affects_channel: whatsapp`: a page about them can't trust that WhatsApp
  carries it.
- After: how long it must be so until it fires. Of states that are polled a few answers may say otherwise
  meanwhile ([alerts.yml](../alerts/alerts.yml) has the arithmetic).
- Kept: how long it goes on firing after the last time it was so.
- Tests are promtool tests about the alert: it fires, it does not, and both sides of its boundary.
- Killed are small changes of the rule (a threshold, a comparator, a matcher, an operator, `for`) that make a
  test fail.

"""
_TIMES = f"""
## Time to detect

From the moment a fault began in a simulated client until Prometheus had the alert firing: the fastest and the
slowest scenario of the simulator that raises it. Measured with Prometheus 3.5 and the default intervals of
polls and scrapes (15 s), each scenario at a client of its own. Of most scenarios every time was divided
by {DIVIDED.pace:g} and what was seen is multiplied by it again, which is exact to about 20 s. What has times
that can't be divided ({", ".join(sorted(OWN_TIME))},
and everything about waexporter itself) was measured as it is. A page leaves 10 s later, so that what belongs
together is told together. `python -m alerts.source.detection` measures it again, in about an hour;
`python -m alerts.source.outages` tries, in a quarter of one, who is paged for outages of one to five minutes:
nobody up to two and a half, once for five.

Rows whose scenario is told in several words were measured on 2026-11-29, all others on 2026-11-25. Some
rules were changed after that, so a row may be off by some minutes: how long an alert waits stands above,
under After.
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
            "\n## Changes that no test notices\n\n",
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
        f"\nRaised by nothing that was tried: {', '.join(others)}. Watchdog fires always.\n"
    )


def _minutes(detection: Detection) -> str:
    return f"{detection.seconds / 60:.1f} min ({detection.scenario})"


def _numbers(score: Score) -> str:
    return (
        f"{len(alert_names())} alerts in {len(alerts())} rules, {len(recordings())} recording rules, "
        f"{len(cases())} tests; of {sum(score.made.values())} changes {score.ratio:.1%} are killed.\n"
        # What test_hour.py holds to be true.
        f"\nIn {HOUR // 60} minutes of simulated clients that are well ({', '.join(CLIENTS)}) no alert fires "
        "and none is pending,\nthe watchdog aside; an outage in the same time fires its alert. In the "
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
