"""Durations, sizes and listen addresses, between their text and their value."""

from __future__ import annotations

import re

_DURATION_UNITS = {
    "y": 31_536_000.0,
    "w": 604_800.0,
    "d": 86_400.0,
    "h": 3_600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 0.001,
}
_DURATION = re.compile("".join(f"(?:([0-9]{{1,9}}){unit})?" for unit in _DURATION_UNITS))
_LONGEST = _DURATION_UNITS["y"]
# A week or a year is read, but written in days: "365d" is understood at sight, "52w1d" is not.
_WRITTEN_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}

_BYTE_UNITS = {"GiB": 1024**3, "MiB": 1024**2, "KiB": 1024}
_BYTES = re.compile(f"([0-9]{{1,15}})({'|'.join(_BYTE_UNITS)})?")

_LISTEN = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]*)):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65_535


def parse_duration(text: str) -> float:
    """Parse a duration such as `500ms` or `1h30m` into seconds; raise ValueError with the reason."""
    if text.isdecimal():
        raise ValueError("write a unit, such as 30s")
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError("must be a duration such as 500ms, 30s, 5m or 1h30m")
    counts = zip(match.groups(), _DURATION_UNITS.values(), strict=True)
    seconds = sum(int(count) * unit for count, unit in counts if count)
    if seconds > _LONGEST:
        raise ValueError("must be at most 365d")
    return seconds


def format_duration(seconds: float) -> str:
    """Return seconds as parse_duration reads them, to the millisecond."""
    left = round(seconds * 1000)
    parts = []
    for unit, size in _WRITTEN_UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_bytes(text: str) -> int:
    """Parse a size such as `16MiB` or `65536` into bytes; raise ValueError with the reason."""
    match = _BYTES.fullmatch(text)
    if match is None:
        raise ValueError("must be a size such as 16MiB; the units are KiB, MiB and GiB")
    return int(match[1]) * _BYTE_UNITS.get(match[2], 1)


def format_bytes(count: int) -> str:
    """Return bytes as parse_bytes reads them, in the largest unit that loses nothing."""
    for unit, size in _BYTE_UNITS.items():
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return str(count)


def parse_listen(text: str) -> tuple[str, int]:
    """Parse `host:port`, `[v6]:port` or `:port` (every interface); raise ValueError with the reason."""
    if text.count(":") > 1 and not text.startswith("["):
        raise ValueError("put an IPv6 address in brackets, such as [::1]:9847")
    match = _LISTEN.fullmatch(text)
    if match is None:
        raise ValueError("must be host:port, such as 127.0.0.1:9847, or :9847 for every interface")
    port = int(match["port"])
    if port > _LAST_PORT:
        raise ValueError("its port must be a number from 0 to 65535")
    return match["v6"] or match["host"] or "0.0.0.0", port


def format_listen(host: str, port: int) -> str:
    """Return an address as parse_listen reads it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
