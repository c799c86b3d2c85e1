"""The values that the packages exchange; they need only the standard library."""

from __future__ import annotations

from waexporter.model.configuration import Config, Limits, LogSettings
from waexporter.model.discovery import HttpSd, HttpSdAuth
from waexporter.model.documents import (
    Canary,
    Certificates,
    ClientSettings,
    Document,
    Gateway,
    Health,
    OnCallGroup,
    Status,
    Support,
    SupportNode,
)
from waexporter.model.instant import Instant, now
from waexporter.model.pager import Fallback, Format, PagerSettings, Rate, Watchdog, WebhookAuth
from waexporter.model.readings import Account, Distrust, Drop, Failure, Reading, Reason, Success
from waexporter.model.reload_cause import ReloadCause
from waexporter.model.samples import Family, Fragment, Head, Part, Sample
from waexporter.model.secret import Secret
from waexporter.model.shard import Shard
from waexporter.model.targets import (
    ClientKind,
    Credentials,
    Endpoint,
    PollPlan,
    ProxyAuth,
    Target,
    Tls,
    Topology,
)
from waexporter.model.verdicts import OnPremisesDetails, Problem, State, Verdict, VerdictDetails
from waexporter.model.web_settings import (
    ClientAuth,
    RequestRate,
    ServerTls,
    WebLogin,
    WebSecurity,
    WebSettings,
)

__all__ = [
    "Account",
    "Canary",
    "Certificates",
    "ClientAuth",
    "ClientKind",
    "ClientSettings",
    "Config",
    "Credentials",
    "Distrust",
    "Document",
    "Drop",
    "Endpoint",
    "Failure",
    "Fallback",
    "Family",
    "Format",
    "Fragment",
    "Gateway",
    "Head",
    "Health",
    "HttpSd",
    "HttpSdAuth",
    "Instant",
    "Limits",
    "LogSettings",
    "OnCallGroup",
    "OnPremisesDetails",
    "PagerSettings",
    "Part",
    "PollPlan",
    "Problem",
    "ProxyAuth",
    "Rate",
    "Reading",
    "Reason",
    "ReloadCause",
    "RequestRate",
    "Sample",
    "Secret",
    "ServerTls",
    "Shard",
    "State",
    "Status",
    "Success",
    "Support",
    "SupportNode",
    "Target",
    "Tls",
    "Topology",
    "Verdict",
    "VerdictDetails",
    "Watchdog",
    "WebLogin",
    "WebSecurity",
    "WebSettings",
    "WebhookAuth",
    "now",
]
