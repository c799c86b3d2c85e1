"""Images as request bodies, for icons and photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.envelope import refusal

if TYPE_CHECKING:
    from waexporter.simulator.endpoints.calls import Call

_MOST_BYTES = 5 * 1024 * 1024


def read_image(call: Call) -> tuple[bytes, str]:
    """Return the bytes of an image and their content type."""
    if not call.body or not call.content_type.startswith("image/"):
        raise refusal(400, 1025, "The body is not an image")
    if len(call.body) > _MOST_BYTES:
        raise refusal(400, 1009, f"The image is larger than {_MOST_BYTES} bytes")
    return call.body, call.content_type
