"""The effective configuration as YAML, in the order and the words of the configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from waexporter.config.quantities import format_bytes, format_duration, format_listen
from waexporter.model import Endpoint, Format
from waexporter.model.severity import CLASSES

if TYPE_CHECKING:
    from waexporter.model import (
        Config,
        Credentials,
        Fallback,
        PagerSettings,
        PollPlan,
        ProxyAuth,
        Target,
        Tls,
        WebhookAuth,
    )

# A fixed word, not str() of the value: this must hold even if Secret ever changes its repr.
_HIDDEN = "<secret>"


class _Off:
    """The word off, written without quotes."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Off, lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:bool", "off"))


def effective(config: Config) -> str:
    """Write what the program works with, defaults included and every secret as `<secret>`."""
    document: dict[str, object] = {
        "targets": [_target(target) for target in config.targets],
        "poll": {"workers": config.workers or "auto"},
        "limits": {
            "body_bytes": format_bytes(config.limits.body_bytes),
            "samples_per_endpoint": config.limits.samples_per_endpoint,
            "label_sets_per_family": config.limits.label_sets_per_family,
        },
        "web": _said(
            {"listen": format_listen(config.web.host, config.web.port), "config_file": config.web.config_file}
        ),
        "pager": _pager(config.pager) if config.pager else None,
        "log": {"level": config.log.level, "format": config.log.format},
    }
    return yaml.dump(_said(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _target(target: Target) -> dict[str, object]:
    return _said(
        {
            "name": target.name,
            "url": target.url,
            "auth": _auth(target.auth),
            "tls": _tls(target.tls),
            "proxy_url": target.proxy_url,
            "proxy_auth": _proxy_auth(target.proxy_auth) if target.proxy_auth else None,
            "topology": str(target.topology or "auto"),
            "shards": target.shards,
            "on_call_group": target.on_call_group,
            "canary_number": target.canary_number,
            "labels": dict(target.labels),
            "poll": {
                **{endpoint.value: _plan(target.plans.get(endpoint)) for endpoint in Endpoint},
                "stale_after": _number(target.stale_after),
            },
        }
    )


def _auth(auth: Credentials) -> dict[str, object]:
    return _said(
        {
            "api_key": _HIDDEN if auth.api_key else None,
            "username": auth.username,
            "password": _HIDDEN if auth.password else None,
            "bearer_token": _HIDDEN if auth.bearer_token else None,
            "header": auth.header,
        }
    )


def _proxy_auth(auth: ProxyAuth) -> dict[str, object]:
    return {"username": auth.username, "password": _HIDDEN}


def _tls(tls: Tls) -> dict[str, object]:
    return _said(
        {
            "ca_file": tls.ca_file,
            "cert_file": tls.cert_file,
            "key_file": tls.key_file,
            "server_name": tls.server_name,
            "insecure_skip_verify": tls.insecure_skip_verify,
        }
    )


def _plan(plan: PollPlan | None) -> object:
    if plan is None:
        return _Off()
    return {"interval": format_duration(plan.interval), "timeout": format_duration(plan.timeout)}


def _pager(pager: PagerSettings) -> dict[str, object]:
    return _said(
        {
            "state_dir": pager.state_dir,
            "webhook": _webhook(pager.webhook),
            "via": list(pager.via),
            "group": pager.group,
            "recipients": list(pager.recipients),
            "fallback": [_fallback(each) for each in pager.fallback],
            "fallback_after": format_duration(pager.fallback_after),
            "give_up_after": format_duration(pager.give_up_after),
            "rate": f"{pager.rate.messages}/{format_duration(pager.rate.per)}",
            "timezone": pager.timezone,
            "severities": _severities(pager),
            "watchdogs": [
                {
                    "name": each.name,
                    "match": dict(each.match),
                    "max_silence": format_duration(each.max_silence),
                }
                for each in pager.watchdogs
            ],
            "alertmanager_url": _HIDDEN if pager.alertmanager_url else None,
            "heartbeat_url": _HIDDEN if pager.heartbeat_url else None,
            "heartbeat_interval": format_duration(pager.heartbeat_interval),
            "watch": pager.watch,
            "watch_for": format_duration(pager.watch_for),
        }
    )


def _severities(pager: PagerSettings) -> dict[str, object]:
    return _said(
        {each.value: [word for word, means in pager.severities if means is each] for each in CLASSES}
    )


def _fallback(fallback: Fallback) -> object:
    if fallback.format is Format.JSON:
        return _HIDDEN
    return {"url": _HIDDEN, "format": fallback.format.value}


def _webhook(auth: WebhookAuth) -> dict[str, object]:
    return _said(
        {
            "secret": _HIDDEN if auth.secret else None,
            "username": auth.username,
            "password": _HIDDEN if auth.password else None,
            "insecure": auth.insecure or None,
        }
    )


def _number(value: float) -> float:
    return int(value) if value.is_integer() else value


def _said(block: dict[str, object]) -> dict[str, object]:
    """Leave out what is not set."""
    return {key: value for key, value in block.items() if value not in (None, {}, [])}
