"""A headless Chromium, driven by the WebDriver protocol itself."""

from __future__ import annotations

import base64
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

import httpx

from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--headless",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-sandbox",
)


class Browser:
    """One window; `with` opens and closes it."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            port = _start_driver(stack)
            self._http = stack.enter_context(
                httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)
            )
            options = {"args": [*_QUIET, f"--user-data-dir={self._profile}"]}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self._session = f"/session/{session['sessionId']}"
            stack.callback(self._call, "DELETE", self._session)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def open(self, url: str) -> None:
        """Load a page."""
        self._call("POST", f"{self._session}/url", {"url": url})

    def run(self, script: str) -> Any:  # noqa: ANN401 - whatever the script returns
        """Run the body of a function in the page; gives what it returns."""
        return self._call("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    def errors(self) -> list[str]:
        """Give what the console has complained about since the last time."""
        entries = self._call("POST", f"{self._session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries]

    def look(self, *, width: int, height: int, dark: bool = False, media: str = "screen") -> None:
        """Look through a screen of this size, in light or dark colours, or at what is printed."""
        phone = width < 600  # pixels, narrower than any desk has
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self._devtools("Emulation.setDeviceMetricsOverride", screen)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self._devtools("Input.insertText", {"text": text})

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key by its name and its number, such as `Tab` and 9; some keys also write a text."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self._devtools("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **named})
        self._devtools("Input.dispatchKeyEvent", {"type": "keyUp", **named})

    @contextmanager
    def without_scripts(self) -> Iterator[None]:
        """Run no script of any page, only those of tests."""
        self._devtools("Emulation.setScriptExecutionDisabled", {"value": True})
        yield
        self._devtools("Emulation.setScriptExecutionDisabled", {"value": False})

    @contextmanager
    def prepared_by(self, script: str) -> Iterator[None]:
        """Run a script in each page before its own."""
        added = self._devtools("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        yield
        self._devtools("Page.removeScriptToEvaluateOnNewDocument", added)

    def photograph(self, file: Path) -> None:
        """Keep what is seen as a picture."""
        file.write_bytes(base64.b64decode(self._call("GET", f"{self._session}/screenshot")))

    def _devtools(self, command: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        return self._call("POST", f"{self._session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _call(self, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401 - JSON
        answer = self._http.request(method, path, json=document)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()["value"]


def _start_driver(stack: ExitStack) -> str:
    """Return the port of a driver.

    It takes any port that is free for IPv6 and ends when another program uses the same one for IPv4.
    """
    for _ in range(5):
        driver = stack.enter_context(Process(("chromedriver", "--port=0")))
        line = driver.wait_for_line(r"started successfully on port (\d+)|(Address already in use)")
        if line[1]:
            return line[1]
    raise AssertionError("no port of five was free for the driver")
