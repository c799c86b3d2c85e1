"""Settings and the account's shards, nested or flat, numbers as texts, and values that make no sense."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.json_values import json_values
from tests.whatsapp.documents.bodies import body_of
from waexporter.errors import BodyError
from waexporter.whatsapp.documents.settings import read_settings, read_shards

if TYPE_CHECKING:
    from waexporter.model import ClientSettings

APPLICATION: dict[str, Any] = {
    "callback_backoff_delay_ms": 3000,
    "max_callback_backoff_delay_ms": "900000",
    "callback_persist": True,
    "heartbeat_interval": 5,
    "unhealthy_interval": "30",
    "pass_through": "false",
    "sent_status": False,
    "on_call_pager": "14155550100-1520000000",
    "media": {"auto_download": ["image"]},
    "webhooks": {"url": "https://hooks.example.com/hidden", "max_concurrent_requests": "6"},
}


def read(document: object) -> ClientSettings:
    return read_settings(body_of(document)).value


@pytest.mark.parametrize(
    "document",
    [
        {"settings": {"application": APPLICATION}},
        {"settings": APPLICATION},
        APPLICATION,
        {**APPLICATION, "meta": {}},
    ],
    ids=["nested", "less nested", "flat", "flat with meta"],
)
def test_settings_are_read_in_base_units_however_they_are_nested(document: dict[str, Any]) -> None:
    settings = read(document)

    assert dict(settings.numbers) == {
        "callback_backoff_delay_seconds": 3,
        "max_callback_backoff_delay_seconds": 900,
        "heartbeat_interval_seconds": 5,
        "unhealthy_interval_seconds": 30,
        "webhooks_max_concurrent_requests": 6,
    }
    assert dict(settings.booleans) == {"callback_persist": True, "pass_through": False, "sent_status": False}
    assert settings.has_webhook
    assert settings.on_call_pager == "14155550100-1520000000"


def test_of_a_value_only_a_digest_is_kept() -> None:
    settings = read(APPLICATION)

    digests = dict(settings.digests)

    assert digests.keys() >= {"webhooks.url", "media.auto_download", "on_call_pager"}
    assert b"hidden" not in b"".join(digests.values())
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("heartbeat_interval", "often"),
        ("heartbeat_interval", -1),
        ("heartbeat_interval", True),
        ("heartbeat_interval", 10**400),
        ("heartbeat_interval", {"seconds": 5}),
        ("heartbeat_interval", None),
    ],
)
def test_a_number_that_is_none_is_absent(key: str, value: object) -> None:
    settings = read({**APPLICATION, key: value})

    assert dict(settings.numbers).keys() == dict(read(APPLICATION).numbers).keys() - {
        "heartbeat_interval_seconds"
    }


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("on_call_pager", 120363041234567890, ("120363041234567890", True)),
        ("on_call_pager", "", (None, False)),
        ("on_call_pager", None, (None, None)),
        ("on_call_pager", 1.5, (None, None)),
        ("on_call_pager", True, (None, None)),
    ],
)
def test_the_group_is_known_not_set_or_not_known(key: str, value: object, read: object) -> None:
    outcome = read_settings(body_of({**APPLICATION, key: value}))

    assert (outcome.value.on_call_pager, outcome.value.has_on_call_pager) == read
    assert bool(outcome.dropped) == (read == (None, None))


@pytest.mark.parametrize(
    ("webhooks", "has_webhook"),
    [
        ({"url": "https://x"}, True),
        ({"url": ""}, False),
        ({}, False),
        ([], False),
        ({"url": None}, None),
        ({"url": ["https://x"]}, None),
        (None, None),
        (7, None),
    ],
)
def test_a_webhook_is_set_not_set_or_not_known(webhooks: object, has_webhook: bool | None) -> None:  # noqa: FBT001 - a column
    assert read({**APPLICATION, "webhooks": webhooks}).has_webhook is has_webhook


def test_settings_that_the_client_leaves_out_are_not_set() -> None:
    settings = read({"heartbeat_interval": 5})

    assert (settings.has_webhook, settings.has_on_call_pager) == (False, False)


def test_wrong_types_and_unknown_keys_cost_only_themselves() -> None:
    wrong = {
        "on_call_pager": {"id": 7},
        "webhooks": "https://x",
        "sent_status": [],
        "later": {"deep": {"er": 1}},
    }

    settings = read({**APPLICATION, **wrong})

    assert (settings.on_call_pager, settings.has_on_call_pager) == (None, None)
    assert settings.has_webhook is None
    assert dict(settings.booleans).keys() == {"callback_persist", "pass_through"}
    assert "later.deep.er" in dict(settings.digests)


@pytest.mark.parametrize(
    "document", [{}, {"settings": {}}, {"settings": {"application": {}}}, {"meta": {}}, [], {"settings": 7}]
)
def test_a_document_without_settings_is_none(document: object) -> None:
    with pytest.raises(BodyError):
        read(document)


@pytest.mark.parametrize(
    ("document", "shards"),
    [
        ({"account": {"shards": 4}}, 4),
        ({"account": [{"shards": "8"}]}, 8),
        ({"shards": 1}, 1),
        ({"shards": "32"}, 32),
    ],
)
def test_shards_are_read_nested_or_flat(document: object, shards: int) -> None:
    assert read_shards(body_of(document)) == shards


@pytest.mark.parametrize(
    "document",
    [{}, {"shards": 0}, {"shards": 33}, {"shards": 10**400}, {"shards": "some"}, {"account": []}, []],
)
def test_shards_that_are_none_are_refused(document: object) -> None:
    with pytest.raises(BodyError):
        read_shards(body_of(document))


_JSON = json_values(st.sampled_from([*sorted(APPLICATION), "application", "url"]))


@given(
    st.dictionaries(
        st.sampled_from([*sorted(APPLICATION), "settings", "account", "shards"]), _JSON, max_size=5
    )
)
def test_any_document_is_read_or_refused(document: dict[str, object]) -> None:
    for reader in (read_settings, read_shards):
        with suppress(BodyError):
            assert reader(body_of(document))
