"""The names of well-known annotations, the best one first; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# `message` is written by old versions of kube-prometheus and by OpenShift, links without `_url` by many,
# those with `URL` by Grafana's own alerting.
SUMMARY: Final = ("summary",)
DESCRIPTION: Final = ("description", "message")
RUNBOOK: Final = ("runbook_url", "runbook")
DASHBOARD: Final = ("dashboard_url", "dashboard", "panelURL", "dashboardURL")
SILENCE: Final = ("silenceURL",)


def pick(annotations: Mapping[str, str], *names: str) -> str:
    """Return the first of these annotations that is not empty; else an empty text."""
    return next((text for name in names if (text := annotations.get(name, "").strip())), "")


def summary_of(annotations: Mapping[str, str]) -> str:
    """Return the annotation that says in one sentence what is wrong."""
    return pick(annotations, *SUMMARY, *DESCRIPTION)
