"""The severity of an alert, from the words in use for the label `severity`; pure."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(StrEnum):
    """The severity of an alert, the worst first.

    UNKNOWN comes second, because it may be critical.
    """

    CRITICAL = "critical"
    UNKNOWN = "unknown"
    WARNING = "warning"
    INFO = "info"


RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}
CLASSES: Final = (
    Severity.CRITICAL,
    Severity.WARNING,
    Severity.INFO,
)  # `pager.severities` adds words to these

# Words with the same meaning everywhere. `high`, `major`, `p2` and `sev2` wake people in some organisations
# and not in others, so they are unknown unless the configuration has them. `error` is critical, because it
# wakes people in PagerDuty, whose four words (critical, error, warning, info) many tools use.
_USUAL: Final = {
    Severity.CRITICAL: (
        "critical crit page pager emergency emerg fatal panic disaster blocker highest alert error err "
        "p0 p1 s0 s1 sev0 sev1 severity0 severity1 priority1"
    ),
    Severity.WARNING: "warning warn ticket average medium moderate minor p3 s3 sev3 severity3 priority3",
    Severity.INFO: (
        "info information informational notice debug none low lowest trivial "
        "p4 p5 s4 s5 sev4 sev5 severity4 severity5 priority4 priority5"
    ),
}
_FILLING: Final = re.compile(r"[\s_-]+")  # `SEV-1`, `sev 1` and `sev1` are one word


def normalize_word(word: str) -> str:
    """Return a word in the form in which words are compared."""
    return _FILLING.sub("", word).casefold()


_WORDS: Final[Mapping[str, Severity]] = {
    word: severity for severity, words in _USUAL.items() for word in words.split()
}


def classify_word(word: str, own: Mapping[str, Severity]) -> Severity:
    """Return the severity that a word means.

    `own` are the words of this organisation, normalized; they outweigh the usual ones.
    """
    normalized = normalize_word(word)
    return own.get(normalized) or _WORDS.get(normalized) or Severity.UNKNOWN
