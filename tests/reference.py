"""Every family of ours, and the list of them in docs/metrics.md: `make docs` writes it anew."""

from __future__ import annotations

import re

from tests.markdown import METRICS
from waexporter.config import DEFAULT_PLANS
from waexporter.metrics import documents, families
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import Endpoint

BEGIN = "<!-- written by `make docs` -->\n"
END = "<!-- end of what `make docs` writes -->\n"


def own_families() -> dict[str, str]:
    """Give every family of ours by the name it has on the page, with its type."""
    about_targets = {
        f"{head.name}_total" if head.type == "counter" else head.name: head.type
        for head in (*families.HEADS, *documents.HEADS)
    }
    return about_targets | _of_the_process(with_pager=True)


def _of_the_process(*, with_pager: bool) -> dict[str, str]:
    telemetry = Telemetry()
    if with_pager:
        telemetry.for_pager()
    page = telemetry.render(as_openmetrics=False).decode()
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))


def off_by_default() -> dict[str, str]:
    """Give the families that appear only once somebody switches them on, with the key that does."""
    endpoints = [endpoint for endpoint in Endpoint if endpoint not in DEFAULT_PLANS]
    always = _of_the_process(with_pager=False)
    of_the_pager = {name: "pager" for name in _of_the_process(with_pager=True) if name not in always}
    return of_the_pager | {
        name: f"poll.{endpoint}"
        for name in own_families()
        for endpoint in endpoints
        if name.startswith(f"whatsapp_{endpoint}_")
    }


def write_list() -> str:
    """Write the list as it has to stand in the document."""
    off = off_by_default()
    lines = [
        f"| `{name}` | {kind} | {f'no: `{off[name]}`' if name in off else 'yes'} |"
        for name, kind in sorted(own_families().items())
    ]
    return "\n".join(["| metric | type | on by default |", "|---|---|---|", *lines, ""])


def main() -> None:
    """Put the list into the document."""
    before, _, rest = METRICS.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    METRICS.write_text(f"{before}{BEGIN}\n{write_list()}\n{END}{after}")


if __name__ == "__main__":
    main()
