"""Answers become fragments: names, units, pairs, histograms, and everything that is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.metrics.documents import (
    GOLDEN,
    HA_APP,
    HA_DB,
    app,
    body,
    counter,
    gauge,
    histogram,
    lines,
    pages,
    pair,
    sample,
    text,
    translate,
    translator,
    web,
)
from waexporter.metrics.known_families import HEADS
from waexporter.metrics.on_premises.upstream_catalogue import CATALOGUE
from waexporter.model import Drop, Endpoint, Limits, Success
from waexporter.polling.on_premises.collectors import STATISTICS_KEYS
from waexporter.whatsapp.documents.statistics import Datum, Metric, Statistics, read_statistics

if TYPE_CHECKING:
    from tests.real.fixtures import RunTool

Json = dict[str, Any]


def read(document: object, endpoint: Endpoint = Endpoint.APP) -> Statistics:
    return read_statistics(body(endpoint, document), *STATISTICS_KEYS[endpoint])


# --- golden files ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(pages()))
def test_every_answer_has_its_golden_page(name: str) -> None:
    recorded = (GOLDEN / name).read_text(encoding="utf-8")

    page = pages()[name]

    assert page == recorded


def test_every_golden_page_has_an_answer() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(pages())


@pytest.mark.parametrize("name", [name for name in sorted(pages()) if name.endswith(".prom")])
def test_promtool_finds_nothing_wrong_with_a_page(promtool: RunTool, suite: str, name: str) -> None:
    page = (GOLDEN / name).read_bytes()

    finding = promtool(suite, "check", "metrics", stdin=page)

    assert finding.status == 0, finding.output
    assert finding.output == ""


# --- pairs -------------------------------------------------------------------------------------


def test_count_and_sum_of_a_summary_are_adjacent_for_every_label_set() -> None:
    document = pair("wait_ms", (4, 2000, {"result": "ok"}), (1, 30, {"result": "bad"}))

    written = lines(translate(document))

    assert written == [
        'whatsapp_wait_seconds_count{target="support-line",result="ok"} 4',
        'whatsapp_wait_seconds_sum{target="support-line",result="ok"} 2.0',
        'whatsapp_wait_seconds_count{target="support-line",result="bad"} 1',
        'whatsapp_wait_seconds_sum{target="support-line",result="bad"} 0.03',
    ]


def test_the_order_of_the_halves_in_the_answer_does_not_matter() -> None:
    halves = pair("wait_ms", (4, 2000, {"result": "ok"}))
    turned = dict(reversed(halves.items()))

    written = text(translate(turned))

    assert "# TYPE whatsapp_wait_seconds summary" in written
    assert sorted(lines(translate(turned))) == sorted(lines(translate(halves)))


NO_PAIRS: dict[str, Json] = {
    "a count alone": {"x_count": counter(sample(1))},
    "a sum alone": {"x_sum": counter(sample(1))},
    "a gauge beside a counter": {"x_count": counter(sample(1)), "x_sum": gauge(sample(1))},
    "two gauges": {"x_count": gauge(sample(1)), "x_sum": gauge(sample(1))},
    "other label names": {"x_count": counter(sample(1, a="1")), "x_sum": counter(sample(1, b="1"))},
}


@pytest.mark.parametrize("document", NO_PAIRS.values(), ids=NO_PAIRS.keys())
def test_only_a_pair_of_counters_is_a_summary(document: Json) -> None:
    success = translate(document)

    heads = {fragment.head.name: fragment.head.type for fragment in success.parts[0].fragments}
    assert heads == {f"whatsapp_{name}": metric["type"] for name, metric in document.items()}
    assert success.dropped == ()


def test_a_half_without_a_usable_value_does_not_turn_the_other_into_another_family() -> None:
    document = {"x_ms_count": counter(sample(1, a="1")), "x_ms_sum": counter(sample("nan", a="1"))}

    success = translate(document)

    assert success.parts[0].fragments[0].head.type == "summary"
    assert lines(success) == ['whatsapp_x_seconds_count{target="support-line",a="1"} 1']


ONE, TWO = {"a": "1"}, {"a": "2", "b": "2"}
PAIR = pair("x_ms", (1, 10, ONE), (2, 20, TWO))

# What is said badly of one half, and the place in it.
HARMED_PAIRS: dict[str, Json] = {
    "a bad value has the only label of that name": {
        **PAIR,
        "x_ms_sum": counter(sample(10, **ONE), sample("nan", **TWO)),
    },
    "labels that are no map": {
        **PAIR,
        "x_ms_sum": counter(sample(10, **ONE), {"value": 20, "labels": ["a"]}),
    },
    "a type that can't be read": {**PAIR, "x_ms_sum": {**PAIR["x_ms_sum"], "type": None}},
    "a type and no data": {**PAIR, "x_ms_sum": {"type": 3, "data": []}},
    "nothing": {**PAIR, "x_ms_sum": counter()},
    "every value": {**PAIR, "x_ms_sum": counter(sample(-1, **ONE), sample(None, **TWO))},
}


@pytest.mark.parametrize("document", HARMED_PAIRS.values(), ids=HARMED_PAIRS.keys())
def test_what_is_bad_in_one_half_does_not_turn_a_summary_into_other_families(document: Json) -> None:
    success = translate(document)

    heads = [fragment.head for fragment in success.parts[0].fragments]
    assert [(head.name, head.type) for head in heads] == [("whatsapp_x_seconds", "summary")]
    assert 'whatsapp_x_seconds_count{target="support-line",a="2",b="2"} 2' in lines(success)


@pytest.mark.parametrize("lost", [17, "text", {"data": "none"}], ids=repr)
@pytest.mark.parametrize("part", ["count", "sum"])
def test_the_half_of_a_documented_pair_stays_half_a_summary_when_the_other_is_lost(
    part: str, lost: object
) -> None:
    stem = "callback_requests_duration_ms"
    document = {**pair(stem, (1, 10, {})), f"{stem}_{part}": lost}

    success = translate(document)

    head = success.parts[0].fragments[0].head
    assert (head.name, head.type) == ("whatsapp_callback_requests_duration_seconds", "summary")
    assert dict(success.dropped) == {Drop.MALFORMED: 1}


ODD_HALVES: dict[str, Json] = {
    "other label names": {"x_count": counter(sample(9, b="1")), "x_sum": counter(sample(9))},
    "a count alone": {"x_count": counter(sample(9, a="1"))},
    "gauges": {"x_count": gauge(sample(9)), "x_sum": gauge(sample(9))},
}


@pytest.mark.parametrize("odd", ODD_HALVES.values(), ids=ODD_HALVES.keys())
def test_one_node_alone_does_not_turn_the_summary_of_the_others_into_other_families(odd: Json) -> None:
    sound = pair("x", (1, 2, {"a": "1"}))

    success = translate({"n0": odd, "n1": sound, "n2": sound})

    assert {fragment.head.type for fragment in success.parts[0].fragments} == {"summary"}
    assert sum('node="n0"' not in line for line in lines(success)) == 4


def test_one_node_alone_does_not_turn_the_counter_of_the_others_into_a_summary() -> None:
    sound = {"x_count": counter(sample(1))}

    success = translate({"n0": pair("x", (1, 2, {})), "n1": sound, "n2": sound})

    assert {fragment.head.name for fragment in success.parts[0].fragments} == {
        "whatsapp_x_count",
        "whatsapp_x_sum",
    }


def test_a_count_alone_in_an_answer_that_lost_nothing_is_a_counter() -> None:
    success = translate({"callback_requests_duration_ms_count": counter(sample(1))})

    assert lines(success) == [
        'whatsapp_callback_requests_duration_seconds_count_total{target="support-line"} 1'
    ]


def test_a_count_that_is_not_whole_is_left_out_since_parsers_refuse_a_page_with_it() -> None:
    document = {
        "x_count": counter(sample(1.5), sample(2.0, a="1")),
        "x_sum": counter(sample(1), sample(3, a="1")),
    }

    success = translate(document)

    assert dict(success.dropped) == {Drop.MALFORMED: 1}
    assert 'whatsapp_x_count{target="support-line",a="1"} 2.0' in lines(success)


def test_missing_label_names_of_a_family_are_filled_with_nothing() -> None:
    document = {"x": gauge(sample(1, a="1"), sample(2, b="2"), sample(3))}

    written = lines(translate(document))

    assert written == [
        'whatsapp_x{target="support-line",a="1",b=""} 1',
        'whatsapp_x{target="support-line",a="",b="2"} 2',
        'whatsapp_x{target="support-line",a="",b=""} 3',
    ]


# --- histograms --------------------------------------------------------------------------------


def test_a_histogram_has_its_bounds_in_the_base_unit_in_order_and_the_last_is_infinite() -> None:
    document = {"wait_ms": histogram({"+Inf": 9, "1000": 5, "50": 2}, 4500, 9)}

    written = lines(translate(document))

    assert written == [
        'whatsapp_wait_seconds_bucket{target="support-line",le="0.05"} 2',
        'whatsapp_wait_seconds_bucket{target="support-line",le="1.0"} 5',
        'whatsapp_wait_seconds_bucket{target="support-line",le="+Inf"} 9',
        'whatsapp_wait_seconds_count{target="support-line"} 9',
        'whatsapp_wait_seconds_sum{target="support-line"} 4.5',
    ]


@pytest.mark.parametrize("infinite", ["+Inf", "Inf", "inf", "+inf", "infinity"])
def test_the_infinite_bucket_is_known_by_every_spelling(infinite: str) -> None:
    written = lines(translate({"x": histogram({"1": 1, infinite: 2}, 3, 2)}))

    assert written[1] == 'whatsapp_x_bucket{target="support-line",le="+Inf"} 2'


def test_a_missing_infinite_bucket_is_the_count() -> None:
    written = lines(translate({"x": histogram({"1": 1}, 3, 2)}))

    assert written[1] == 'whatsapp_x_bucket{target="support-line",le="+Inf"} 2'


BAD_HISTOGRAMS: list[tuple[str, Json, Drop]] = [
    ("shrinking", histogram({"1": 5, "2": 4, "+Inf": 6}, 1, 6), Drop.MALFORMED),
    ("more than the count", histogram({"1": 5, "+Inf": 6}, 1, 7), Drop.MALFORMED),
    ("one bound written twice", histogram({"1": 1, "1.0": 2, "+Inf": 3}, 1, 3), Drop.MALFORMED),
    ("infinity written twice", histogram({"1": 1, "Inf": 3, "+Inf": 3}, 1, 3), Drop.MALFORMED),
    ("a bound beyond a double", histogram({"1": 1, "1e999": 3}, 1, 3), Drop.MALFORMED),
    ("a bound below zero", histogram({"-1": 1, "+Inf": 3}, 1, 3), Drop.MALFORMED),
    ("a bound of minus infinity", histogram({"-Inf": 1, "+Inf": 3}, 1, 3), Drop.MALFORMED),
    ("a bound that is no number", histogram({"many": 1, "+Inf": 3}, 1, 3), Drop.MALFORMED),
    ("a bound that only contains inf", histogram({"1": 1, "info": 3}, 1, 3), Drop.MALFORMED),
    ("a fraction of an event", histogram({"1": 1.5, "+Inf": 3}, 1, 3), Drop.MALFORMED),
    ("a bucket that is no number", histogram({"1": "x", "+Inf": 3}, 1, 3), Drop.NOT_A_NUMBER),
    ("no count", histogram({"1": 1, "+Inf": 3}, 1, None), Drop.NOT_A_NUMBER),
    ("no sum", histogram({"1": 1, "+Inf": 3}, None, 3), Drop.NOT_A_NUMBER),
    ("a sum below zero", histogram({"1": 1, "+Inf": 3}, -1, 3), Drop.OUT_OF_RANGE),
]


@pytest.mark.parametrize(
    ("document", "why"), [row[1:] for row in BAD_HISTOGRAMS], ids=[r[0] for r in BAD_HISTOGRAMS]
)
def test_what_is_no_histogram_is_left_out_as_a_whole(document: Json, why: Drop) -> None:
    success = translate({"x": document, "y": gauge(sample(1))})

    assert lines(success) == ['whatsapp_y{target="support-line"} 1']
    assert [drop for drop, _ in success.dropped] == [why]


def test_a_bad_bucket_costs_its_own_histogram_and_not_the_type_of_the_others() -> None:
    good, bad = ({"1": 1, "+Inf": 2}, {"1": "x", "+Inf": 2})
    data = [
        {"labels": {"a": str(place)}, "bucket": bucket, "sum": 3, "count": 2}
        for place, bucket in enumerate((bad, good))
    ]

    success = translate({"x": {"type": "histogram", "data": data}})

    assert success.parts[0].fragments[0].head.type == "histogram"
    assert lines(success) == [
        'whatsapp_x_bucket{target="support-line",a="1",le="1.0"} 1',
        'whatsapp_x_bucket{target="support-line",a="1",le="+Inf"} 2',
        'whatsapp_x_count{target="support-line",a="1"} 2',
        'whatsapp_x_sum{target="support-line",a="1"} 3',
    ]
    assert dict(success.dropped) == {Drop.NOT_A_NUMBER: 4}


# --- types -------------------------------------------------------------------------------------

NOTHING = "nothing at all"  # the key is missing; an object would make every process name its tests otherwise
UNREADABLE: list[object] = [NOTHING, None, "", 5, "mystery", ["gauge"], {}, True]


def typed(kind: object, *data: object) -> Json:
    said = {} if kind is NOTHING else {"type": kind}
    return {**said, "help": "", "data": [*data]}


@pytest.mark.parametrize("kind", UNREADABLE, ids=repr)
@pytest.mark.parametrize(
    ("name", "endpoint", "written"),
    [
        ("callback_queue_size", Endpoint.APP, "whatsapp_callback_queue_size"),
        ("endpoint_requests", Endpoint.APP, "whatsapp_endpoint_requests_total"),
        ("db_contacts", Endpoint.DB, "whatsapp_db_contacts"),
        ("web_connections", Endpoint.WEB, "whatsapp_web_connections_total"),
    ],
)
def test_a_known_family_whose_type_cannot_be_read_has_the_documented_one(
    name: str, endpoint: Endpoint, written: str, kind: object
) -> None:
    well_said = translate(
        {name: {**gauge(sample(1)), "type": CATALOGUE[endpoint][name], "help": ""}}, endpoint
    )

    success = translate({name: typed(kind, sample(1))}, endpoint)

    assert lines(success) == [f'{written}{{target="support-line"}} 1']
    assert success == well_said


def test_values_are_checked_against_the_resolved_type() -> None:
    success = translate({"endpoint_requests": typed(None, sample(-1), sample(1, a="1"))})

    assert lines(success) == ['whatsapp_endpoint_requests_total{target="support-line",a="1"} 1']
    assert dict(success.dropped) == {Drop.OUT_OF_RANGE: 1}


@pytest.mark.parametrize("kind", ["GAUGE", " Gauge\n"])
def test_a_type_is_read_as_parsers_of_the_text_format_do(kind: str) -> None:
    assert translate({"x": typed(kind, sample(1))}) == translate({"x": typed("gauge", sample(1))})


# The types that the nodes say of one family outside the catalogue, what it becomes, and who loses.
NODES: dict[str, tuple[str, list[object], str, set[int]]] = {
    "nobody says it": ("x", [None, None], "unknown", set()),
    "one of two says it": ("x", [None, "gauge"], "gauge", set()),
    "most say another": ("x", ["counter", "gauge", "gauge"], "gauge", {0}),
    "most of those who say any": ("x", [None, None, None, "counter"], "counter", set()),
    "as many say each": ("x", ["gauge", "counter"], "gauge", {1}),
    "as many, and it is documented": ("endpoint_requests", ["gauge", "counter"], "counter", {0}),
    "most say another than is documented": ("endpoint_requests", ["gauge", "counter", "gauge"], "gauge", {1}),
    "one has buckets": ("x", ["histogram", None, "gauge", "gauge"], "gauge", {0}),
}


@pytest.mark.parametrize(("name", "kinds", "agreed", "losing"), NODES.values(), ids=NODES.keys())
def test_if_nodes_disagree_on_a_type_the_majority_wins(
    name: str, kinds: list[object], agreed: str, losing: set[int]
) -> None:
    document = {f"n{place}": {name: typed(kind, sample(place))} for place, kind in enumerate(kinds)}

    success = translate(document)

    [fragment] = success.parts[0].fragments
    staying = [place for place in range(len(kinds)) if place not in losing]
    assert fragment.head.type == agreed
    assert [int(line.rsplit(" ", 1)[1]) for line in lines(success)] == staying
    # A plain value that is called a histogram's is no number of one: its buckets, count and sum are missing.
    assert sum(count for _, count in success.dropped) == (3 if "histogram" in kinds else len(losing))


def test_buckets_without_a_type_are_a_histogram_and_plain_values_are_none() -> None:
    spread = histogram({"1": 1, "+Inf": 2}, 3, 2)
    document = {"n1": {"x": {**spread, "type": None}}, "n2": {"x": typed(None, sample(5))}}

    alone, beside = translate({"n1": document["n1"]}), translate(document)

    assert alone == translate({"n1": {"x": spread}})
    assert len(lines(beside)) == 4
    assert dict(beside.dropped) == {Drop.CLASH: 1}


# --- values ------------------------------------------------------------------------------------

VALUES: list[tuple[object, str]] = [
    (0, "0"),
    (-3, "-3"),
    (1.5, "1.5"),
    (2**53 + 1, "9007199254740993"),
    (1e300, "1e+300"),
    ("12", "12"),
    (" 12 ", "12"),
    ("+7", "7"),
    ("1.5", "1.5"),
    (".5", "0.5"),
    ("1e3", "1000.0"),
    ("-0.0", "-0.0"),
]


@pytest.mark.parametrize(("said", "written"), VALUES, ids=[repr(row[0]) for row in VALUES])
def test_numbers_and_numeric_texts_are_accepted(said: object, written: str) -> None:
    assert lines(translate({"x": gauge(sample(said))})) == [f'whatsapp_x{{target="support-line"}} {written}']


UNUSABLE: list[tuple[object, Drop]] = [
    (True, Drop.NOT_A_NUMBER),
    (None, Drop.NOT_A_NUMBER),
    ([1], Drop.NOT_A_NUMBER),
    ({}, Drop.NOT_A_NUMBER),
    ("", Drop.NOT_A_NUMBER),
    ("many", Drop.NOT_A_NUMBER),
    ("nan", Drop.NOT_A_NUMBER),
    ("NaN", Drop.NOT_A_NUMBER),
    ("inf", Drop.NOT_A_NUMBER),
    ("-Infinity", Drop.NOT_A_NUMBER),
    ("0x10", Drop.NOT_A_NUMBER),
    ("1_000", Drop.NOT_A_NUMBER),
    ("1,5", Drop.NOT_A_NUMBER),
    ("\u0661", Drop.NOT_A_NUMBER),
    ("1 2", Drop.NOT_A_NUMBER),
    ("1\n2", Drop.NOT_A_NUMBER),
    ("9" * 401, Drop.NOT_A_NUMBER),
    ("9" * 400, Drop.OUT_OF_RANGE),
    ("1e999", Drop.OUT_OF_RANGE),
    ("-1e999", Drop.OUT_OF_RANGE),
    (10**309, Drop.OUT_OF_RANGE),
    (-(10**309), Drop.OUT_OF_RANGE),
]


@pytest.mark.parametrize(("said", "why"), UNUSABLE, ids=[repr(row[0])[:20] for row in UNUSABLE])
def test_a_value_that_is_no_number_is_dropped_and_counted(said: object, why: Drop) -> None:
    document = {"x": gauge(sample(said, a="1"), sample(1, a="2")), "y": gauge(sample(2))}

    success = translate(document)

    assert lines(success) == [
        'whatsapp_x{target="support-line",a="2"} 1',
        'whatsapp_y{target="support-line"} 2',
    ]
    assert dict(success.dropped) == {why: 1}


def test_a_counter_below_zero_is_left_out_and_a_gauge_is_not() -> None:
    success = translate({"c": counter(sample(-1)), "g": gauge(sample(-1))})

    assert lines(success) == ['whatsapp_g{target="support-line"} -1']
    assert dict(success.dropped) == {Drop.OUT_OF_RANGE: 1}


@pytest.mark.parametrize("said", [10**308, 1.7e308, -(10**308), str(10**308)])
def test_a_value_out_of_range_in_its_base_unit_is_dropped(said: object) -> None:
    success = translate({"x_kbytes": gauge(sample(said), sample(1, a="1"))})

    assert lines(success) == ['whatsapp_x_bytes{target="support-line",a="1"} 1024']
    assert dict(success.dropped) == {Drop.OUT_OF_RANGE: 1}


# --- clashes, duplicates, limits ---------------------------------------------------------------


def test_the_same_labels_twice_in_a_family_count_once() -> None:
    document = {"x": gauge(sample(1, a="1"), sample(2, a="1"), sample(3, a=""), sample(4))}

    success = translate(document)

    assert lines(success) == [
        'whatsapp_x{target="support-line",a="1"} 1',
        'whatsapp_x{target="support-line",a=""} 3',
    ]
    assert dict(success.dropped) == {Drop.DUPLICATE: 2}


CLASHES: dict[str, Json] = {
    "the same name made legal": {"a.b": gauge(sample(1)), "a_b": gauge(sample(2))},
    "a gauge named as a counter's sample": {"a": counter(sample(1)), "a_total": gauge(sample(2))},
    "a counter with and without its suffix": {"a": counter(sample(1)), "a_total": counter(sample(2))},
    "two units of one quantity": {"a_ms": gauge(sample(1)), "a_us": gauge(sample(2))},
    "a gauge named as a pair": {**pair("a", (1, 2, {})), "a": gauge(sample(2))},
    "a gauge named as a histogram's sample": {
        "a": histogram({"+Inf": 1}, 1, 1),
        "a_bucket": gauge(sample(2)),
    },
}


@pytest.mark.parametrize("document", CLASHES.values(), ids=CLASHES.keys())
def test_of_two_families_with_one_name_the_first_stays_and_the_other_is_counted(document: Json) -> None:
    success = translate(document)

    assert len(success.parts[0].fragments) == 1
    assert dict(success.dropped) == {Drop.CLASH: 1}


def test_of_two_families_with_one_name_the_documented_one_stays_in_any_order() -> None:
    document = {"pending.messages": counter(sample(1)), "pending_messages": gauge(sample(2))}

    success = translate({**document, "pending_messages_": gauge(sample(3))})

    assert lines(success) == [
        'whatsapp_pending_messages{target="support-line"} 2',
        'whatsapp_pending_messages_{target="support-line"} 3',
    ]
    assert dict(success.dropped) == {Drop.CLASH: 1}


def test_a_family_of_one_node_takes_no_name_from_a_family_of_most_nodes() -> None:
    odd = {"n0": {"a_total": gauge(sample(9))}}

    success = translate({**odd, **{f"n{number}": {"a": counter(sample(number))} for number in (1, 2)}})

    assert lines(success) == [f'whatsapp_a_total{{target="support-line",node="n{n}"}} {n}' for n in (1, 2)]
    assert dict(success.dropped) == {Drop.CLASH: 1}


def test_a_family_without_a_usable_value_takes_no_name_from_another() -> None:
    document = {"a.b": gauge(sample("bad")), "a_b": gauge(sample(2))}

    success = translate(document)

    assert lines(success) == ['whatsapp_a_b{target="support-line"} 2']
    assert dict(success.dropped) == {Drop.NOT_A_NUMBER: 1}


def test_a_family_without_a_usable_value_is_not_on_the_page() -> None:
    assert text(translate({"x": gauge(sample("bad")), "y": gauge()})) == ""


@pytest.mark.parametrize("head", [head for head in HEADS if head.name.startswith("whatsapp_")])
def test_no_upstream_family_takes_the_name_of_one_of_ours(head: object) -> None:
    name = getattr(head, "name", "").removeprefix("whatsapp_")

    success = translate({name: gauge(sample(1)), "mine": gauge(sample(2))})

    assert lines(success) == ['whatsapp_mine{target="support-line"} 2']
    assert dict(success.dropped) == {Drop.CLASH: 1}


def test_nodes_that_disagree_on_a_type_cost_the_samples_of_the_second_each_counted_once() -> None:
    document = {"n1": {"x": gauge(sample(1))}, "n2": {"x": counter(sample(2), sample("bad", a="1"))}}

    success = translate(document)

    assert lines(success) == ['whatsapp_x{target="support-line",node="n1"} 1']
    assert dict(success.dropped) == {Drop.CLASH: 1, Drop.NOT_A_NUMBER: 1}


def test_label_sets_beyond_the_limit_of_a_family_are_left_out_and_counted() -> None:
    document = {
        "x": gauge(*[sample(number, method=f"m{number}") for number in range(5)]),
        **pair("y", *[(number, number, {"method": f"m{number}"}) for number in range(4)]),
    }

    success = translate(document, limits=Limits(label_sets_per_family=3))

    assert success.samples == 3 + 3 * 2
    assert dict(success.dropped) == {Drop.LABEL_SETS: 2 + 1 * 2}


def test_the_limit_of_label_sets_applies_to_each_node() -> None:
    metric = {"x": gauge(sample(1, a="1"), sample(2, a="2"), sample(3, a="3"))}

    success = translate({"n1": metric, "n2": metric}, limits=Limits(label_sets_per_family=2))

    assert success.samples == 4
    assert dict(success.dropped) == {Drop.LABEL_SETS: 2}


def flood(sets: int) -> Json:
    return gauge(*[sample(number, a=str(number)) for number in range(sets)])


@pytest.mark.parametrize("turned", [False, True])
def test_a_family_with_too_many_samples_leaves_the_others_their_share(turned: bool) -> None:  # noqa: FBT001
    document = {"big": flood(60), "small": gauge(sample(1)), **pair("y", (1, 2, {}))}
    document = dict(reversed(document.items())) if turned else document

    success = translate(document, limits=Limits(samples_per_endpoint=20))

    written = lines(success)
    assert success.samples == 20
    assert sum(line.startswith("whatsapp_big{") for line in written) == 17
    assert 'whatsapp_small{target="support-line"} 1' in written
    assert dict(success.dropped) == {Drop.SAMPLES: 43}


def test_a_node_with_too_many_families_leaves_the_others_their_share() -> None:
    document = {"n1": {f"f{number}": flood(1) for number in range(50)}, "n2": {"x": flood(4)}}

    success = translate(document, limits=Limits(samples_per_endpoint=10))

    assert [line for line in lines(success) if 'node="n2"' in line] == [
        f'whatsapp_x{{target="support-line",node="n2",a="{number}"}} {number}' for number in range(4)
    ]
    assert success.samples == 10
    assert dict(success.dropped) == {Drop.SAMPLES: 44}


def test_histograms_too_large_for_their_share_still_fill_the_answer() -> None:
    bucket = {str(bound): 0 for bound in range(8)}
    document = {f"h{number}": histogram(bucket, 0, 0) for number in range(10)}  # 11 samples each

    success = translate(document, limits=Limits(samples_per_endpoint=60))

    assert success.samples == 55
    assert dict(success.dropped) == {Drop.SAMPLES: 55}


def test_samples_beyond_the_limit_of_an_answer_are_left_out_and_counted() -> None:
    document = {"x": gauge(*[sample(number, a=str(number)) for number in range(4)]), **pair("y", (1, 2, {}))}

    success = translate(document, limits=Limits(samples_per_endpoint=5))

    assert success.samples == 5
    assert dict(success.dropped) == {Drop.SAMPLES: 1}


def test_an_undocumented_family_is_exported_and_counted() -> None:
    success = translate({"pending_messages": gauge(sample(1)), "brand_new": gauge(sample(2))})

    assert success.unknown_families == 1
    assert success.samples == 2


# --- texts -------------------------------------------------------------------------------------


def test_percent_signs_backslashes_quotes_and_line_ends_in_a_label_are_kept_apart_from_the_format() -> None:
    document = {"x": gauge(sample(1, a='100% "\\n"\n%s %%'), sample(2, a="\\"))}

    written = lines(translate(document))

    assert written == [
        'whatsapp_x{target="support-line",a="100% \\"\\\\n\\"\\n%s %%"} 1',
        'whatsapp_x{target="support-line",a="\\\\"} 2',
    ]


@pytest.mark.parametrize("said", ["größe", "\u2028", "\x00", "\x85\r\x1c", "\x00\n", "日本", "\U0001f4a9"])
def test_any_character_may_be_in_a_label(said: str) -> None:
    success = translate({"x": gauge(sample(1, a=said)), "y": gauge(sample(2))})

    fragments = success.parts[0].fragments
    spelled = said.replace("\n", "\\n")
    assert fragments[0].lines.decode() == f'whatsapp_x{{target="support-line",a="{spelled}"}} 1\n'
    assert fragments[1].lines.decode() == 'whatsapp_y{target="support-line"} 2\n'


def test_a_lone_surrogate_in_an_answer_becomes_a_question_mark() -> None:
    metric = Metric([Datum(value=1)], "gauge", "half \ud800")

    success = translator(common=(("target", "\udc00"),)).translate(Statistics({"": {"x\ud800": metric}}))

    assert lines(success) == ['whatsapp_x_{target="?"} 1']


def test_a_help_text_is_one_line_without_a_second_stop_and_names_its_source() -> None:
    metric = gauge(sample(1), words=' Size\nof a "queue"\\.  ')

    page = text(translate({"queue.size": metric}))

    assert page.splitlines()[0] == (
        '# HELP whatsapp_queue_size Size of a "queue"\\\\. '
        "Upstream queue.size of /v1/stats/app, polled on a timer."
    )


def test_labels_that_are_no_map_cost_the_sample() -> None:
    document = {"x": {"type": "gauge", "data": [{"value": 1, "labels": ["a"]}, {"value": 2}]}}

    success = translate(document)

    assert lines(success) == ['whatsapp_x{target="support-line"} 2']
    assert dict(success.dropped) == {Drop.MALFORMED: 1}


def test_configured_labels_follow_the_target_and_a_clashing_label_is_renamed() -> None:
    common = (("target", "t"), ("region", "eu"))

    success = translate({"x": gauge(sample(1, region="upstream"))}, common=common)

    assert lines(success) == ['whatsapp_x{target="t",region="eu",exported_region="upstream"} 1']


# --- nodes and sources -------------------------------------------------------------------------


def test_every_sample_of_a_cluster_names_its_node() -> None:
    success = translate(HA_APP)

    assert success.nodes == {"core1:8f2c", "core2:1d7a"}
    assert all(('node="core1:8f2c"' in line) != ('node="core2:1d7a"' in line) for line in lines(success))


def test_nodes_without_data_are_nodes_that_answered() -> None:
    success = translate(HA_DB, Endpoint.DB)

    assert success.nodes == set(HA_DB)
    assert all('node="master1:77aa"' in line for line in lines(success))


def test_a_label_called_node_in_a_cluster_is_renamed() -> None:
    success = translate({"n1": {"x": gauge(sample(1, node="inner"))}})

    assert lines(success) == ['whatsapp_x{target="support-line",node="n1",exported_node="inner"} 1']


def test_nodes_of_two_versions_have_the_same_label_by_either_name() -> None:
    document = {"n1": {"x": gauge(sample(1, app="c"))}, "n2": {"x": gauge(sample(2, coreapp="c"))}}

    success = translate(document)

    assert lines(success) == [
        f'whatsapp_x{{target="support-line",node="n{number}",coreapp="c"}} {number}' for number in (1, 2)
    ]


def test_each_webapp_is_a_separate_source() -> None:
    both = {"web_connections": counter(sample(1, node="a"), sample(2, node="b"), sample(3))}

    success = translate(both, Endpoint.WEB)

    assert [(part.source, part.samples) for part in success.parts] == [("a", 1), ("b", 1), ("", 1)]


# --- the layout is worked out once -------------------------------------------------------------


def test_the_same_shape_again_has_the_same_text_around_other_values() -> None:
    one = translator()

    first, second = (one.translate(read(app(scale))) for scale in (1, 2))

    assert [f.head for p in second.parts for f in p.fragments] == [
        f.head for p in first.parts for f in p.fragments
    ]
    assert len(one._layouts) == 1
    changed = [pair for pair in zip(lines(first), lines(second), strict=True) if pair[0] != pair[1]]
    assert changed
    assert all(old.rsplit(" ", 1)[0] == new.rsplit(" ", 1)[0] for old, new in changed)


def test_a_cached_layout_renders_the_same_as_a_new_one() -> None:
    used = translator()
    used.translate(read(app()))

    again = used.translate(read(app(3)))

    assert again == translator().translate(read(app(3)))


SHAPE_CHANGES: dict[str, tuple[Json, Json]] = {
    "another label": ({"x": gauge(sample(1, a="1"))}, {"x": gauge(sample(1, a="2"))}),
    "another type": ({"x": gauge(sample(1))}, {"x": counter(sample(1))}),
    "another help": ({"x": gauge(sample(1), words="a")}, {"x": gauge(sample(1), words="b")}),
    "another name": ({"x": gauge(sample(1))}, {"y": gauge(sample(1))}),
    "one more": ({"x": gauge(sample(1))}, {"x": gauge(sample(1), sample(1, a="1"))}),
    "a bad value": ({"x": gauge(sample(1))}, {"x": gauge(sample("x"))}),
    "another bound": (
        {"x": histogram({"1": 1, "+Inf": 1}, 1, 1)},
        {"x": histogram({"2": 1, "+Inf": 1}, 1, 1)},
    ),
    "the value of another family": (
        {"x": gauge(sample(1), sample(2, a="1")), "y": gauge()},
        {"x": gauge(sample(1)), "y": gauge(sample(2, a="1"))},
    ),
    "a node": ({"n1": {"x": gauge(sample(1))}}, {"n2": {"x": gauge(sample(1))}}),
}


@pytest.mark.parametrize(("before", "after"), SHAPE_CHANGES.values(), ids=SHAPE_CHANGES.keys())
def test_another_shape_gets_a_new_layout(before: Json, after: Json) -> None:
    used = translator()
    used.translate(read(before))

    success = used.translate(read(after))

    assert success == translate(after)
    assert success != translate(before)


def test_webapps_that_answer_in_turn_keep_their_layouts() -> None:
    one = translator(Endpoint.WEB)
    nodes = ("a", "b", "c")

    for node in nodes:
        one.translate(read(web(node), Endpoint.WEB))
    kept = {id(layout) for layout in one._layouts.values()}
    for node in nodes * 2:
        one.translate(read(web(node, 2), Endpoint.WEB))

    assert {id(layout) for layout in one._layouts.values()} == kept


@pytest.mark.parametrize(("endpoint", "limit"), [(Endpoint.WEB, 4), (Endpoint.APP, 1)])
def test_layouts_of_shapes_long_gone_are_forgotten(endpoint: Endpoint, limit: int) -> None:
    one = translator(endpoint)

    for number in range(10):
        one.translate(read({"x": gauge(sample(1, node=f"n{number}"))}, endpoint))

    assert len(one._layouts) == limit


def test_an_empty_answer_has_no_samples_and_no_losses() -> None:
    assert translate({}) == Success()
