"""The list `targets`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from waexporter.config import poll
from waexporter.config.credentials import AUTH, PROXY_AUTH, check_proxy, read_auth, read_proxy_auth
from waexporter.config.keys import Block, Key, Variable, convert_number, value
from waexporter.config.target_tls import TLS, read_tls
from waexporter.config.values import scalars, urls
from waexporter.model import Credentials, Endpoint, PollPlan, Target, Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.config.section import Section

_LONGEST_NAME = 128
_LABEL = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_TOPOLOGY = scalars.choice("auto", *Topology)

# Labels that samples may have already.
_OUR_LABELS = ("target", "node", "role", "status", "verdict", "problem", "topology", "version", "api_status")
_COLLECTORS_LABELS = ("collector", "reason", "coreapp", "app", "shard", "db_engine", "volume", "certificate")
_CLIENTS_LABELS = ("type", "result", "method", "retry", "query", "state")
_PROMETHEUS_LABELS = ("job", "instance", "le", "quantile")
# Labels that the Prometheus Operator's monitors add; a label of ours with such a name would be renamed.
_OPERATORS_LABELS = ("endpoint", "service", "pod", "container", "namespace")
RESERVED_LABELS = frozenset(
    {*_OUR_LABELS, *_COLLECTORS_LABELS, *_CLIENTS_LABELS, *_PROMETHEUS_LABELS, *_OPERATORS_LABELS}
)


@dataclass(frozen=True)
class TargetDefaults:
    """What holds for a target that does not say otherwise: values of fields, and its block `poll`."""

    poll: poll.PollSettings
    values: Mapping[str, Any] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()  # that are given

    @cached_property
    def plans(self) -> Mapping[Endpoint, PollPlan]:
        """The plans that all targets without a block `poll` share."""
        return poll.read_plans(self.poll)


def read_targets(sections: Iterable[Section], defaults: TargetDefaults) -> tuple[Target, ...]:
    """Read all targets; report names that are used twice."""
    targets = []
    for section in sections:
        target = _target(section, defaults)
        targets.append(target)
        place = section.report.shown_path(section.path)
        owner = section.report.targets.setdefault(target.name, place) if target.name else place
        if owner != place:
            quoted = json.dumps(target.name, ensure_ascii=False)
            section.add_problem("name", f"{quoted} is used by {owner} already")
    return tuple(targets)


def _target(section: Section, defaults: TargetDefaults) -> Target:
    with section as target:
        base = _without_nulls(target, defaults)
        url = _read_url(target, "url", "")
        plans, stale_after = _read_polls(target, defaults)
        values = TARGET.read(target, base, url=url, plans=plans, stale_after=stale_after)
        values["name"] = values["name"] or (urls.host_and_port(url) if url else "")
        read = Target(**values)
        _check(target, read)
        return read


def _read_polls(target: Section, defaults: TargetDefaults) -> tuple[Mapping[Endpoint, PollPlan], float]:
    merged, plans = defaults.poll, defaults.plans
    if target.allow("poll"):
        with target.section("poll") as block:
            merged = poll.merge_polls(poll.read_poll(block), defaults.poll)
        plans = poll.read_plans(merged)
    return plans, merged.stale_after or poll.DEFAULT_STALE_AFTER


def _without_nulls(section: Section, defaults: TargetDefaults) -> Mapping[str, Any]:
    """Return the defaults without those that a target takes back by a key without a value."""
    dropped = set(section.drop_nulls(defaults.keys))
    if "proxy_url" in dropped:
        dropped.add("proxy_auth")
    return {name: value for name, value in defaults.values.items() if name not in dropped}


def _check(section: Section, target: Target) -> None:
    """Report the problems of several keys together."""
    if not target.plans:
        section.add_problem("poll", "every endpoint is off; leave this target out instead")
    check_common(section, target)
    has_canary = Endpoint.CANARY in target.plans
    if has_canary and target.canary_number is None and not section.has("canary_number"):
        section.add_problem("canary_number", "is needed for poll.canary: the number that the canary looks up")
    if not has_canary and section.has("canary_number") and target.canary_number is not None:
        section.add_note("canary_number", "is not used, because poll.canary is off")
    if target.url.startswith("http://") and target.auth != Credentials():
        section.add_note("url", "http:// carries the credentials in the clear")
    if target.url.startswith("http://") and target.tls.cert_file is not None:
        section.add_note("tls", "cert_file is not used, because the url begins with http://")


def check_common(section: Section, target: Target) -> None:
    """Report the problems of keys that `defaults` may have, too, unless all of them stand there."""
    if target.topology in {Topology.SINGLE, Topology.HA} and (target.shards or 1) > 1:
        if section.has("shards"):
            section.add_problem("shards", f"must be 1 when the topology is {target.topology}")
        elif section.has("topology"):
            section.add_problem("topology", f"must not be {target.topology} when defaults.shards is not 1")
    check_proxy(section, target.proxy_url, target.proxy_auth)


def _read_url(target: Section, key: str, _: object) -> str:
    url, note = target.require(key, urls.target_url, urls.ClientUrl(""))
    if note:
        target.add_note(key, note)
    return url


def _read_labels(
    target: Section, key: str, default: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    if not target.allow(key):
        return default
    with target.section(key) as labels:
        return tuple(sorted({**dict(default), **read_label_map(labels)}.items()))


def read_label_map(labels: Section, skip: tuple[str, ...] = ()) -> dict[str, str]:
    """Read a mapping of labels, without those to skip; report those that are wrong, and leave them out."""
    names = [name for name, _ in labels.entries() if name not in skip]
    right = [name for name in names if _is_label(labels, name)]
    read = {name: labels.get(name, scalars.text, "") for name in names}
    return {name: read[name] for name in right if read[name]}


def _is_label(labels: Section, name: str) -> bool:
    if _LABEL.fullmatch(name) is None:
        shown = json.dumps(name[:40])
        labels.report.add_problem(
            labels.path, f"{shown} must be letters, digits and _, and not begin with a digit"
        )
        return False
    if name in RESERVED_LABELS or name.startswith("__"):
        labels.add_problem(name, "is reserved; use another name")
        return False
    return True


def _name(value: object) -> str:
    name = scalars.text(value)
    if name != name.strip() or len(name) > _LONGEST_NAME:
        raise ValueError(f"must be at most {_LONGEST_NAME} characters, without a space at either end")
    return name


def _topology(value: object) -> Topology | None:
    word = _TOPOLOGY(value)
    return None if word == "auto" else Topology(word)


def _add_scheme(text: str) -> str:
    return text if "://" in text else f"https://{text}"


TARGET = Block(
    "targets",
    Target,
    (
        Key(
            "name",
            value(_name),
            "the label `target`: unique, at most 128 characters",
            default="the URL's host and port",
            variables=(Variable("WAEXPORTER_TARGET_NAME"),),
        ),
        Key(
            "url",
            _read_url,
            "address of the webapp: `scheme://host[:port][/prefix]`. `/v1` is added; if it is "
            "already there it is ignored, and a path after it (`/v1/health`) is removed with a "
            "note. `/health` and the like without `/v1` are kept, with a note. With `http://` "
            "credentials are sent unencrypted, and the log says so",
            variables=(
                Variable("WAEXPORTER_TARGET_URL"),
                Variable("WA_WEB_ENDPOINT", _add_scheme, ", as `host:port`; `https://` is added"),
            ),
        ),
        Key("auth", read_auth, "the credentials at this client; see [Secrets](#secrets)", block=AUTH),
        Key(
            "tls", read_tls, "how the webapp's certificate is verified, and the client certificate", block=TLS
        ),
        Key(
            "proxy_url",
            value(urls.proxy_url),
            "HTTP proxy, such as `http://proxy:3128`. Without it no proxy is used, whatever "
            "`HTTPS_PROXY` says",
            variables=(Variable("WAEXPORTER_PROXY_URL"),),
        ),
        Key(
            "proxy_auth",
            read_proxy_auth,
            "the credentials for the proxy; only with `proxy_url`",
            block=PROXY_AUTH,
        ),
        Key(
            "topology",
            value(_topology),
            "`single`, `ha` or `multiconnect`; `auto` [finds out](metrics.md#topology)",
            write=lambda topology: str(topology or "auto"),
        ),
        Key(
            "shards",
            value(scalars.shards),
            "number of shards: 1, 2, 4, 8, 16 or 32. Set it for multiconnect: a missing coreapp "
            "is only seen if the expected number is known",
            default="found out",
            variables=(Variable("WAEXPORTER_SHARDS", convert_number),),
        ),
        Key(
            "on_call_group",
            value(scalars.group),
            "id of a WhatsApp group, such as `14155550100-1520000000`. Default: the client's own setting "
            "`on_call_pager`, where an admin's account may read it",
            variables=(Variable("WAEXPORTER_ON_CALL_GROUP"),),
        ),
        Key(
            "canary_number",
            value(scalars.telephone),
            "a telephone number that the canary checks; needed for `poll.canary`",
        ),
        Key(
            "labels",
            _read_labels,
            "labels added to every `whatsapp_*` sample of this target, such as `{region: eu}`. "
            "Names that samples already have (`target`, `node`, `method`, `job`, …) are refused",
            write=dict,
            default="none",
        ),
        # Read before the others, because it is merged with the common block.
        Key(
            "poll",
            None,
            "overrides the block `poll` for this target, key by key; all its keys but `workers`",
            write=poll.dump_poll,
            fields=("plans", "stale_after"),
            default="none",
        ),
    ),
    "the list of targets; at least one entry",
    is_list=True,
)
