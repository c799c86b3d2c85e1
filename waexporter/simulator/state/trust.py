"""The certificates that the API keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Trust:
    """Certificates as PEM."""

    external_ca: str  # of the certificate the webapp serves, or will serve after a restart
    webhook_ca: str | None = None
