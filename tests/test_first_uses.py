"""What many threads do at the same time for the first time, right after the start."""

from __future__ import annotations

import subprocess
import sys

from tests.real import parts

# msgspec takes a type apart when it is first used; a third of such processes died where threads met there.
PROGRAM = """
import sys, threading
from contextlib import suppress

from waexporter.errors import ApiError
from waexporter.paging.intake.alertmanager_webhook import WebhookError, read_webhook
from waexporter.whatsapp.documents import groups, settings, support
from waexporter.whatsapp.documents.health import read_health
from waexporter.whatsapp.documents.login import read_login
from waexporter.whatsapp.documents.statistics import read_statistics

BODIES = (
    b'{"version": "4", "alerts": [{"labels": {"a": "b"}}]}',
    b'{"health": {"gateway_status": "connected"}}',
    b"{}",
)
READERS = (
    lambda body: read_webhook(body, 0.0),
    groups.read_contact_status,
    groups.read_group,
    read_health,
    read_login,
    read_statistics,
    settings.read_settings,
    settings.read_shards,
    support.read_support,
)
THREADS = 8
barrier = threading.Barrier(THREADS)


def read():
    for reader in READERS:
        barrier.wait()
        for body in BODIES:
            with suppress(ApiError, WebhookError):
                reader(body)


sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=read) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
PROCESSES = 20


def test_answers_of_every_kind_may_come_first_to_many_threads_at_once() -> None:
    running = [
        subprocess.run([sys.executable, "-c", PROGRAM], cwd=parts.ROOT, capture_output=True, check=False)
        for _ in range(PROCESSES)
    ]

    assert [(each.returncode, each.stderr) for each in running if each.returncode] == []
