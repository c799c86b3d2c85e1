"""The list `targets`."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from waexporter.config import addresses, polls, scalars
from waexporter.config.credentials import read_auth, read_proxy_auth
from waexporter.config.files import read_bytes
from waexporter.model import Credentials, Endpoint, Target, Tls, Topology

if TYPE_CHECKING:
    from waexporter.config.section import Section

_LONGEST_NAME = 128
_LARGEST_AUTHORITY = 4 * 1024 * 1024  # bytes; all that a system trusts are a quarter of a MiB
_LABEL = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_TOPOLOGY = scalars.choice("auto", *Topology)

# What samples may carry already.
_OUR_LABELS = ("target", "node", "role", "status", "verdict", "problem", "topology", "version", "api_status")
_COLLECTORS_LABELS = ("collector", "reason", "coreapp", "app", "shard", "db_engine", "volume", "certificate")
_CLIENTS_LABELS = ("type", "result", "method", "retry", "query", "state")
_PROMETHEUS_LABELS = ("job", "instance", "le", "quantile")
# What the monitors of the Prometheus Operator set; without honorLabels ours would become exported_endpoint.
_OPERATORS_LABELS = ("endpoint", "service", "pod", "container", "namespace")
RESERVED_LABELS = frozenset(
    {*_OUR_LABELS, *_COLLECTORS_LABELS, *_CLIENTS_LABELS, *_PROMETHEUS_LABELS, *_OPERATORS_LABELS}
)


class _Identity(TypedDict):
    cert_file: str | None
    key_file: str | None
    identity: bytes


def read_targets(root: Section, common: polls.Polls) -> tuple[Target, ...]:
    """Read every target; the names must differ."""
    owners: dict[str, str] = {}
    targets = []
    for section in root.sections("targets"):
        target = _target(section, common)
        targets.append(target)
        owner = owners.setdefault(target.name, section.path) if target.name else section.path
        if owner != section.path:
            quoted = json.dumps(target.name, ensure_ascii=False)
            section.problem("name", f"{quoted} is used by {owner} already")
    return tuple(targets)


def _target(section: Section, common: polls.Polls) -> Target:
    with section as target:
        url, note = target.need("url", addresses.target_url, addresses.ClientUrl(""))
        if note:
            target.note("url", note)
        own = _own_polls(target)
        read = Target(
            name=target.take("name", _name, addresses.host_and_port(url) if url else ""),
            url=url,
            auth=read_auth(target),
            tls=_tls(target),
            proxy_url=target.take("proxy_url", addresses.proxy_url, None),
            proxy_auth=read_proxy_auth(target),
            topology=target.take("topology", _topology, None),
            shards=target.take("shards", scalars.shards, None),
            on_call_group=target.take("on_call_group", scalars.group, None),
            canary_number=target.take("canary_number", scalars.telephone, None),
            labels=_labels(target),
            plans=polls.plans(own, common),
            stale_after=polls.stale_after(own, common),
        )
        _check(target, read)
        return read


def _check(section: Section, target: Target) -> None:
    """Look for what only several keys together show."""
    if not target.plans:
        section.problem("poll", "every endpoint is off; leave this target out instead")
    if target.topology in {Topology.SINGLE, Topology.HA} and (target.shards or 1) > 1:
        section.problem("shards", f"must be 1 when the topology is {target.topology}")
    has_canary = Endpoint.CANARY in target.plans
    if has_canary and not section.has("canary_number"):
        section.problem("canary_number", "is needed for poll.canary: the number that the canary looks up")
    if not has_canary and target.canary_number is not None:
        section.note("canary_number", "is not used, because poll.canary is off")
    if target.url.startswith("http://") and target.auth != Credentials():
        section.note("url", "http:// carries the credentials in the clear")
    if target.url.startswith("http://") and target.tls.cert_file is not None:
        section.note("tls", "cert_file is not used, because the url begins with http://")


def _own_polls(target: Section) -> polls.Polls:
    with target.section("poll") as poll:
        return polls.read_polls(poll)


def _tls(target: Section) -> Tls:
    with target.section("tls") as tls:
        ca_file, authority = tls.take(
            "ca_file", lambda value: _ca_file(tls.resolve(scalars.text(value))), (None, b"")
        )
        return Tls(
            ca_file=ca_file,
            authority=authority,
            server_name=tls.take("server_name", addresses.host, None),
            insecure_skip_verify=tls.take("insecure_skip_verify", scalars.boolean, default=False),
            **_identity(tls),
        )


def _identity(tls: Section) -> _Identity:
    """Read the certificate that the target is shown, and its key."""
    cert_file, certificate = tls.take("cert_file", lambda value: _file(tls, value), (None, b""))
    key_file, key = tls.take("key_file", lambda value: _file(tls, value), (None, b""))
    for given, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if tls.has(given) and not tls.has(other):
            tls.problem(other, f"is required with {tls.name(given)}")
    if cert_file is None or key_file is None:
        return _Identity(cert_file=None, key_file=None, identity=b"")
    _check_identity(tls, cert_file, key_file)
    return _Identity(cert_file=cert_file, key_file=key_file, identity=certificate + key)


def _check_identity(tls: Section, cert_file: str, key_file: str) -> None:
    asked: list[str] = []

    def passphrase() -> str:
        asked.append(key_file)
        return ""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=cert_file)
    except (ssl.SSLError, OSError):
        tls.problem("cert_file", f"{cert_file} holds no PEM certificate")
        return
    try:
        context.load_cert_chain(cert_file, key_file, passphrase)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or ""
        if asked:
            words = f"{key_file} has a passphrase, which is not supported"
        elif "MISMATCH" in reason:
            words = f"{key_file} does not belong to the certificate in {cert_file}"
        else:
            words = f"{key_file} holds no PEM key"
        tls.problem("key_file", words)


def _labels(target: Section) -> tuple[tuple[str, str], ...]:
    with target.section("labels") as labels:
        for name, _ in labels.entries():
            _check_label(labels, name)
        return tuple(sorted((name, labels.take(name, scalars.text, "")) for name, _ in labels.entries()))


def _check_label(labels: Section, name: str) -> None:
    if _LABEL.fullmatch(name) is None:
        shown = json.dumps(name[:40])
        labels.report.problem(
            labels.path, f"{shown} must be letters, digits and _, and not begin with a digit"
        )
    elif name in RESERVED_LABELS or name.startswith("__"):
        labels.problem(name, "is reserved; use another name")


def _name(value: object) -> str:
    name = scalars.text(value)
    if name != name.strip() or len(name) > _LONGEST_NAME:
        raise ValueError(f"must be at most {_LONGEST_NAME} characters, without a space at either end")
    return name


def _topology(value: object) -> Topology | None:
    word = _TOPOLOGY(value)
    return None if word == "auto" else Topology(word)


def _ca_file(path: str) -> tuple[str, bytes]:
    """Give the path of a usable file, and a digest of what it holds."""
    digest = _digest(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ValueError(f"{path} holds no PEM certificate") from None
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}") from error
    return path, digest


def _file(section: Section, value: object) -> tuple[str, bytes]:
    path = section.resolve(scalars.text(value))
    return path, _digest(path)


def _digest(path: str) -> bytes:
    """Give a digest of a file that is read more than once.

    It is made before the file is tried: if that is replaced in between, the next reload sees a change.
    """
    digest = hashlib.sha256(read_bytes(path, limit=_LARGEST_AUTHORITY)).digest()
    if not Path(path).is_file():
        raise ValueError(f"{path} must be a regular file, since it is read more than once")
    return digest
