"""The difference of two configurations."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.texts import load_text
from tests.places import hold
from waexporter.config import ConfigDiff, compare
from waexporter.config.blocks import BLOCKS
from waexporter.model import (
    Config,
    Credentials,
    Endpoint,
    Fallback,
    Limits,
    LogSettings,
    PagerSettings,
    PollPlan,
    ProxyAuth,
    Secret,
    Target,
    Tls,
    WebhookAuth,
    WebSettings,
)

if TYPE_CHECKING:
    from pathlib import Path

PLANS = {Endpoint.HEALTH: PollPlan(30.0, 10.0)}


def a_target(name: str, **more: Any) -> Target:  # noqa: ANN401 - the fields of Target
    return Target(name, f"http://{name}", plans=PLANS, **more)


def a_config(*targets: Target, **more: Any) -> Config:  # noqa: ANN401 - the fields of Config
    return Config(targets, **more)


def test_the_same_configuration_read_again_is_no_difference(tmp_path: Path) -> None:
    text = "targets: [{url: 'http://a', auth: {api_key: twelve-chars}}]\npager: {fallback: [x://y]}"

    first, second = (load_text(tmp_path, text).config for _ in range(2))

    assert compare(first, second) == ConfigDiff(kept=("a:80",))


def test_targets_come_go_change_and_stay_in_the_order_of_the_new_configuration() -> None:
    old = a_config(a_target("stays"), a_target("goes"), a_target("changes"), a_target("stays too"))
    new = a_config(a_target("stays too"), a_target("comes"), a_target("changes", shards=4), a_target("stays"))

    difference = compare(old, new)

    assert difference == ConfigDiff(("comes",), ("goes",), ("changes",), ("stays too", "stays"))
    assert (difference.to_stop, difference.to_start) == (("goes", "changes"), ("comes", "changes"))


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "http://elsewhere"},
        {"auth": Credentials(api_key=Secret("old"))},
        {"auth": Credentials(bearer_token=Secret("old"))},
        {"auth": Credentials(username="monitor", password=Secret("old"), header="X-Key")},
        {"tls": Tls("ca.pem", authority=b"old", cert_file="c.pem", key_file="k.pem")},
        {"proxy_auth": ProxyAuth("me", Secret("word"))},
        {"tls": Tls("other.pem", authority=b"old")},
        {"auth": Credentials(username="other", password=Secret("old"))},
        {"labels": (("region", "eu"),)},
        {"plans": {Endpoint.HEALTH: PollPlan(31.0, 10.0)}},
        {"stale_after": 4.0},
    ],
)
def test_every_field_of_a_target_counts_as_a_change(changed: dict[str, Any]) -> None:
    auth, tls = Credentials(username="monitor", password=Secret("old")), Tls("ca.pem", authority=b"old")
    target = a_target("one", auth=auth, tls=tls)

    difference = compare(a_config(target), a_config(replace(target, **changed)))

    assert (difference.changed, difference.kept) == (("one",), ())


@pytest.mark.parametrize(
    "changed",
    [
        {"auth": Credentials(Secret("old"), "monitor", Secret("new"))},
        {"auth": Credentials(Secret("new"), "monitor", Secret("old"))},
        {"tls": Tls("ca.pem", authority=b"new", cert_file="c.pem", key_file="k.pem", identity=b"old")},
        {"tls": Tls("ca.pem", authority=b"old", cert_file="c.pem", key_file="k.pem", identity=b"new")},
        {"proxy_auth": ProxyAuth("me", Secret("new"))},
    ],
)
def test_a_target_is_rotated_if_only_secrets_and_certificates_are_others(changed: dict[str, Any]) -> None:
    target = a_target(
        "one",
        auth=Credentials(Secret("old"), "monitor", Secret("old")),
        tls=Tls("ca.pem", authority=b"old", cert_file="c.pem", key_file="k.pem", identity=b"old"),
        proxy_auth=ProxyAuth("me", Secret("old")),
    )
    old, rotated = a_config(target, a_target("two")), replace(target, **changed)

    difference = compare(old, a_config(rotated, a_target("two")))
    with_more = compare(old, a_config(replace(rotated, shards=4), a_target("two")))

    assert difference == ConfigDiff(rotated=("one",), kept=("two",))
    assert (difference.to_stop, difference.to_start, difference.to_forget) == (("one",), ("one",), ())
    assert with_more == ConfigDiff(changed=("one",), kept=("two",))


def test_changed_limits_change_every_target() -> None:
    old, new = a_config(a_target("one")), a_config(a_target("one"), limits=Limits(body_bytes=1))

    assert compare(old, new) == ConfigDiff(changed=("one",), keys=("limits.body_bytes",))


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ({"workers": 5}, ("poll.workers",)),
        ({"log": LogSettings("debug", "console")}, ("log.level", "log.format")),
        ({"pager": PagerSettings(webhook=WebhookAuth(secret=Secret("new")))}, ("pager.webhook",)),
        (
            {"pager": PagerSettings(fallback=(Fallback(Secret("x://new")),), group="1-2")},
            ("pager.group", "pager.fallback"),
        ),
    ],
)
def test_other_changed_keys_keep_the_targets(more: dict[str, Any], keys: tuple[str, ...]) -> None:
    old = a_config(a_target("one"), pager=PagerSettings())

    assert compare(old, replace(old, **more)) == ConfigDiff(kept=("one",), keys=keys)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"web": WebSettings("::1", 1)}, "web.listen: needs a restart"),
        ({"web": WebSettings(max_connections=9)}, "web.max_connections: needs a restart"),
        ({"pager": PagerSettings(state_dir="/elsewhere")}, "pager.state_dir: needs a restart"),
        ({"pager": None}, "pager: needs a restart"),
    ],
)
def test_keys_that_are_used_only_at_the_start_need_a_restart_in_both_directions(
    more: dict[str, Any], problem: str
) -> None:
    old = a_config(a_target("one"), pager=PagerSettings())
    new = replace(old, **more)

    assert [compare(old, new).problems, compare(new, old).problems] == [(problem,), (problem,)]


def test_every_block_of_the_configuration_is_compared() -> None:
    """A block that is missing in BLOCKS is neither printed nor compared."""
    hold(
        {field.name for field in fields(Config)}
        # workers is a key of the block poll; the shard is chosen on the command line
        - {"targets", "workers", "shard", "elsewhere", "discovered"},
        {block.name for block in BLOCKS} - {"poll"},
        add="Add the block to BLOCKS in waexporter/config/blocks.py.",
        remove="Add a field for the block to Config in waexporter/model/configuration.py.",
    )


fleets = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3)).map(
    lambda drawn: a_config(*(a_target(name, shards=shards) for name, shards in drawn.items()))
)


@given(fleets, fleets)
def test_every_target_is_in_one_group_and_the_reverse_difference_is_symmetric(
    old: Config, new: Config
) -> None:
    there, back = compare(old, new), compare(new, old)

    before, after = ({target.name for target in config.targets} for config in (old, new))
    assert sorted((*there.removed, *there.changed, *there.kept)) == sorted(before)
    assert sorted((*there.added, *there.changed, *there.kept)) == sorted(after)
    assert (set(there.added), set(there.removed)) == (set(back.removed), set(back.added))
    assert (set(there.changed), set(there.kept)) == (set(back.changed), set(back.kept))
    same = {target.name for target in old.targets if target in new.targets}
    assert set(there.kept) == same
