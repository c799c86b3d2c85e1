"""Logging, set up once: our events and other libraries' records leave through one renderer."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

from waexporter.model import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

    from waexporter.model import LogSettings


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Let imports of a module fail for a while, unless it has been imported already."""
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
with _hidden("rich"):
    import structlog

_OURS = "waexporter"
_OFF = logging.CRITICAL + 1

# The least level at which other libraries are heard. APScheduler warns of every late or skipped run, and
# urllib3 of every retry; both are counted as metrics instead. uvicorn warns of every request that is none, as
# often as anybody sends one. Everyone else is heard from WARNING on.
_FLOORS = {
    "apscheduler": logging.ERROR,
    "urllib3": logging.ERROR,
    "uvicorn.error": logging.ERROR,
    "uvicorn.access": _OFF,
}

_HIDDEN_KEYS = frozenset({"password", "new_password", "api_key", "token", "authorization"})
_MASK = "<secret>"


class _Outlet(logging.StreamHandler[TextIO]):
    """The one handler, recognisable so that a second set-up replaces the first."""


def configure(settings: LogSettings, stream: TextIO) -> None:
    """Send every event to the stream (stderr outside tests), as a JSON line or as a line for people."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    outlet = _Outlet(stream)
    outlet.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_common(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(settings, stream),
            ],
        )
    )
    _route(outlet, level)
    structlog.configure(
        processors=[*_common(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a reload may change the level
    )


def get_logger(name: str) -> FilteringBoundLogger:
    """Give the logger of a module; it may be made before `configure` and follows it."""
    full_name = name if name.startswith(_OURS) else f"{_OURS}.{name}"
    return cast("FilteringBoundLogger", structlog.get_logger(full_name))


def _route(outlet: _Outlet, level: int) -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Outlet)]:
        root.removeHandler(handler)
    root.addHandler(outlet)
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger(_OURS).setLevel(level)
    for name, floor in _FLOORS.items():
        logging.getLogger(name).setLevel(max(level, floor))


def _common() -> list[Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        mask,
    ]


def _rendering(settings: LogSettings, stream: TextIO) -> list[Processor]:
    if settings.format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("msg"),
            _in_order,
            structlog.processors.JSONRenderer(serializer=json.dumps),
        ]
    return [
        _in_words,
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            timestamp_key="ts",
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace every Secret, and whatever stands under a key that is a secret's name."""
    return {key: _MASK if key.lower() in _HIDDEN_KEYS else _masked(value) for key, value in event.items()}


def _masked(value: object) -> object:
    if isinstance(value, Secret):
        return _MASK
    if isinstance(value, dict):
        return {
            key: _MASK if str(key).lower() in _HIDDEN_KEYS else _masked(inner) for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_masked(inner) for inner in value]
    return value


def _in_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write values as people do: a line for them holds no list, map or truth value of Python's."""
    return {key: value if key == "exc_info" else _word(value) for key, value in event.items()}


def _word(value: object) -> object:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(_word(each)) for each in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_word(each)}" for key, each in value.items()) or "none"
    return value


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    first = {key: event.pop(key) for key in ("ts", "level", "msg") if key in event}
    return {**first, **event}
