"""SIGHUP is heard at any moment, and followed in order."""

from __future__ import annotations

import os
import signal
import threading

from tests.e2e.waiting import wait_for
from waexporter.daemon.signals import ReloadSignal

PATIENCE = 60.0  # seconds; only a test that fails takes as long


class Reloads:
    """Counts reloads; the first one may be held."""

    def __init__(self) -> None:
        self.count = 0
        self.begun, self.release = threading.Event(), threading.Event()
        self.release.set()

    def __call__(self) -> None:
        self.count += 1
        self.begun.set()
        self.release.wait(PATIENCE)


def hang_up() -> None:
    os.kill(os.getpid(), signal.SIGHUP)


def test_what_comes_before_anything_can_be_reloaded_is_followed_later_and_once() -> None:
    reloads = Reloads()

    with ReloadSignal() as reload_signal:
        hang_up()
        hang_up()
        reload_signal.start(reloads)
        assert reloads.begun.wait(PATIENCE)
        hang_up()
        wait_for(lambda: reloads.count == 2)

    assert reloads.count == 2


def test_whatever_comes_while_a_reload_goes_on_is_one_more_reload() -> None:
    reloads = Reloads()
    reloads.release.clear()

    with ReloadSignal() as reload_signal:
        reload_signal.start(reloads)
        hang_up()
        assert reloads.begun.wait(PATIENCE)
        for _ in range(5):
            hang_up()
        reloads.release.set()
        wait_for(lambda: reloads.count == 2)

    wait_for(lambda: all(thread.name != "reload-signal" for thread in threading.enumerate()))
    assert reloads.count == 2


def test_at_the_end_the_signal_means_what_it_meant_before() -> None:
    before = signal.getsignal(signal.SIGHUP)

    with ReloadSignal():
        during = signal.getsignal(signal.SIGHUP)

    assert signal.getsignal(signal.SIGHUP) is before
    assert during is not before
