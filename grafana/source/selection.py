"""The selection of series by the variables at the top of a dashboard."""

from __future__ import annotations

from collections.abc import Callable

Select = Callable[[str], str]  # from a metric's name to a selector
Gain = Callable[[str], str]  # from a counter's selector to what it gains: such as `rate`

CHOSEN = 'target=~"$target"'
# Where one client is chosen, by its name as it is: brackets would count in a pattern, and quotes in quotes.
NAMED = "target=`${target:raw}`"


def own(metric: str, *matchers: str) -> str:
    """Select series about the chosen exporters."""
    return _select(metric, 'job=~"$job"', 'instance=~"$instance"', *matchers)


def client(metric: str, *matchers: str) -> str:
    """Select series about the chosen clients, from any exporter."""
    return _select(metric, 'job=~"$job"', CHOSEN, *matchers)


def polled(metric: str) -> str:
    """Select series of the chosen exporters about their polls of the chosen clients."""
    return own(metric, CHOSEN)


def running(expression: str) -> str:
    """Keep series about exporters only, and only while they run."""
    return f"{expression} and on (job, instance) {own('waexporter_build_info')}"


def node(metric: str, *matchers: str) -> str:
    """Select series about the chosen nodes of the chosen clients."""
    return client(metric, 'node=~"$node"', *matchers)


def named(expression: str, word: str, label: str = "node") -> str:
    """Set a label where it is missing, such as that of a single client's only node, for legends."""
    return f'label_replace({expression}, "{label}", "{word}", "{label}", "")'


def equal(label: str, value: str) -> str:
    """Return a label matcher."""
    return f'{label}="{value}"'


def rate(selector: str) -> str:
    """Return the rate of a counter."""
    return f"rate({selector}[$__rate_interval])"


def over_range(selector: str) -> str:
    """Return the same rate over the time shown."""
    return f"rate({selector}[$__range])"


def gained(selector: str) -> str:
    """Return the increase of one of our counters in the time shown, as a whole number.

    Ours begin at 0. What is new with another value VictoriaMetrics counts from 0, and Prometheus does not.
    """
    return f"round(increase({selector}[$__range]))"


def total(expression: str, *labels: str) -> str:
    """Sum by target and further labels; a client that two exporters poll counts once."""
    return f"sum by ({', '.join(('target', *labels))}) (max without (instance, pod) ({expression}))"


def most(expression: str, *labels: str) -> str:
    """Return the maximum by target and further labels; a client that two exporters poll counts once."""
    return f"max by ({', '.join(('target', *labels))}) ({expression})"


def mean(select: Select, summary: str, *labels: str, over: Gain = rate) -> str:
    """Return the mean of a summary by target and labels; absent while nothing is counted."""
    above, below = (total(over(select(f"{summary}_{part}")), *labels) for part in ("sum", "count"))
    return f"{above} / ({below} > 0)"


def _select(metric: str, *matchers: str) -> str:
    return f"{metric}{{{', '.join(matchers)}}}"
