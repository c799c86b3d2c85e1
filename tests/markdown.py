"""What stands in the project's documents: code blocks, code spans, tables, headings."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
CONFIGURATION = ROOT / "docs" / "configuration.md"
DASHBOARDS = ROOT / "docs" / "dashboards.md"
DOCS = ROOT / "docs"
METRICS = ROOT / "docs" / "metrics.md"
NETWORK = ROOT / "docs" / "network.md"
PAGING = ROOT / "docs" / "paging.md"
PAGING_FAULTS = ROOT / "docs" / "paging-faults.md"
PAGING_REFERENCE = ROOT / "docs" / "paging-reference.md"
SCALING = ROOT / "docs" / "scaling.md"
PROBING = ROOT / "docs" / "probing.md"
README = ROOT / "README.md"
COMMANDS = DOCS / "commands.md"
HTTP = DOCS / "http.md"
TEAMS = ROOT / "docs" / "teams.md"
WEB_SECURITY = ROOT / "docs" / "web-security.md"

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")


def blocks(document: Path, language: str) -> list[str]:
    return [found[3] for found in FENCE.finditer(document.read_text()) if found[2] == language]


def prose(document: Path) -> str:
    return FENCE.sub("", document.read_text())


def spans(document: Path) -> list[str]:
    return [" ".join(span.split()) for span in SPAN.findall(prose(document))]


def headings(document: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)


def part(document: Path, heading: str) -> str:
    """Give what stands below a heading, up to the next one of any level."""
    return re.split(r"^#+ ", document.read_text().split(f"# {heading}\n", 1)[1], flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    inner = [line for line, following in pairwise([*lines, ""]) if not following.startswith("|---")]
    return [re.split(r" *(?<!\\)\| *", line)[1:-1] for line in inner if not line.startswith("|---")]


def first_spans(text: str) -> list[str]:
    return [SPAN.findall(row[0])[0] for row in rows(text)]


def names(pattern: str, document: Path) -> set[str]:
    return set(re.findall(rf"\b{pattern}", document.read_text()))
