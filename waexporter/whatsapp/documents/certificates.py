"""Reads when a certificate expires, from its PEM or DER.

X.509 is parsed here, as far as this one field needs it: a library would take 8 MiB, a fifth of the daemon.
"""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from typing import NamedTuple

from waexporter.errors import BodyError

# No byte is looked at twice, however many blocks begin and never end.
_PEM = re.compile(
    rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----"
    rb"[^-]++(?:-(?!----(?:BEGIN|END) )[^-]*+)*+"
    rb"-----END (?:TRUSTED |X509 )?CERTIFICATE-----"
)
_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0
_FORMATS = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}
_UTC_TIME_END = 2050  # the two digits of a UTCTime mean 1950 to 2049
_MAX_CERTIFICATES = 100  # of a bundle; the rest is not read


class _Field(NamedTuple):
    tag: int
    content: bytes
    rest: bytes


def read_pem(body: bytes) -> float:
    """Return when the first certificate of a PEM bundle to expire does so, in seconds since the epoch."""
    blocks = _PEM.findall(body)[:_MAX_CERTIFICATES]
    if not blocks:
        message = "the answer has no PEM certificate in it"
        raise BodyError(message)
    return min(read_der(_decode(block)) for block in blocks)


def _decode(block: bytes) -> bytes:
    try:
        text = re.sub(r"(TRUSTED |X509 )", "", block.decode("ascii"))
        return ssl.PEM_cert_to_DER_cert(text)
    except (ValueError, UnicodeDecodeError) as error:
        message = "the PEM in the answer is broken"
        raise BodyError(message) from error


def read_der(der: bytes) -> float:
    """Return when a certificate expires, in seconds since the epoch."""
    try:
        return _not_after(der)
    except (LookupError, ValueError, OverflowError) as error:
        message = "the certificate in the answer is broken"
        raise BodyError(message) from error


def _not_after(der: bytes) -> float:
    """Return notAfter (RFC 5280: Certificate > tbsCertificate > validity > notAfter)."""
    inside = _expect(_SEQUENCE, _expect(_SEQUENCE, der).content)
    rest = inside.content
    field = _read(rest)
    if field.tag == _VERSION:
        field = _read(field.rest)
    for _ in ("signature", "issuer"):  # after the serial number
        field = _read(field.rest)
    validity = _expect(_SEQUENCE, field.rest)
    end = _read(_read(validity.content).rest)
    moment = datetime.strptime(end.content.decode("ascii"), _FORMATS[end.tag]).replace(tzinfo=UTC)
    if end.tag == _UTC_TIME and moment.year >= _UTC_TIME_END:
        moment = moment.replace(year=moment.year - 100)
    return moment.timestamp()


def _expect(tag: int, data: bytes) -> _Field:
    field = _read(data)
    if field.tag != tag:
        raise ValueError(field.tag)
    return field


def _read(data: bytes) -> _Field:
    """Read one DER field: its tag, its length (one to five bytes), and its content."""
    tag, first = data[0], data[1]
    start = 2
    length = first
    if first & 0x80:
        start += first & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if not 2 <= start <= 6 or len(data) < start + length:  # noqa: PLR2004 - four bytes of length at most
        raise ValueError(length)
    return _Field(tag, data[start : start + length], data[start + length :])
