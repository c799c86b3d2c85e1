"""When certificates expire, compared with the library that made them; broken ones are refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.waiting import fail_after
from tests.running.examples import examples
from waexporter.errors import BodyError
from waexporter.whatsapp.documents.certificates import read_der, read_pem

ENDS = [
    datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
    datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),  # the last that is written with two digits
    datetime(2050, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
]


def certificate(end: datetime, begin: datetime = datetime(1990, 1, 1, tzinfo=UTC)) -> bytes:
    """Make a certificate as PEM."""
    issued = trustme.CA().issue_cert("wa.example", not_before=begin, not_after=end)
    return issued.cert_chain_pems[0].bytes()


_DER = serialization.Encoding.DER


def der(pem: bytes) -> bytes:
    """Return a certificate as DER, converted by another library."""
    return x509.load_pem_x509_certificate(pem).public_bytes(_DER)


def test_the_end_is_read_as_it_was_written() -> None:
    read = [read_pem(certificate(end)) for end in ENDS]

    assert read == [end.timestamp() for end in ENDS]


def test_a_certificate_that_is_not_valid_yet_has_an_end_all_the_same() -> None:
    end = datetime(2090, 1, 1, tzinfo=UTC)

    assert read_pem(certificate(end, begin=datetime(2080, 1, 1, tzinfo=UTC))) == end.timestamp()


def test_of_a_bundle_the_first_to_end_counts() -> None:
    bundle = b"# a comment\n".join(certificate(ENDS[place]) for place in (3, 1, 2))

    assert read_pem(bundle) == ENDS[1].timestamp()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no PEM",
        b"\xff\x00",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_certificate_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError):
        read_pem(body)


@pytest.mark.parametrize("filling", [b"", b"\nAAAA\n", b"-"])
def test_certificates_without_an_end_are_refused(filling: bytes) -> None:
    with fail_after(), pytest.raises(BodyError):
        read_pem((b"-----BEGIN CERTIFICATE-----" + filling) * 400_000)


GOOD = der(certificate(ENDS[1]))


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, len(GOOD)))
@settings(max_examples=examples(300))
def test_a_damaged_certificate_is_read_or_refused(place: int, byte: int, length: int) -> None:
    damaged = bytearray(GOOD)
    damaged[place] = byte

    for each in (bytes(damaged), GOOD[:length], bytes(damaged)[:length]):
        try:
            end = read_der(each)
        except BodyError:
            continue
        assert isinstance(end, float)
