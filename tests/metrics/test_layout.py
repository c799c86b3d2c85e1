"""The example at the top of the module is what happens."""

from __future__ import annotations

import json
from textwrap import dedent

from tests.metrics.documents import lines, translate
from waexporter.metrics import layout


def test_the_example_in_the_module_is_true() -> None:
    assert layout.__doc__ is not None
    answer, template, page = (
        dedent(each) for each in layout.__doc__.split("\n\n")[1:] if each.startswith(" ")
    )

    written = lines(translate(json.loads(answer), common=(("target", "wa"),)))

    assert written == page.splitlines()
    assert (template % (4353, 261.18, 12)).splitlines() == written
