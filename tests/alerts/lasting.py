"""Outages, flickers and gaps as series for promtool, for every alert on what lasts."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from tests.alerts.rules import alerts, needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.alerts.rules import Document

GOOD, BAD, NOTHING = "good", "bad", "nothing"  # what a scrape shows; nothing: it is missing, without a mark

SCRAPES = (15, 30, 60)  # seconds
_POLL = 30  # seconds: how long an answer about health stands
_CALM = 300  # seconds before it begins; a multiple of every scrape
_KEEP = 180  # seconds
_PATIENCE = 900  # seconds after it all, in which what is over might begin


class Lasting(NamedTuple):
    """An alert on what lasts, and the series that says so."""

    alert: str
    severity: str
    after: int  # seconds until it fires
    series: str  # without job, instance and target
    bad: str = "1"
    good: str = "0"  # stale: the series is there only while it is bad
    beside: tuple[tuple[str, str], ...] = ()  # further series, always the same

    @property
    def target(self) -> str:
        """Return the target it is about; each has its own, so that all can be in one test."""
        return f"{self.alert}-{self.severity}"


# What is always so is no matter of these alerts.
_OTHER_PROBLEM = ('whatsapp_problem{problem="build_expiring"', "1")


def _verdict(alert: str, severity: str, after: int, verdict: str) -> Lasting:
    other = ('whatsapp_verdict{verdict="ok"', "1")
    return Lasting(alert, severity, after, f'whatsapp_verdict{{verdict="{verdict}"', beside=(other,))


def _problem(alert: str, severity: str, after: int, problem: str, *beside: tuple[str, str]) -> Lasting:
    series = f'whatsapp_problem{{problem="{problem}"'
    return Lasting(alert, severity, after, series, good="stale", beside=(_OTHER_PROBLEM, *beside))


_NODE = 'whatsapp_gateway_status{node="core1:8f2c",role=""'
_UNCONNECTED = ("whatsapp_coreapps_connected{", "0")
_CONNECTED = ("whatsapp_coreapps_connected{", "1")

LASTING = (
    _verdict("WhatsAppDown", "critical", 180, "down"),
    _verdict("WhatsAppUnknown", "critical", 600, "unknown"),
    _verdict("WhatsAppDegraded", "warning", 600, "degraded"),
    Lasting(
        "WhatsAppNodeUnreachable",
        "warning",
        300,
        f'{_NODE},status="unreachable"',
        beside=((f'{_NODE},status="connected"', "1"),),
    ),
    _problem("WhatsAppShardUncovered", "critical", 180, "shard_uncovered"),
    _problem("WhatsAppNoPrimaryMaster", "warning", 300, "no_primary_master"),
    _problem("WhatsAppDuplicateClient", "critical", 180, "duplicate_client"),
    _problem("WhatsAppConnectingTooLong", "critical", 180, "connecting_too_long", _UNCONNECTED),
    _problem("WhatsAppConnectingTooLong", "warning", 180, "connecting_too_long", _CONNECTED),
    _problem("WhatsAppUnregistered", "critical", 180, "unregistered"),
    _problem("WhatsAppOverloaded", "critical", 300, "overloaded"),
    _problem("WhatsAppRateLimited", "warning", 600, "rate_limited"),
    Lasting(
        "WhatsAppCallbackQueueNearLimit",
        "critical",
        180,
        'whatsapp_callback_queue_size{node="core1:8f2c"',
        bad="80000",
    ),
)


class Span(NamedTuple):
    """So long it looks like this, to the exporter of this number."""

    seconds: int
    looks: str
    exporter: int = 0


class Claim(NamedTuple):
    """Whether the alert fires at a time, or has ever fired until then."""

    at: int
    fires: bool
    ever: bool = False


class Story(NamedTuple):
    """What happens, and what is to come of it."""

    spans: tuple[Span, ...]
    claims: tuple[Claim, ...]


def _never(*spans: Span) -> Story:
    """Tell a story in which nobody is told anything."""
    told = (Span(_CALM, GOOD), *spans, Span(_PATIENCE, GOOD))
    return Story(told, (Claim(sum(span.seconds for span in told), fires=False, ever=True),))


def _outage(seconds: int) -> Callable[[int, int], Story]:
    return lambda _after, _scrape: _never(Span(seconds, BAD))


def _nearly(after: int, _scrape: int) -> Story:
    """Be bad for the longest time that may show as `after` at scrapes of 60 s."""
    return _never(Span(after - 30, BAD))


def _lasts(after: int, scrape: int) -> Story:
    begins, ends = _CALM, _CALM + after + 120
    return Story(
        (Span(begins, GOOD), Span(ends - begins, BAD), Span(_PATIENCE, GOOD)),
        (
            Claim(begins + after - scrape, fires=False, ever=True),
            Claim(begins + after, fires=True),
            Claim(ends - scrape, fires=True),
            Claim(ends + _KEEP - 60, fires=True),
            Claim(ends + _KEEP + scrape, fires=False),
            Claim(ends + _PATIENCE, fires=False),
        ),
    )


def _interrupted(at: Callable[[int], int]) -> Callable[[int, int], Story]:
    """Let one poll say otherwise: before it fires that may delay it, later it ends nothing."""

    def story(after: int, scrape: int) -> Story:
        odd = max(_POLL, scrape)
        first, second = at(after), 2 * after
        back = _CALM + first + odd + second
        return Story(
            (
                Span(_CALM, GOOD),
                Span(first, BAD),
                Span(odd, GOOD),
                Span(second, BAD),
                Span(_PATIENCE, GOOD),
            ),
            (
                Claim(_CALM + after - scrape, fires=False, ever=True),
                *(Claim(time, fires=True) for time in range(_CALM + after + odd + 60, back, scrape)),
                Claim(back + _PATIENCE, fires=False),
            ),
        )

    return story


def _interrupted_while_it_fires(after: int, scrape: int) -> Story:
    odd = max(_POLL, scrape)
    first = after + 120
    ends = _CALM + first + odd + 600
    return Story(
        (Span(_CALM, GOOD), Span(first, BAD), Span(odd, GOOD), Span(600, BAD), Span(_PATIENCE, GOOD)),
        (
            *(Claim(time, fires=True) for time in range(_CALM + after, ends, scrape)),
            Claim(ends + _PATIENCE, fires=False),
        ),
    )


def _one_bad_poll_in_an_hour(_after: int, scrape: int) -> Story:
    return _never(Span(1500, GOOD), Span(max(_POLL, scrape), BAD), Span(1500, GOOD))


def _flapping(after: int, _scrape: int) -> Story:
    """Be bad for 90 s and well for 30 s, again and again."""
    times = 3 * after // 120
    ends = _CALM + times * 120
    return Story(
        (Span(_CALM, GOOD), *(Span(90, BAD), Span(30, GOOD)) * times, Span(_PATIENCE, GOOD)),
        (Claim(ends, fires=True, ever=True), Claim(ends + _PATIENCE, fires=False)),
    )


def _bad_then_a_gap(_after: int, _scrape: int) -> Story:
    return _never(Span(66, BAD), Span(294, NOTHING))


def _a_gap_between_two_bad_polls(_after: int, _scrape: int) -> Story:
    return _never(Span(30, BAD), Span(210, NOTHING), Span(30, BAD))


def _restarted(after: int, scrape: int) -> Story:
    """Restart the exporter in the middle; it has another name from then on."""
    pause = max(30, scrape)
    ends = _CALM + 90 + pause + 2 * after
    return Story(
        (
            Span(_CALM, GOOD),
            Span(90, BAD),
            Span(pause, NOTHING),
            Span(2 * after, BAD, exporter=1),
            Span(_PATIENCE, GOOD, exporter=1),
        ),
        (
            Claim(_CALM + after - scrape, fires=False, ever=True),
            *(Claim(time, fires=True) for time in range(_CALM + after + pause + 60, ends, scrape)),
            Claim(ends + _PATIENCE, fires=False),
        ),
    )


def _restarted_while_it_fires(after: int, scrape: int) -> Story:
    first, pause = after + 60, 120
    ends = _CALM + first + pause + 300
    return Story(
        (
            Span(_CALM, GOOD),
            Span(first, BAD),
            Span(pause, NOTHING),
            Span(300, BAD, exporter=1),
            Span(_PATIENCE, GOOD, exporter=1),
        ),
        (
            *(Claim(time, fires=True) for time in range(_CALM + after, ends, scrape)),
            Claim(ends + _PATIENCE, fires=False),
        ),
    )


STORIES: dict[str, Callable[[int, int], Story]] = {
    **{f"bad for {seconds} s": _outage(seconds) for seconds in (30, 66, 90, 150)},
    "bad for 30 s less than it takes": _nearly,
    "bad for two minutes more than it takes": _lasts,
    "a good poll soon after the beginning": _interrupted(lambda _after: 60),
    "a good poll shortly before it fires": _interrupted(lambda after: after - 60),
    "a good poll while it fires": _interrupted_while_it_fires,
    "one bad poll in an hour": _one_bad_poll_in_an_hour,
    "flapping": _flapping,
    "bad for 66 s, then a gap of scrapes": _bad_then_a_gap,
    "a gap of scrapes between two bad polls": _a_gap_between_two_bad_polls,
    "a restarted exporter": _restarted,
    "an exporter restarted while it fires": _restarted_while_it_fires,
}
# Scrapes of 60 s see every second part of it, and may meet the good ones only.
_UNSEEN = {("flapping", 60)}


def cases(rules: Iterable[Lasting], scrape: int) -> Iterator[Document]:
    """Yield a test of promtool for each story at one scrape interval."""
    rules = tuple(rules)
    for name, tell in STORIES.items():
        if (name, scrape) in _UNSEEN:
            continue
        stories = [(rule, tell(rule.after, scrape)) for rule in rules]
        yield {
            "name": f"{name}, scraped every {scrape} s",
            "interval": f"{scrape}s",
            "input_series": [each for rule, story in stories for each in _input(rule, story, scrape)],
            "promql_expr_test": [_asked(rule, claim) for rule, story in stories for claim in story.claims],
        }


def write(folder: Path, rules: Iterable[Lasting], scrape: int, evaluation: int) -> Path:
    """Write the tests of these rules as promtool reads them, and the shipped rules that they are about."""
    rules = tuple(rules)
    names = {rule.alert for rule in rules}
    own = [rule for rule in alerts() if rule.name in names]
    shipped = [rule.document() for rule in (*needed([rule.expr for rule in own]), *own)]
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "shipped", "rules": shipped}]}))
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{evaluation}s",
        "tests": list(cases(rules, scrape)),
    }
    file = folder / f"lasting-{scrape}-{evaluation}.yml"
    file.write_text(json.dumps(document))  # JSON is YAML
    return file


def _asked(rule: Lasting, claim: Claim) -> Document:
    firing = (
        f'ALERTS{{alertname="{rule.alert}",severity="{rule.severity}",target="{rule.target}",'
        'alertstate="firing"}'
    )
    # One second more: some versions of Prometheus count the beginning of a range in, others do not.
    expr = f"count_over_time({firing}[{claim.at + 1}s])" if claim.ever else firing
    gives = [{"labels": f'{{alertname="{rule.alert}"}}', "value": 1}] if claim.fires else []
    return {"expr": f"group by (alertname) ({expr})", "eval_time": f"{claim.at}s", "exp_samples": gives}


def _input(rule: Lasting, story: Story, scrape: int) -> Iterator[Document]:
    looks = list(_sampled(story.spans, scrape))
    for exporter in sorted({span.exporter for span in story.spans}):
        values = _values(rule, [look if at == exporter else None for look, at in looks])
        yield {"series": _named(rule, rule.series, exporter), "values": values}
    for series, value in rule.beside:
        yield {"series": _named(rule, series, 0), "values": f"{value}x{len(looks)}"}


def _named(rule: Lasting, series: str, exporter: int) -> str:
    comma = "" if series.endswith("{") else ","
    return f'{series}{comma}job="waexporter",instance="{exporter}:9847",target="{rule.target}"}}'


def _sampled(spans: Sequence[Span], scrape: int) -> Iterator[tuple[str, int]]:
    """Yield what each scrape shows, and by which exporter."""
    ends = list(accumulate(span.seconds for span in spans))
    for time in range(0, ends[-1], scrape):
        span = next(span for span, end in zip(spans, ends, strict=True) if time < end)
        yield span.looks, span.exporter


def _values(rule: Lasting, looks: Sequence[str | None]) -> str:
    """Write one exporter's series; None: it is not there."""
    was_there = False
    written = []
    for look in looks:
        if look == BAD:
            written.append(rule.bad)
        elif look == GOOD and rule.good != "stale":
            written.append(rule.good)
        elif look == NOTHING or not was_there:
            written.append("_")
        else:
            written.append("stale")
        was_there = written[-1] not in {"_", "stale"} or (was_there and look == NOTHING)
    return " ".join(written)
