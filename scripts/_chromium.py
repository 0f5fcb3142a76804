"""Drives a headless Chromium through its DevTools protocol, over a pipe and without a package."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["Browser", "chromium"]

#: Chromium does not lay out pages narrower than 500 pixels in a window, but emulates any width.
_FLAGS = (
    "--headless",
    "--no-sandbox",  # as root, as in a container, Chromium starts with no other setting
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_ANSWER = 60.0
#: A page is at rest when its text did not change for this time.
_REST, _LONGEST_LOAD = 1.5, 60.0


def chromium() -> str | None:
    """Return the path of Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Browser:
    """A headless Chromium with one page.

    Parameters
    ----------
    program : str
        The path of Chromium.
    before : str
        A script that runs in every page before the page's own.
    """

    def __init__(self, program: str, before: str = "") -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands, self._write = os.pipe()
        self._read, answers = os.pipe()
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        shell = f'exec "$@" 3<&{commands} 4>&{answers}'
        flags = [*_FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", program, *flags],
            pass_fds=(commands, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._number, self._bytes, self._session = 0, b"", ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._loading: set[str] = set()
        self._call("Page.enable")
        self._call("Network.enable")
        # The script and the measurements below are ours, whatever the page allows its own scripts.
        self._call("Page.setBypassCSP", enabled=True)
        if before:
            self._call("Page.addScriptToEvaluateOnNewDocument", source=before)

    def __enter__(self) -> Browser:
        """Return the browser."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End Chromium, and remove its profile."""
        os.close(self._write)  # Chromium ends when nobody can send commands
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        self._profile.cleanup()

    def open(self, url: str, width: int, height: int, until: str = "true") -> None:
        """Open a page, and wait until it is at rest.

        Parameters
        ----------
        url : str
            The address.
        width, height : int
            The size of the window in pixels.
        until : str
            A JavaScript expression that is true when the page has what it should show.
        """
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        # A URL that differs only after "#" would not load the page again.
        self._call("Page.navigate", url="about:blank")
        self._loading.clear()
        self._call("Page.navigate", url=url)
        self.rest(until)

    def rest(self, until: str = "true") -> None:
        """Wait until the page is at rest and `until` is true, or too long."""
        state = (
            "[document.readyState, location.href, document.body?.innerText.length,"
            " document.images.length, document.querySelectorAll('svg *').length,"
            " performance.getEntriesByType('resource').length].join()"
        )
        end, since, seen = time.monotonic() + _LONGEST_LOAD, time.monotonic(), ""
        while time.monotonic() < end:
            time.sleep(0.2)
            now = str(self.evaluate(state))
            if now != seen or self._loading or not now.startswith("complete"):
                seen, since = now, time.monotonic()
            elif time.monotonic() - since >= _REST and self.evaluate(f"Boolean({until})"):
                return

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, after its promise if it is one."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:500])
        return answer["result"].get("value")

    def size(self) -> tuple[int, int]:
        """Return the width and the height of the whole page."""
        found = self._call("Page.getLayoutMetrics")["cssContentSize"]
        return int(found["width"]), int(found["height"])

    def screenshot(self, path: Path, top: int, height: int) -> None:
        """Write a PNG of the part of the page that begins at `top`."""
        clip = {"x": 0, "y": top, "width": self.size()[0], "height": height, "scale": 1}
        # Chromium makes the window larger for what is below it, and MLflow's page of an artifact
        # then loads the artifact again.
        below = top + height > self.evaluate("window.innerHeight")
        answer = self._call("Page.captureScreenshot", captureBeyondViewport=below, clip=clip)
        path.write_bytes(base64.b64decode(answer["data"]))

    def emulate(self, media: str) -> None:
        """Show the page as on a `media`, such as print; the empty text is the screen."""
        self._call("Emulation.setEmulatedMedia", media=media)

    def pdf(self, path: Path) -> int:
        """Write the page as it is printed, and return its number of pages."""
        answer = self._call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        data = base64.b64decode(answer["data"])
        path.write_bytes(data)
        return data.count(b"/Type /Page") - data.count(b"/Type /Pages")

    def _call(self, method: str, **parameters: Any) -> Any:
        """Send a command, and return its result."""
        number, end = self._send(method, parameters), time.monotonic() + _ANSWER
        while (answer := self._next(end, method)).get("id") != number:
            self._note(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        """Send a command, and return the number that its answer will have."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        text = memoryview(json.dumps(message).encode() + b"\0")
        while text:
            text = text[os.write(self._write, text) :]
        return self._number

    def _note(self, event: dict[str, Any]) -> None:
        """Remember which requests are open, and answer dialogs."""
        method = event.get("method")
        if method == "Page.javascriptDialogOpening":
            # A dialog stops its page until somebody answers.
            self._send("Page.handleJavaScriptDialog", {"accept": False})
        elif method == "Network.requestWillBeSent":
            self._loading.add(event["params"]["requestId"])
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self._loading.discard(event["params"]["requestId"])

    def _next(self, end: float, method: str) -> dict[str, Any]:
        """Return the next message of Chromium."""
        while b"\0" not in self._bytes:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise TimeoutError(f"Chromium did not answer {method} within {_ANSWER:.0f} s")
            part = os.read(self._read, 1 << 20)
            if not part:
                raise RuntimeError(f"Chromium ended before it answered {method}")
            self._bytes += part
        text, _, self._bytes = self._bytes.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found
