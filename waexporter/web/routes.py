"""Every HTTP path in one table: a new path is a new row.

A row has the methods of the path, the function that answers, who may use it, and the text for the table in
docs/http.md, which `make docs` writes. The last part of a path is the name of its module in this package;
tests/web/test_routes.py lists the exceptions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final, TypeAlias

from waexporter.paging.intake.alertmanager_webhook import MAX_BODY
from waexporter.web.alerts import RECEIVE_ALERTS, receive_alerts, record_delivery
from waexporter.web.backend import Backend
from waexporter.web.explanations.explanation_document import ExplanationDocument
from waexporter.web.explanations.page_history_document import PageHistoryDocument
from waexporter.web.lifecycle import check_health, check_readiness, reload
from waexporter.web.metrics import show_metrics
from waexporter.web.operation import Operation
from waexporter.web.page_document import PageDocument
from waexporter.web.page_list import LIST_PAGES, list_pages
from waexporter.web.probe import probe_target
from waexporter.web.responses import DeferredResponse, IncomingRequest, Response
from waexporter.web.sd import discover_targets
from waexporter.web.security.access import authenticate_alerts, authenticate_reload, has_webhook_secret
from waexporter.web.target_document import TargetListDocument
from waexporter.web.targets import list_targets

Handler: TypeAlias = Callable[[IncomingRequest, Backend], Response | DeferredResponse]
Authenticate: TypeAlias = Callable[[IncomingRequest, Backend], Response | None]
HasSecret: TypeAlias = Callable[[IncomingRequest, Backend], bool]
Observe: TypeAlias = Callable[[IncomingRequest, Response | None, Backend], None]


@dataclass(frozen=True, slots=True)
class Route:
    """One path; its functions are called in a worker thread."""

    path: str  # `{name}` stands for one segment, which the handler finds in the request's parameters
    handler: Handler
    summary: str  # for the table in docs/http.md, in Markdown
    methods: tuple[str, ...] = ("GET", "HEAD")
    # Returns whether a request has the secret of the path; then it needs no user of the web configuration.
    has_secret: HasSecret | None = None
    # Returns the response for a client that may not use the path; None: every client may.
    authenticate: Authenticate | None = None
    max_body: int = 0  # bytes; 0: no body is read
    # Called with each response before it is sent, and with None if the client left before that.
    observe: Observe | None = None
    operation: Operation | None = None  # of a path of the API
    is_probe: bool = False  # a probe of Kubernetes: answered at once, whatever else the server has to do


def import_at_first_request(module: str, name: str) -> Handler:
    """Return a handler that imports the function of a module of this package at its first request.

    The template engine and the Markdown parser need 2 MiB each, which most sidecars never use.
    """

    def handle(request: IncomingRequest, backend: Backend) -> Response | DeferredResponse:
        handler: Handler = getattr(import_module(f"waexporter.web.{module}"), name)
        return handler(request, backend)

    handle.__name__ = name
    return handle


ROUTES: Final = (
    Route(
        "/",
        import_at_first_request("site.status_page", "show_status_page"),
        "status page: every client, its verdict, its problems in words, the age of each reading, "
        "the last pages",
    ),
    Route(
        "/targets/{name}",
        import_at_first_request("site.target_page", "show_target"),
        "all about one client: problems, nodes, readings, the last polls, queues, changed settings",
    ),
    Route(
        "/config",
        import_at_first_request("site.config_page", "show_config"),
        "the configuration in effect, without secrets; YAML for a program",
    ),
    Route(
        "/metrics",
        show_metrics,
        "Prometheus text or OpenMetrics 1.0, by `Accept`; `?target=NAME` restricts it",
    ),
    Route(
        "/probe",
        probe_target,
        "`?target=NAME`: one client polled now ([rarely needed](probing.md))",
    ),
    Route(
        "/api/v1/targets",
        list_targets,
        "the same as the status page, as JSON",
        operation=Operation(TargetListDocument),
    ),
    Route(
        "/api/v1/targets/{name}/why",
        import_at_first_request("explanations.target_reasons", "explain_target"),
        "[why](explain.md) the verdict on a client is as it is: answers, rules, what would change it",
        operation=Operation(ExplanationDocument, errors=(404,)),
    ),
    Route(
        "/api/v1/alerts",
        receive_alerts,
        "takes Alertmanager's webhooks (POST), if there is a [pager](paging.md)",
        methods=("POST",),
        has_secret=has_webhook_secret,
        authenticate=authenticate_alerts,
        max_body=MAX_BODY,
        observe=record_delivery,
        operation=RECEIVE_ALERTS,
    ),
    Route("/api/v1/pages", list_pages, "what was paged, as JSON; `?limit=N`", operation=LIST_PAGES),
    Route(
        "/api/v1/pages/{number}",
        import_at_first_request("explanations.page_reasons", "show_page_document"),
        "one page, as JSON",
        operation=Operation(PageDocument, errors=(404, 503)),
    ),
    Route(
        "/api/v1/pages/{number}/why",
        import_at_first_request("explanations.page_reasons", "explain_page_history"),
        "[what became of a page](explain.md#pages): what came, what was decided, each attempt",
        operation=Operation(PageHistoryDocument, errors=(404, 503)),
    ),
    Route(
        "/api/v1/openapi.json",
        import_at_first_request("openapi", "show_openapi"),
        "the description of this API, as OpenAPI 3.1",
    ),
    Route(
        "/pages",
        import_at_first_request("site.pager_pages", "show_pages"),
        "what was paged, for people; `?q=`, `?state=`, `?severity=` and `?target=` restrict it",
    ),
    Route(
        "/pages/{number}",
        import_at_first_request("site.pager_pages", "show_page"),
        "what became of one page, and [why](explain.md#pages)",
    ),
    Route(
        "/runbooks/",
        import_at_first_request("site.runbooks", "list_runbooks"),
        "all runbooks; Markdown by `Accept`",
    ),
    Route(
        "/runbooks/{name}",
        import_at_first_request("site.runbooks", "show_runbook"),
        "what to do about an alert, readable on a phone: `/runbooks/WhatsAppDown`; Markdown by `Accept`",
    ),
    Route(
        "/assets/site.css",
        import_at_first_request("site.assets", "show_asset"),
        "the style sheet of the pages for people",
    ),
    Route(
        "/assets/site.js",
        import_at_first_request("site.assets", "show_asset"),
        "refreshes these pages in place; they work without it",
    ),
    Route(
        "/sd",
        discover_targets,
        "service discovery for Prometheus (`http_sd_configs`), one entry per client, `?shard=i/n`",
    ),
    Route("/-/healthy", check_health, "for Kubernetes and others", is_probe=True),
    Route("/-/ready", check_readiness, "for Kubernetes and others", is_probe=True),
    Route(
        "/-/reload",
        reload,
        "reads the configuration again (POST); [who may do that, and what it does]"
        "(configuration.md#changing-the-configuration-of-a-running-daemon)",
        methods=("POST",),
        has_secret=has_webhook_secret,
        authenticate=authenticate_reload,
    ),
)
