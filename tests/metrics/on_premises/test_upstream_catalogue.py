"""The documented statistics of the On-Premises API."""

from __future__ import annotations

from waexporter.metrics.naming import split_half
from waexporter.metrics.on_premises.upstream_catalogue import CATALOGUE, DOCUMENTED
from waexporter.model import Endpoint


def test_the_documented_families_have_our_names_and_types() -> None:
    rows = {
        "whatsapp_callback_queue_size": (Endpoint.APP, "gauge"),
        "whatsapp_endpoint_requests": (Endpoint.APP, "counter"),
        "whatsapp_db_request_duration_seconds": (Endpoint.APP, "summary"),
        "whatsapp_db_contacts": (Endpoint.DB, "gauge"),
        "whatsapp_web_uptime_seconds": (Endpoint.WEB, "gauge"),
        "whatsapp_web_out_bytes": (Endpoint.WEB, "counter"),
    }

    assert {name: DOCUMENTED[name] for name in rows} == rows
    assert len(DOCUMENTED) == len(
        {name.removesuffix("_count") for name in _known() if not name.endswith("_sum")}
    )


def _known() -> list[str]:
    return [name for names in CATALOGUE.values() for name in names]


def test_the_catalogue_has_both_halves_of_every_pair() -> None:
    known = _known()
    halves = {split_half(name) for name in known} - {None}

    stems = {half[0] for half in halves if half}
    assert stems
    assert halves == {(stem, part) for stem in stems for part in ("count", "sum")}
    assert set(CATALOGUE) == {Endpoint.APP, Endpoint.DB, Endpoint.WEB}
