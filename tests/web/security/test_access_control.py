"""Users, tokens, excluded paths and the rate limit, over the whole application."""

from __future__ import annotations

from base64 import b64encode

import bcrypt
import pytest

from tests.web.fakes import FakeBackend, Got, an_application, ask
from tests.web.pagers import TOKEN, FakePager, post
from waexporter.model import RequestRate, Secret, WebSecurity
from waexporter.web.security.access_control import AccessControl
from waexporter.web.security.current_security import CurrentSecurity, PreparedSecurity, prepare_security

USERS = (("alice", Secret(bcrypt.hashpw(b"right: \xc3\xbc", bcrypt.gensalt(4)).decode())),)
TOKENS = (Secret("first-token-of-some-length"), Secret("second-token-of-some-length"))
PATHS = ("/", "/metrics", "/api/v1/targets", "/api/v1/alerts", "/-/reload", "/nothing", "/-/healthy/x", "*")


def ask_with(
    security: WebSecurity, path: str = "/metrics", authorization: str = "", method: str = "GET"
) -> Got:
    application = an_application(FakeBackend(), security=CurrentSecurity(prepare_security(security)))
    headers = {"authorization": authorization} if authorization else {}
    return ask(application, path, method, **headers)


def basic(pair: str) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"


RIGHT = basic("alice:right: ü")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("authorization", ["", basic("alice:wrong"), "Bearer first-token-of-some-lengt"])
def test_no_path_answers_without_a_user_or_a_token(path: str, authorization: str) -> None:
    got = ask_with(WebSecurity(users=USERS, bearer_tokens=TOKENS), path, authorization)

    assert got.status == 401
    assert got.headers["www-authenticate"] == 'Basic realm="waexporter", Bearer'
    assert got.text == "A user or a token of the web configuration is needed here.\n"


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
def test_probes_of_kubernetes_need_no_credentials(path: str) -> None:
    assert ask_with(WebSecurity(users=USERS), path).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "//metrics",
        "//-/healthy",
        "/-//healthy",
        "/-/healthy/",
        "/-/healthy/../metrics",
        "/-/healthy/%2e%2e/metrics",
        "/-/healthy/..;/metrics",
        "/-/healthy;/../metrics",
        "/-/healthy%2f..",
        "/-/healthy%2f..%2f..%2fmetrics",
        "/-/healthy%252f..%252fmetrics",
        "/-/healthy\\..\\metrics",
        "/-/healthy%5c..%5cmetrics",
        "/-/healthy%00",
        "/-/healthy%20",
        "/-/healthy%3f/metrics",
        "/-/healthy#/metrics",
        "/-/HEALTHY",
        "/-%2fhealthy",
        "/metrics?/-/healthy",
        "/metrics#/-/healthy",
        "/metrics/../-/healthy",
        "http://x/metrics",
        "http://x/-/healthy/../metrics",
        "http://-/healthy",
        "http:/-/healthy",
        "x:443",
        "*",
        "",
    ],
)
def test_no_spelling_of_an_excluded_path_opens_another(target: str) -> None:
    assert ask_with(WebSecurity(users=USERS), target).status == 401


@pytest.mark.parametrize(
    "target",
    ["/-/healthy?x", "/-/healthy?/../metrics", "http://x/-/healthy", "HTTP://x:1/-/healthy", "/%2d/healthy"],
)
def test_other_spellings_of_an_excluded_path_answer_that_path_only(target: str) -> None:
    got = ask_with(WebSecurity(users=USERS), target)

    assert (got.status, got.text) == (200, "The exporter is healthy.\n")


@pytest.mark.parametrize("headers", [{"x_original_url": "/-/healthy"}, {"x_rewrite_url": "/-/ready"}])
def test_no_header_names_another_path(headers: dict[str, str]) -> None:
    security = CurrentSecurity(prepare_security(WebSecurity(users=USERS)))

    assert ask(an_application(FakeBackend(), security=security), "/metrics", **headers).status == 401


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", 401),
        ("Bearer hunter2", 200),
        ("Bearer hunter3", 401),
        (RIGHT, 200),
        (basic("alice:hunter2"), 401),
    ],
)
def test_the_secret_of_the_webhook_opens_its_path_beside_the_users(authorization: str, status: int) -> None:
    pager = FakePager(TOKEN)
    security = CurrentSecurity(prepare_security(WebSecurity(users=USERS)))
    application = an_application(FakeBackend(pager=pager), security=security)  # type: ignore[arg-type]

    assert post(application, b"{}", authorization=authorization).status == status
    assert len(pager.received) == (status == 200)
    assert ask(application, "/metrics", authorization="Bearer hunter2").status == 401


def test_the_excluded_paths_are_those_of_the_configuration() -> None:
    security = WebSecurity(users=USERS, excluded_paths=("/metrics",))

    assert ask_with(security, "/metrics").status == 200
    assert ask_with(security, "/-/healthy").status == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/runbooks/a%2Fb", 404),
        ("/runbooks/%61%2fb", 404),
        ("/runbooks/a/b", 401),
        ("/runbooks/a%252Fb", 401),
        ("/runbooks%2Fa%2Fb", 401),
        ("//runbooks/a%2Fb", 401),
        ("/x/../runbooks/a%2Fb", 401),
        ("/runbooks/a%2Fb/../../metrics", 401),
        ("/runbooks/a%2Fb%2F..%2F..%2Fmetrics", 401),
    ],
)
def test_an_excluded_path_is_the_path_of_one_name(path: str, status: int) -> None:
    security = WebSecurity(users=USERS, excluded_paths=("/runbooks/a%2Fb",))

    assert ask_with(security, path).status == status


@pytest.mark.parametrize(
    "authorization",
    [
        RIGHT,
        RIGHT.replace("Basic", "BASIC "),
        "bearer second-token-of-some-length",
    ],
)
def test_a_user_or_a_token_opens_every_path(authorization: str) -> None:
    security = WebSecurity(users=USERS, bearer_tokens=TOKENS)

    assert ask_with(security, "/metrics", authorization).status == 200
    assert ask_with(security, "/nothing", authorization).status == 404
    assert ask_with(security, "/-/reload", authorization, "POST").status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !",
        "Basic YWxpY2U=",
        "Basic \xff",
        "Negotiate x",
        "Bearer",
        "Bearer \xff",
        "alice:right",
        " ",
    ],
)
def test_what_is_malformed_is_refused(authorization: str) -> None:
    assert ask_with(WebSecurity(users=USERS, bearer_tokens=TOKENS), authorization=authorization).status == 401


def test_without_users_and_tokens_everybody_is_served() -> None:
    assert ask_with(WebSecurity()).status == 200


def test_only_schemes_that_can_succeed_are_named() -> None:
    assert ask_with(WebSecurity(bearer_tokens=TOKENS)).headers["www-authenticate"] == "Bearer"
    assert ask_with(WebSecurity(users=USERS)).headers["www-authenticate"] == 'Basic realm="waexporter"'


def test_requests_beyond_the_rate_are_told_when_to_come_again() -> None:
    access = AccessControl(WebSecurity(rate_limit=RequestRate(2, 1000.0)), clock=lambda: 0.0)
    security = CurrentSecurity(PreparedSecurity(None, access))
    application = an_application(FakeBackend(), security=security)

    statuses = [ask(application, "/metrics").status for _ in range(3)]
    refused = ask(application, "/metrics")

    assert statuses == [200, 200, 429]
    assert refused.headers["retry-after"] == "1"
    assert ask(application, "/-/healthy").status == 200  # the kubelet would restart it otherwise


def test_alerts_beyond_the_rate_get_the_status_after_which_alertmanager_sends_them_again() -> None:
    access = AccessControl(WebSecurity(rate_limit=RequestRate(1, 1000.0)), clock=lambda: 0.0)
    pager = FakePager()
    application = an_application(
        FakeBackend(pager=pager),  # type: ignore[arg-type]
        security=CurrentSecurity(PreparedSecurity(None, access)),
    )

    statuses = [post(application, b"{}").status for _ in range(2)]

    assert statuses == [200, 503]
    assert len(pager.received) == 1


def test_the_configured_headers_are_in_every_response() -> None:
    security = WebSecurity(
        users=USERS, headers=(("Strict-Transport-Security", "max-age=1"), ("X-Frame-Options", "deny"))
    )

    for path, authorization in (("/-/healthy", ""), ("/metrics", ""), ("/", RIGHT)):
        headers = ask_with(security, path, authorization).headers

        assert (headers["strict-transport-security"], headers["x-frame-options"]) == ("max-age=1", "deny")


def test_a_configured_header_may_have_any_letters() -> None:
    security = WebSecurity(headers=(("Content-Security-Policy", "report-uri /日本"),))

    assert ask_with(security).headers["content-security-policy"] == "report-uri /日本"
