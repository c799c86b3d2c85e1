"""A real Prometheus and Alertmanager use a daemon with TLS, a user and a token, as the document says."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from tests.e2e.documented import PROGRAMS, SUITE
from tests.e2e.secured import TOKEN, configurations, secured
from tests.e2e.waiting import wait_for
from tests.real.alertmanager import Alertmanager
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RealParts

pytestmark = pytest.mark.real

UP = {"token": 1, "user": 1, "nobody": 0, "stranger": 0}  # by job: whether it may and can scrape


def test_prometheus_scrapes_and_alertmanager_pages_with_what_the_document_gives_them(
    real_parts: RealParts, tmp_path: Path
) -> None:
    programs = {name: real_parts.program(SUITE, name) for name in PROGRAMS}
    with secured(tmp_path, with_token=True) as (clients, exporter):
        place = clients.place
        by_token, by_user = (
            yaml.safe_load(place.here(text))["scrape_configs"][0] for text in configurations("scrape_configs")
        )
        nobody = {key: value for key, value in by_user.items() if key != "basic_auth"}
        stranger = {key: value for key, value in by_user.items() if key != "tls_config"}
        jobs = {"token": by_token, "user": by_user, "nobody": nobody, "stranger": stranger}
        scrapes = [
            {**job, "job_name": name, "scrape_interval": "1s", "scrape_timeout": "1s"}
            for name, job in jobs.items()
        ]
        routes = yaml.safe_load(place.here(configurations("route")[0]))
        trust = ssl.create_default_context(cafile=tmp_path / "server.pem")
        pages_url = exporter.url.replace("http://127.0.0.1", "https://localhost") + "/api/v1/pages"

        with (
            Prometheus(
                programs["prometheus"], tmp_path / "prometheus", {"scrape_configs": scrapes}
            ) as prometheus,
            Alertmanager(programs["prometheus-alertmanager"], tmp_path / "alertmanager", routes) as manager,
            httpx.Client(verify=trust, trust_env=False, timeout=60) as http,
        ):
            manager.fire(
                {"labels": {"alertname": "WhatsAppDown", "target": "support-line", "severity": "critical"}}
            )
            up = {name: prometheus.query(f'up{{job="{name}"}} == {value}') for name, value in UP.items()}
            samples = prometheus.query('waexporter_build_info{job="user"}')

            def accepted() -> list[Any]:
                answer = http.get(pages_url, headers={"authorization": f"Bearer {TOKEN}"})
                return [page for page in answer.json()["pages"] if page["state"] == "accepted"]

            pages = wait_for(accepted)
            refused = http.get(pages_url)

    assert all(up.values())
    assert samples
    assert pages[0]["channel"] == "whatsapp"
    assert refused.status_code == 401
