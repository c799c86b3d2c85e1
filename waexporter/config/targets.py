"""The list `targets`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from waexporter.config import poll
from waexporter.config.credentials import AUTH, PROXY_AUTH, read_auth, read_proxy_auth
from waexporter.config.keys import Block, Key, Variable, convert_number, value
from waexporter.config.target_tls import TLS, read_tls
from waexporter.config.values import scalars, urls
from waexporter.model import Credentials, Endpoint, Target, Topology

if TYPE_CHECKING:
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


def read_targets(root: Section, common: poll.PollSettings) -> tuple[Target, ...]:
    """Read all targets; report names that are used twice."""
    owners: dict[str, str] = {}
    targets = []
    for section in root.sections("targets"):
        target = _target(section, common)
        targets.append(target)
        section.report.targets.append(target.name)
        owner = owners.setdefault(target.name, section.path) if target.name else section.path
        if owner != section.path:
            quoted = json.dumps(target.name, ensure_ascii=False)
            section.add_problem("name", f"{quoted} is used by {owner} already")
    return tuple(targets)


def _target(section: Section, common: poll.PollSettings) -> Target:
    with section as target:
        url = _read_url(target, "url", "")
        with target.section("poll") as block:
            own = poll.read_poll(block)
        plans, stale_after = poll.merge_plans(own, common), poll.merge_stale_after(own, common)
        values = TARGET.read(target, url=url, plans=plans, stale_after=stale_after)
        values["name"] = values["name"] or (urls.host_and_port(url) if url else "")
        read = Target(**values)
        _check(target, read)
        return read


def _check(section: Section, target: Target) -> None:
    """Report the problems of several keys together."""
    if not target.plans:
        section.add_problem("poll", "every endpoint is off; leave this target out instead")
    if target.topology in {Topology.SINGLE, Topology.HA} and (target.shards or 1) > 1:
        section.add_problem("shards", f"must be 1 when the topology is {target.topology}")
    has_canary = Endpoint.CANARY in target.plans
    if has_canary and not section.has("canary_number"):
        section.add_problem("canary_number", "is needed for poll.canary: the number that the canary looks up")
    if not has_canary and target.canary_number is not None:
        section.add_note("canary_number", "is not used, because poll.canary is off")
    if target.url.startswith("http://") and target.auth != Credentials():
        section.add_note("url", "http:// carries the credentials in the clear")
    if target.url.startswith("http://") and target.tls.cert_file is not None:
        section.add_note("tls", "cert_file is not used, because the url begins with http://")


def _read_url(target: Section, key: str, _: object) -> str:
    url, note = target.require(key, urls.target_url, urls.ClientUrl(""))
    if note:
        target.add_note(key, note)
    return url


def _read_labels(target: Section, key: str, _: object) -> tuple[tuple[str, str], ...]:
    with target.section(key) as labels:
        for name, _ in labels.entries():
            _check_label(labels, name)
        return tuple(sorted((name, labels.get(name, scalars.text, "")) for name, _ in labels.entries()))


def _check_label(labels: Section, name: str) -> None:
    if _LABEL.fullmatch(name) is None:
        shown = json.dumps(name[:40])
        labels.report.add_problem(
            labels.path, f"{shown} must be letters, digits and _, and not begin with a digit"
        )
    elif name in RESERVED_LABELS or name.startswith("__"):
        labels.add_problem(name, "is reserved; use another name")


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
