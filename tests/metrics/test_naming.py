"""Names, units and labels, row by row."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.metrics.naming import (
    PLAIN,
    RESERVED_LABELS,
    Unit,
    label_names,
    other_half,
    rename,
    sanitize_name,
    split_half,
)

MILLI, MICRO, KIBI = Unit(divisor=1_000), Unit(divisor=1_000_000), Unit(multiplier=1_024)

NAMES = [
    # The examples of the contract, halves of pairs and their stems.
    ("callback_queue_size", "callback_queue_size", PLAIN),
    ("callback_requests_duration_ms", "callback_requests_duration_seconds", MILLI),
    ("callback_requests_duration_ms_count", "callback_requests_duration_seconds_count", PLAIN),
    ("callback_requests_duration_ms_sum", "callback_requests_duration_seconds_sum", MILLI),
    ("endpoint_requests", "endpoint_requests", PLAIN),
    ("db_request_duration_us_count", "db_request_duration_seconds_count", PLAIN),
    ("db_request_duration_us_sum", "db_request_duration_seconds_sum", MICRO),
    ("db_contacts", "db_contacts", PLAIN),
    ("web_out_kbytes", "web_out_bytes", KIBI),
    ("api_requests_coreapp_duration_ms_sum", "api_requests_coreapp_duration_seconds_sum", MILLI),
    ("web_uptime", "web_uptime_seconds", PLAIN),
    # A unit at the end, before a suffix, and after `duration` anywhere.
    ("lag_ms", "lag_seconds", MILLI),
    ("lag_us", "lag_seconds", MICRO),
    ("in_kbytes_total", "in_bytes_total", KIBI),
    ("lag_ms_max", "lag_seconds_max", MILLI),
    ("lag_ms_bucket", "lag_seconds_bucket", MILLI),
    ("poll_duration_ms_per_node", "poll_duration_seconds_per_node", MILLI),
    ("poll_duration_us_per_node", "poll_duration_seconds_per_node", MICRO),
    ("lag_ms_count_total", "lag_seconds_count_total", PLAIN),
    # What only looks like a unit.
    ("sms_sent", "sms_sent", PLAIN),
    ("ms", "ms", PLAIN),
    ("ms_sent", "ms_sent", PLAIN),
    ("programs", "programs", PLAIN),
    ("calls_to_us_market", "calls_to_us_market", PLAIN),
    ("items", "items", PLAIN),
    ("kbytes", "kbytes", PLAIN),
    # Illegal characters.
    ("queue.size", "queue_size", PLAIN),
    ("queue size", "queue_size", PLAIN),
    ("queue:size", "queue_size", PLAIN),
    ("2nd_queue", "_2nd_queue", PLAIN),
    ("größe", "gr__e", PLAIN),
    ("lag-ms", "lag_seconds", MILLI),
    ("", "_", PLAIN),
    ("a\n# HELP b", "a___HELP_b", PLAIN),
]


@pytest.mark.parametrize(("upstream", "text", "unit"), NAMES, ids=[repr(row[0]) for row in NAMES])
def test_a_name_moves_to_its_base_unit_and_becomes_legal(upstream: str, text: str, unit: Unit) -> None:
    name = rename(upstream)

    assert (name.text, name.unit) == (text, unit)


@pytest.mark.parametrize(
    ("unit", "said", "meant"),
    [
        (PLAIN, 5, 5),
        (MILLI, 261180, 261.18),
        (MICRO, 1, 1e-06),
        (KIBI, 3, 3072),
        (KIBI, 0.5, 512.0),
    ],
)
def test_a_value_is_converted_alone_and_in_a_list(unit: Unit, said: float, meant: float) -> None:
    alone, row = unit.convert(said), unit.convert_all([said, said])

    assert alone == meant
    assert row == [meant, meant]


@pytest.mark.parametrize(
    ("upstream", "pair"),
    [
        ("a_count", ("a", "count")),
        ("a_sum", ("a", "sum")),
        ("a_count_sum", ("a_count", "sum")),
        ("_count", None),
        ("count", None),
        ("a_counts", None),
        ("discount", None),
        ("a_count_total", None),
    ],
)
def test_only_a_count_or_a_sum_at_the_end_is_half_of_a_pair(
    upstream: str, pair: tuple[str, str] | None
) -> None:
    assert split_half(upstream) == pair


LABELS = [
    ((), (), {}),
    (("result", "type"), ("target",), {"result": "result", "type": "type"}),
    (("app",), (), {"app": "coreapp"}),
    (("app", "coreapp"), (), {"app": "exported_coreapp", "coreapp": "coreapp"}),
    (("target",), ("target",), {"target": "exported_target"}),
    (("le",), (), {"le": "exported_le"}),
    (("quantile",), (), {"quantile": "exported_quantile"}),
    (("job", "instance"), (), {"job": "exported_job", "instance": "exported_instance"}),
    (("endpoint", "service"), (), {"endpoint": "exported_endpoint", "service": "exported_service"}),
    (
        ("target", "exported_target"),
        ("target",),
        {"target": "exported_exported_target", "exported_target": "exported_target"},
    ),
    (("node",), ("target", "node"), {"node": "exported_node"}),
    (("node",), ("target",), {"node": "node"}),
    (("region",), ("target", "region"), {"region": "exported_region"}),
    (("a.b", "a_b"), (), {"a.b": "exported_a_b", "a_b": "a_b"}),
    (("a.b", "a-b"), (), {"a-b": "a_b", "a.b": "exported_a_b"}),
    (("__name__",), (), {"__name__": "_name__"}),
    (("__name__", "_name__"), (), {"__name__": "exported__name__", "_name__": "_name__"}),
    (("",), (), {"": "_"}),
    (("1st",), (), {"1st": "_1st"}),
    (("größe",), (), {"größe": "gr__e"}),
    (("ää",), (), {"ää": "_"}),
]


@pytest.mark.parametrize(("upstream", "taken", "names"), LABELS, ids=[str(row[0]) for row in LABELS])
def test_a_label_keeps_its_name_unless_it_is_taken_or_illegal(
    upstream: tuple[str, ...], taken: tuple[str, ...], names: dict[str, str]
) -> None:
    assert label_names(upstream, taken) == names


_words = st.one_of(
    st.text(),
    st.sampled_from([*RESERVED_LABELS, "app", "coreapp", "node", "__a", "_a", "exported_le", "a.b", "a_b"]),
)


@given(st.sets(_words), st.sets(_words))
def test_label_names_are_legal_unique_and_not_reserved(upstream: set[str], taken: set[str]) -> None:
    names = label_names(upstream, taken)

    assert names.keys() == upstream
    assert len(set(names.values())) == len(upstream)
    assert not set(names.values()) & (RESERVED_LABELS | taken)
    assert all(re.fullmatch(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*", name) for name in names.values())


@given(st.text())
def test_a_sanitized_name_is_legal_and_a_legal_name_stays(name: str) -> None:
    legal = sanitize_name(name)

    assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", legal)
    assert sanitize_name(legal) == legal


@pytest.mark.parametrize(
    ("name", "other"), [("x_count", "x_sum"), ("x_sum", "x_count"), ("x", None), ("_sum", None), ("", None)]
)
def test_the_other_half_of_a_pair_is_found(name: str, other: str | None) -> None:
    assert other_half(name) == other
