"""Whatever a client says, the page stays a page that holds what was taken, and what was not is counted."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.json_values import json_values
from tests.metrics.documents import body, counter, gauge, pair, sample, text, translate, translator
from tests.metrics.reading_back import Series, read_openmetrics, read_text
from tests.running.examples import examples
from waexporter.errors import BodyError
from waexporter.metrics.page import compose
from waexporter.model import Drop, Endpoint, Instant, Limits, PollPlan, Reading, Success, Target
from waexporter.polling.on_premises.collectors import STATISTICS_KEYS
from waexporter.polling.store import Store
from waexporter.whatsapp.documents.statistics import read_statistics

Json = dict[str, Any]

_EXAMPLES = settings(max_examples=examples(150))

# Few names, so that they meet: halves, suffixes of other types, our own, illegal ones that become alike.
_NAMES = [
    "x", "x_count", "x_sum", "x_total", "x_bucket", "x_created", "x_info", "x_ms", "x_ms_count", "x_ms_sum",
    "x_us", "x_kbytes", "x_duration_ms_y", "a.b", "a_b", "up", "verdict", "verdict_total", "web_uptime", "",
    "9", "ö",
]  # fmt: skip
_LABELS = [
    "a",
    "a.b",
    "a_b",
    "app",
    "coreapp",
    "node",
    "target",
    "le",
    "quantile",
    "job",
    "__a",
    "",
    "exported_le",
]
_ENDPOINTS = (Endpoint.APP, Endpoint.WEB, Endpoint.DB)

_characters = st.characters(exclude_categories=["Cs"])
_texts = st.one_of(
    st.sampled_from(["", "a", "%", "%s", "\\", '"', "\n", "\x00", "\r", "}", " ", "#"]), st.text(_characters)
)
# What has `data` in it is a family and no node.
_names = st.one_of(
    st.sampled_from(_NAMES), st.text(_characters, max_size=8).filter(lambda name: name != "data")
)
_values = st.one_of(
    st.integers(0, 1000),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [10**308, -(10**308), 1.7e308, 10**400, "12", "1.5", "nan", "1e999", "x", "", True, None]
    ),
)
_labels = st.dictionaries(st.sampled_from(_LABELS), st.sampled_from(["", "1", '"\\\n%', "ö"]), max_size=3)
_samples = st.fixed_dictionaries({"value": _values}, optional={"labels": _labels})
_bounds = st.sampled_from(["1", "1.0", "10", "2500", "0", "-1", "1e308", "1e999", "+Inf", "Inf", "x"])


@st.composite
def _spreads(draw: st.DrawFn) -> Json:
    """Return a strategy for a histogram, valid more often than not."""
    counts = sorted(draw(st.lists(st.integers(0, 9), max_size=4)))
    bucket: Json = dict(
        zip(draw(st.lists(_bounds, unique=True, min_size=4, max_size=4)), counts, strict=False)
    )
    total = max(counts, default=0)
    said = draw(st.sampled_from([total, total, total, "x", -1, total + 0.5]))
    return {"labels": draw(_labels), "bucket": {**bucket, "+Inf": total}, "sum": draw(_values), "count": said}


_plain = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["counter", "gauge", "summary", "mystery", "", None, 5]),
        "data": st.lists(_samples, max_size=4),
    },
    optional={"help": _texts},
)
_histograms = st.fixed_dictionaries({"type": st.just("histogram"), "data": st.lists(_spreads(), max_size=2)})
# Of names that meet, so that hardly any two of them agree.
_clashing = st.dictionaries(
    st.sampled_from(["x", "x_count", "x_sum", "x_total"]),
    st.one_of(_plain, _histograms),
    min_size=1,
    max_size=3,
)
_flat = st.dictionaries(_names, st.one_of(_plain, _plain, _histograms), max_size=6)
_nested = st.dictionaries(st.sampled_from(["n1", "n2", "n:3", 'n"4']), _flat, min_size=1, max_size=3)
_statistics = st.one_of(_flat, _nested)
_anything = json_values(_names, st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _texts))


def _count(document: Json) -> int:
    """Count the samples of an answer of the agreed shape; a histogram's are its buckets, count and sum."""
    metrics = list(document.values())
    if any("data" not in metric for metric in metrics):
        return sum(_count(node) for node in metrics)
    return sum(_width(datum) for metric in metrics for datum in metric["data"])


def _width(datum: Json) -> int:
    if "bucket" not in datum:
        return 1
    finite = [bound for bound in datum["bucket"] if "inf" not in bound.lower()]
    return len(finite) + 1 + 2


def _is_readable(document: Json) -> bool:
    """Return whether the decoder takes the answer as it is: a truth as a value makes it salvage samples."""
    metrics = [metric for metric in document.values() if "data" in metric]
    nodes = [node for node in document.values() if "data" not in node]
    values = [
        value
        for metric in metrics
        for datum in metric["data"]
        for value in [
            datum.get("value"),
            datum.get("sum"),
            datum.get("count"),
            *datum.get("bucket", {}).values(),
        ]
    ]
    return not any(isinstance(value, bool) for value in values) and all(map(_is_readable, nodes))


@_EXAMPLES
@given(_statistics, st.sampled_from(_ENDPOINTS), st.sampled_from([Limits(), Limits(4096, 5, 2)]))
def test_every_sample_is_written_or_counted_as_dropped(
    document: Json, endpoint: Endpoint, limits: Limits
) -> None:
    success = translate(document, endpoint, limits)

    written = sum(fragment.lines.count(b"\n") for part in success.parts for fragment in part.fragments)
    dropped = sum(count for _, count in success.dropped)
    assert success.samples == written
    assert written <= limits.samples_per_endpoint
    if _is_readable(document):
        assert written + dropped == _count(document)


@_EXAMPLES
@given(st.dictionaries(st.sampled_from(["x", "y_ms", "z_kbytes"]), st.lists(_values, max_size=5), max_size=3))
def test_a_gauge_comes_back_with_the_value_it_had(document: dict[str, list[object]]) -> None:
    metrics = {
        name: {
            "type": "gauge",
            "data": [{"value": value, "labels": {"i": str(i)}} for i, value in enumerate(values)],
        }
        for name, values in document.items()
    }
    factors = {"x": (1, "x", 1), "y_ms": (1, "y_seconds", 1000), "z_kbytes": (1024, "z_bytes", 1)}

    series = read_text(text(translate(metrics)))

    for (name, labels), value in series.items():
        index = int(dict(labels)["i"])
        upstream, (up, _, down) = next(row for row in factors.items() if f"whatsapp_{row[1][1]}" == name)
        said: Any = document[upstream][index]
        said = (int(said) if said.isdecimal() else float(said)) if isinstance(said, str) else said
        assert value == float(said * up / down if down > 1 else said * up)


_polls = st.lists(
    st.tuples(st.sampled_from(["one", "two", 'th"ree']), st.sampled_from(_ENDPOINTS), _statistics), max_size=5
)


@_EXAMPLES
@given(_polls)
def test_a_page_of_many_answers_reads_back_the_same_in_both_formats(
    polls: list[tuple[str, Endpoint, Json]],
) -> None:
    plans = {endpoint: PollPlan(15.0, 10.0) for endpoint in Endpoint}
    labels = {"one": (), "two": (("region", "eu"),), 'th"ree': (("zone", "\\\n"),)}
    targets = [Target(name, "http://t", plans=plans, labels=labels[name]) for name in labels]
    store = Store(targets, lambda: Instant(1.7e9, 0.0))
    common = {target.name: (("target", target.name), *target.labels) for target in targets}

    for name, endpoint, document in polls:
        outcome = translate(document, endpoint, common=common[name])
        store.put(Reading(name, endpoint, Instant(1.7e9, 0.0), 0.1, outcome))
    states = store.snapshot().states
    fragments = [fragment for state in states for fragment in state.fragments(0.0)]
    pages = {each: compose(fragments, openmetrics=each) for each in (False, True)}
    plain, strict = (b"".join(pages[each].chunks).decode() for each in (False, True))

    in_text, in_openmetrics = read_text(plain), read_openmetrics(strict + "# EOF\n")
    assert in_text == in_openmetrics
    assert len(in_text) == sum(not line.startswith("#") for line in plain.rstrip("\n").split("\n"))
    assert {("whatsapp_up", frozenset([("target", "one")]))} <= set(in_text)
    if not pages[False].clashes:
        assert len(in_text) == sum(fragment.lines.count(b"\n") for fragment in fragments)


def _without_empty(series: dict[Series, float], odd: str) -> dict[Series, float]:
    """Leave the odd one out, and labels without a value: a series with them is the same series."""
    rows = (
        (name, frozenset((key, each) for key, each in labels if each), value)
        for (name, labels), value in series.items()
    )
    return {(name, labels): value for name, labels, value in rows if ("node", odd) not in labels}


def _decided(document: Json) -> Json:
    """Make gauges of what has no type, and leave out what has no samples.

    Nodes that say no type take it from others, the odd one among them; without samples none has a vote on it.
    """
    types = {"counter", "gauge", "histogram"}
    return {
        name: metric if metric["type"] in types else {**metric, "type": "gauge"}
        for name, metric in document.items()
        if metric["data"]
    }


@_EXAMPLES
@given(st.one_of(_flat, _clashing).map(_decided), st.one_of(_flat, _clashing), st.integers(0, 3))
def test_a_deviating_node_does_not_change_the_samples_of_the_others(
    sound: Json, odd: Json, place: int
) -> None:
    names = ["n1", "n2", "n3"]
    alone = translate(dict.fromkeys(names, sound))
    # Where sound nodes contradict themselves, one voice more may rightly decide which family of theirs stays.
    assume(Drop.CLASH not in dict(alone.dropped))
    names.insert(place, "odd")

    beside = translate({name: odd if name == "odd" else sound for name in names})

    for openmetrics, read in ((False, read_text), (True, read_openmetrics)):
        before, after = (read(text(each, openmetrics=openmetrics)) for each in (alone, beside))
        assert _without_empty(after, "odd") == _without_empty(before, "odd")
    if _is_readable(sound) and _is_readable(odd):
        lost = sum(count for _, count in beside.dropped) - sum(count for _, count in alone.dropped)
        assert beside.samples - alone.samples + lost == _count(odd)


def _lines_of_others(page: str) -> list[str]:
    return [line for line in page.split("\n") if not line.startswith("#") and 'target="odd"' not in line]


def _clash_drops(store: Store, name: str) -> int:
    return store.state(name).tallies[Endpoint.APP].dropped[list(Drop).index(Drop.CLASH)]


@_EXAMPLES
@given(st.one_of(_statistics, _clashing), st.one_of(_statistics, _clashing), st.integers(0, 3))
@example({"x": gauge(sample(1))}, {"x": counter(sample(2))}, 0)
@example({"x": counter(sample(1))}, {"x_total": gauge(sample(2))}, 0)
@example(pair("x", (1, 2, {})), {"x_count": counter(sample(3))}, 0)
def test_a_deviating_target_does_not_change_the_samples_of_the_others(
    sound: Json, odd: Json, place: int
) -> None:
    names = ["one", "two", "three"]
    names.insert(place, "odd")
    plans = {Endpoint.APP: PollPlan(15.0, 10.0)}
    outcomes = {
        name: translate(odd if name == "odd" else sound, common=(("target", name),)) for name in names
    }

    def polled(*polls: str) -> Store:
        store = Store([Target(name, "http://t", plans=plans) for name in names], lambda: Instant(1.7e9, 0.0))
        for name in polls:
            store.put(Reading(name, Endpoint.APP, Instant(1.7e9, 0.0), 0.1, outcomes[name]))
        return store

    sound_names = [name for name in names if name != "odd"]
    alone, beside = polled(*sound_names), polled(*sound_names, *names)

    for openmetrics, read in ((False, read_text), (True, read_openmetrics)):
        pages = [
            b"".join(
                compose(
                    [each for state in store.states() for each in state.fragments(0.0)],
                    openmetrics=openmetrics,
                ).chunks
            ).decode()
            for store in (alone, beside)
        ]
        before, after = (
            [line for line in _lines_of_others(page) if "waexporter_" not in line] for page in pages
        )
        assert after == before
        read(pages[1] + ("# EOF\n" if openmetrics else ""))
    assert [_clash_drops(beside, name) for name in sound_names] == [
        2 * _clash_drops(alone, name) for name in sound_names
    ]
    outcome = beside.state("odd").readings[Endpoint.APP].outcome
    assert isinstance(outcome, Success)
    if _is_readable(odd):
        assert outcome.samples + sum(count for _, count in outcome.dropped) == _count(odd)


def _try(raw: bytes, endpoint: Endpoint) -> dict[Series, float]:
    try:
        statistics = read_statistics(raw, *STATISTICS_KEYS[endpoint])
    except BodyError:
        return {}
    return read_openmetrics(text(translator(endpoint).translate(statistics), openmetrics=True))


@_EXAMPLES
@given(_anything, st.sampled_from(_ENDPOINTS))
def test_any_json_gives_a_page_or_a_body_error(document: object, endpoint: Endpoint) -> None:
    raw = body(endpoint, document)

    series = _try(raw, endpoint)

    assert all(name.startswith("whatsapp_") for name, _ in series)


@_EXAMPLES
@given(st.one_of(_flat, _nested), st.data())
def test_an_answer_with_bytes_changed_gives_a_page_or_a_body_error(
    document: Json, data: st.DataObject
) -> None:
    raw = bytearray(json.dumps({"stats": {"app": document}}, ensure_ascii=False).encode())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))

    series = _try(bytes(raw), Endpoint.APP)

    assert all(name.startswith("whatsapp_") for name, _ in series)
