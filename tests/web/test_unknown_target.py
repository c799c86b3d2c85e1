"""A target that this daemon does not poll: the answer names the shard that does."""

from __future__ import annotations

import pytest

from tests.web.fakes import FakeBackend, a_target, an_application, ask
from waexporter.model import Shard


@pytest.mark.parametrize(
    "path",
    [
        "/probe?target=line%20%27b",
        "/metrics?target=a&target=line%20%27b",
        "/targets/line%20%27b",
        "/api/v1/targets/line%20%27b/why",
    ],
)
def test_a_target_of_another_shard_gets_404_with_that_shard(path: str) -> None:
    backend = FakeBackend((a_target("a"),), shard=Shard(0, 4), others={"line 'b": 2})

    got = ask(an_application(backend), path)

    assert got.status == 404
    assert got.text.startswith("""The target "line 'b" is polled by shard 2/4; this is shard 0/4.""")
    assert (backend.probes, backend.page_requests) == ([], [])


def test_sd_lists_the_targets_of_this_shard_alone() -> None:
    backend = FakeBackend((a_target("a"),), shard=Shard(0, 4), others={"b": 2})

    got = ask(an_application(backend), "/sd")

    assert '"__param_target":"a"' in got.text.replace(" ", "")
    assert '"b"' not in got.text
