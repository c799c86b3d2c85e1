"""The documents are written in plain international English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.markdown import DOCUMENTS, ROOT, prose

if TYPE_CHECKING:
    from pathlib import Path

# Words over which somebody stumbles who learnt English at school, each with what says the same.
PLAIN = {
    "aloud": "in the log, on the status page",
    "afresh": "again",
    "amid": "during, in the middle of",
    "anew": "again",
    "babbling": "sending without end",
    "bears": "allows, survives",
    "blank": "space",
    "blanks": "spaces",
    "dripping": "sending one byte at a time",
    "earnest": "real",
    "ere": "before",
    "flutter": "change to and fro",
    "flutters": "changes often",
    "henceforth": "from then on",
    "hitherto": "until now",
    "lest": "so that ... not",
    "seldom": "rarely",
    "shall": "must, should",
    "thereof": "of it",
    "thus": "so",
    "whence": "from where",
    "whilst": "while",
    "whither": "where to",
    "whom": "who, which",
    "whomever": "anybody",
}


# Words, code included: what is followed step by step has to be read to its end.
MOST = {"README.md": 1800, "docs/paging.md": 2000}


@pytest.mark.parametrize("name", MOST)
def test_what_is_followed_step_by_step_is_short(name: str) -> None:
    words = len((ROOT / name).read_text().split())

    assert words <= MOST[name], f"{name} has {words} words; move what is only looked up to another page"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_uses_words_that_everybody_knows(document: Path) -> None:
    words = re.findall(r"[a-z]+", re.sub(r"`[^`]*`|\]\([^)]*\)", " ", prose(document)).lower())

    hard = sorted(set(words) & set(PLAIN))

    assert not hard, f"{document.name}: " + "; ".join(f"for {each!r} say: {PLAIN[each]}" for each in hard)
