"""Commands that need a target of a published list request the list once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.exporters import write_config
from tests.receivers import Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.commands.conftest import Workplace


@pytest.fixture
def inventory(workplace: Workplace) -> Iterator[Receiver]:
    """Publish the target of the workplace, whose configuration names only the list."""
    config = json.loads(workplace.file.read_text())
    [target] = config.pop("targets")
    with receiving() as receiver:
        receiver.answer = json.dumps([target]).encode()
        workplace.file = write_config(
            workplace.folder, config | {"http_sd_url": f"http://{receiver.place}/targets?key=hunter2"}
        )
        yield receiver


def test_a_target_of_the_list_is_probed_by_its_name(workplace: Workplace, inventory: Receiver) -> None:
    result = workplace.run("probe", "support-line")

    assert result.status == 0
    assert result.lines("verdict: OK")
    assert len(inventory.heard) == 1


def test_a_list_that_does_not_answer_is_named_with_the_reason(
    workplace: Workplace, inventory: Receiver
) -> None:
    inventory.status = 503

    result = workplace.run("probe", "support-line")

    assert result.status == 3
    assert result.complaints == (
        "no target is called 'support-line'; there are: none\n"
        "http_sd_url: its targets are not known here: it answers 503\n"
    )


def test_a_test_page_goes_through_a_target_of_the_list(workplace: Workplace, inventory: Receiver) -> None:
    result = workplace.run("pager", "test")
    inventory.status = 503
    without = workplace.run("pager", "test")

    assert result.status == 0
    assert without.complaints == (
        "note: http_sd_url: its targets are not known here: it answers 503\nno target is known\n"
    )


def test_the_pager_is_checked_also_without_a_target(workplace: Workplace, inventory: Receiver) -> None:
    inventory.answer = b"[]"

    result = workplace.run("pager", "check")

    assert result.status == 1
    assert "Traceback" not in result.output + result.complaints


def test_to_check_the_configuration_nothing_is_requested(workplace: Workplace, inventory: Receiver) -> None:
    result = workplace.run("check-config")

    assert result.status == 0
    assert inventory.heard == []
    assert (
        "note: http_sd_url: its targets are not checked, because nothing is requested here"
        in result.complaints
    )
    assert "hunter2" not in result.output + result.complaints
