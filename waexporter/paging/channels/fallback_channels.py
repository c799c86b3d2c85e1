"""Open the channels of `pager.fallback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.errors import CommandError
from waexporter.paging.channels.channel_types import CHANNEL_TYPES
from waexporter.transport.address import HttpAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from waexporter.model import Fallback, PagerSettings, Secret
    from waexporter.paging.channels import Channel
    from waexporter.paging.channels.webhook import HttpPoster
    from waexporter.transport.tls import TlsContexts


def open_fallback(settings: PagerSettings, contexts: TlsContexts) -> tuple[Channel, ...]:
    """Return the channels of `pager.fallback`; raise CommandError, with what to do, for an unusable one."""
    try:
        return open_fallback_channels(settings.fallback, lambda address: HttpAddress(address, contexts))
    except ImportError as error:
        raise CommandError(
            "pager.fallback: an address that is not http(s):// needs Apprise, which is the extra `fallback`: "
            "in the folder of waexporter's source, pip install '.[fallback]'"
        ) from error
    except ValueError as error:
        raise CommandError(f"pager.fallback: {error}") from error


def open_fallback_channels(
    fallbacks: Sequence[Fallback], poster: Callable[[Secret], HttpPoster]
) -> tuple[Channel, ...]:
    """Return a channel for each entry; raise ValueError or ImportError for an unusable one."""
    openers = [each.fallback for each in CHANNEL_TYPES if each.fallback is not None]
    return tuple(
        next(opener for opener in openers if opener.accepts(each)).open(each, poster) for each in fallbacks
    )
