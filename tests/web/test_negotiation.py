"""What clients ask for in Accept and Accept-Encoding, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.web.negotiation import accepts_gzip, prefers_json, wants_openmetrics

# As captured from the programs themselves.
PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_2_53 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3_5 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROTOBUF_FIRST = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
TEXT_FIRST = (
    "text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.4,"
    "*/*;q=0.2"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
OPENMETRICS = "application/openmetrics-text"


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (PROMETHEUS_2_42, True),
        (PROMETHEUS_2_53, True),
        (PROMETHEUS_3_5, True),
        (PROTOBUF_FIRST, True),
        (TEXT_FIRST, False),
        (FIREFOX, False),
        ("", False),
        ("*/*", False),
        ("text/*", False),
        ("text/plain", False),
        ("text/plain;version=0.0.4", False),
        ("text/plain;version=1.0.0", False),
        ("image/png", False),
        ("application/json", False),
        (OPENMETRICS, True),
        (f"{OPENMETRICS}; version=1.0.0", True),
        (f'{OPENMETRICS}; version="1.0.0"', True),
        (f"{OPENMETRICS.upper()}; VERSION=1.0.0; Q=1", True),
        (f"{OPENMETRICS}; version=1.0.0; charset=utf-8", True),
        (f"{OPENMETRICS};version=0.0.1", False),
        (f"{OPENMETRICS};version=2.0.0", False),
        (f"{OPENMETRICS};q=0", False),
        (f"{OPENMETRICS};q=0.000, text/plain;q=0", False),
        (f"{OPENMETRICS};q=0.3, text/plain;q=0.4", False),
        (f"{OPENMETRICS};q=0.4, text/plain;q=0.3", True),
        (f"text/plain;q=0.3,{OPENMETRICS};q=0.4", True),
        (f"{OPENMETRICS}, text/plain", False),
        (f"{OPENMETRICS}, */*", True),
        (f"{OPENMETRICS};q=0.5, */*;q=0.8", False),
        (f"{OPENMETRICS};q=0.5, text/*;q=0.8", False),
        (f"{OPENMETRICS};q=0.5, text/*;q=0.8, text/plain;q=0.1", True),
        ("application/*", True),
        ("application/*;q=0.9, text/plain;q=0.8", True),
        ("application/*, */*", False),
        (f"application/*, {OPENMETRICS};q=0, text/plain;q=0.1", False),
        (f"*/*, {OPENMETRICS};q=0.1", False),
        ("*/*, text/plain;q=0.1", True),
        (f"{OPENMETRICS};version=1.0.0;q=0.1, {OPENMETRICS};q=0.9, text/plain;q=0.5", False),
        (f"{OPENMETRICS};q=2", False),
        (f"{OPENMETRICS};q=-1", False),
        (f"{OPENMETRICS};q=nan", False),
        (f"{OPENMETRICS};q=", False),
        (f"{OPENMETRICS};q=\u0660.5", False),
        (f"{OPENMETRICS};q=one, text/plain", False),
        (f",,;;,={OPENMETRICS}", False),
        (f'text/plain;x=",{OPENMETRICS},"', False),
        (f'"{OPENMETRICS}', True),
        (f" {OPENMETRICS} ; version = 1.0.0 ; q = 0.7 , text/plain ; q=0.6", True),
    ],
)
def test_openmetrics_is_sent_only_if_it_is_preferred(accept: str, openmetrics: bool) -> None:  # noqa: FBT001
    assert wants_openmetrics(accept) is openmetrics


@pytest.mark.parametrize(
    ("accept_encoding", "gzip"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("gzip;q=0.001", True),
        ("*", True),
        ("*;q=0.1", True),
        ("identity, *", True),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=high", False),
        ("gzipped", False),
    ],
)
def test_gzip_is_sent_only_if_it_is_accepted(accept_encoding: str, gzip: bool) -> None:  # noqa: FBT001
    assert accepts_gzip(accept_encoding) is gzip


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        ("application/json", True),
        ("application/json, */*;q=0.5", True),
        ("application/json, */*", True),
        ("text/plain;q=0.5, application/json;q=0.6", True),
        ("application/json, text/plain, */*", False),
        ("text/plain, application/json;q=0.9", False),
        ("application/json;q=0", False),
        (FIREFOX, False),
        ("*/*", False),
        ("", False),
    ],
)
def test_errors_are_json_only_if_it_is_preferred(accept: str, json: bool) -> None:  # noqa: FBT001
    assert prefers_json(accept) is json


@given(st.text(alphabet='application/openmetrics-text plain*;,="q01.\\\x00é', max_size=80))
def test_a_malformed_header_is_no_error(header: str) -> None:
    answers = (wants_openmetrics(header), accepts_gzip(header), prefers_json(header))

    assert all(isinstance(response, bool) for response in answers)
