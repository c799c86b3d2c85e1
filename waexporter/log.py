"""The configuration of logging: waexporter's events and other libraries' records share one renderer."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, cast

from waexporter.model import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

    from waexporter.model import LogSettings


@contextmanager
def _hide_module(name: str) -> Iterator[None]:
    """Make imports of a module fail inside the context, unless it has been imported already."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    if name in modules:
        yield
        return
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]


# structlog imports rich when it can, only to colour tracebacks: 5 MiB that a small agent has no use for.
with _hide_module("rich"):
    import structlog

_OURS = "waexporter"
_OFF = logging.CRITICAL + 1

# The lowest level at which records of other libraries are logged. APScheduler warns of every late or skipped
# run, and urllib3 of every retry; metrics count both instead. uvicorn warns of every bad request, as often as
# anybody sends one. Records of all other libraries are logged from WARNING on.
_MIN_LEVELS = {
    "apscheduler": logging.ERROR,
    "urllib3": logging.ERROR,
    "uvicorn.error": logging.ERROR,
    "uvicorn.access": _OFF,
}

_HIDDEN_KEYS = frozenset({"password", "new_password", "api_key", "token", "authorization"})
_MASK = "<secret>"


class _Handler(logging.StreamHandler[TextIO]):
    """The handler of `configure`; its class marks it, so that a second call replaces it."""


def configure(settings: LogSettings, stream: TextIO) -> None:
    """Send every event to the stream (stderr outside tests), as a JSON line or as a line for people."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared_processors(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering_processors(settings, stream),
            ],
        )
    )
    _install_handler(handler, level)
    structlog.configure(
        processors=[*_shared_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a reload may change the level
    )


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of a module; a later `configure` applies to it, too."""
    full_name = name if name.startswith(_OURS) else f"{_OURS}.{name}"
    return cast("FilteringBoundLogger", structlog.get_logger(full_name))


def _install_handler(handler: _Handler, level: int) -> None:
    root = logging.getLogger()
    for before in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger(_OURS).setLevel(level)
    for name, least in _MIN_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, least))


def _shared_processors() -> list[Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        mask,
    ]


def _rendering_processors(settings: LogSettings, stream: TextIO) -> list[Processor]:
    if settings.format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("msg"),
            _order_keys,
            structlog.processors.JSONRenderer(serializer=json.dumps),
        ]
    return [
        _format_values,
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            timestamp_key="ts",
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask every Secret, and every value whose key is the name of a secret."""
    return _mask_values(event)


def _mask_values(values: Mapping[Any, object]) -> dict[Any, object]:
    return {
        key: _MASK if str(key).lower() in _HIDDEN_KEYS else _mask_value(value)
        for key, value in values.items()
    }


def _mask_value(value: object) -> object:
    if isinstance(value, Secret):
        return _MASK
    if isinstance(value, dict):
        return _mask_values(value)
    if isinstance(value, (list, tuple)):
        return [_mask_value(inner) for inner in value]
    return value


def _format_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Format lists, maps and booleans for people, and not as Python writes them."""
    return {key: value if key == "exc_info" else _format_value(value) for key, value in event.items()}


def _format_value(value: object) -> object:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(_format_value(each)) for each in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_format_value(each)}" for key, each in value.items()) or "none"
    return value


def _order_keys(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    first = {key: event.pop(key) for key in ("ts", "level", "msg") if key in event}
    return {**first, **event}
