"""The severity of an alert, from the words in use."""

from __future__ import annotations

import pytest

from waexporter.model.severity import CLASSES, RANKS, Severity, classify_word, normalize_word


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        (
            ("critical", " CRITICAL ", "page", "emergency", "P1", "p0", "sev1", "SEV-1", "Sev 0"),
            Severity.CRITICAL,
        ),
        (("fatal", "disaster", "error", "emerg", "severity_1"), Severity.CRITICAL),
        (("warning", "Warn", "ticket", "average", "P3", "sev-3"), Severity.WARNING),
        (("info", "informational", "none", "P4", "p5", "low"), Severity.INFO),
        (("", " ", "-", "tier-1", "p2", "sev2", "high", "major", "1", "критично"), Severity.UNKNOWN),
    ],
)
def test_a_usual_word_has_its_usual_severity(words: tuple[str, ...], severity: Severity) -> None:
    assert {word: classify_word(word, {}) for word in words} == dict.fromkeys(words, severity)


def test_words_of_the_configuration_outweigh_the_usual_ones() -> None:
    own = {normalize_word("P-1"): Severity.INFO, normalize_word("High"): Severity.CRITICAL}

    assert [classify_word(word, own) for word in ("p1", "HIGH", "critical")] == [
        Severity.INFO,
        Severity.CRITICAL,
        Severity.CRITICAL,
    ]


def test_unknown_stands_right_below_the_worst_and_has_no_words() -> None:
    assert sorted(Severity, key=RANKS.__getitem__) == ["critical", "unknown", "warning", "info"]
    assert Severity.UNKNOWN not in CLASSES
