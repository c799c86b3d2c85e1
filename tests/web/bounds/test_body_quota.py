"""All bodies together have a limit, and one client has half of it."""

from __future__ import annotations

from waexporter.web.bounds.body_quota import BodyQuota


def test_a_client_has_half_and_all_clients_have_everything() -> None:
    quota = BodyQuota(100)
    first, second, third = (quota.open_share(f"192.0.2.{number}") for number in (1, 2, 3))

    assert first.grow_to(50)
    assert not first.grow_to(51)
    assert second.grow_to(49)
    assert third.grow_to(1)
    assert not third.grow_to(2)


def test_what_a_body_took_is_free_after_it() -> None:
    quota = BodyQuota(100)

    for _ in range(5):
        with quota.open_share("192.0.2.1") as share:
            assert share.grow_to(20)
            assert share.grow_to(50)
            assert not quota.open_share("192.0.2.1").grow_to(1)


def test_all_addresses_of_a_network_are_one_client() -> None:
    quota = BodyQuota(100)

    assert quota.open_share("2001:db8::1").grow_to(50)
    assert not quota.open_share("2001:db8::2").grow_to(1)
    assert quota.open_share("2001:db8:0:1::1").grow_to(1)
