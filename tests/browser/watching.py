"""What no page may do: log messages, raise errors, miss files, violate its policy, contact other hosts."""

import re
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, WebError

LOUD = {"error", "warning"}
GIVEN_UP_BY_THE_PAGE = "net::ERR_ABORTED"
"""A request or event stream that the page itself ends, for instance by navigating away."""


class Watch:
    """Collects the offences of all pages of a browser context."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        """`address` is the only host that may be contacted."""
        self.offences: list[str] = []
        self._host = urlsplit(address).netloc
        self._forgiven: list[re.Pattern[str]] = []
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failed_request)

    def forgive(self, pattern: str) -> None:
        """Allow matching offences, which the test provokes, for instance when its gateway dies."""
        self._forgiven.append(re.compile(pattern))

    def check(self) -> None:
        """Raises AssertionError listing the offences."""
        left = [one for one in self.offences if not any(pattern.search(one) for pattern in self._forgiven)]
        assert not left, "the pages misbehaved:\n" + "\n".join(left)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in LOUD:  # violations of the content security policy are errors of the console too
            where = message.location
            self.offences.append(
                f"console {message.type}: {message.text} ({where['url']}:{where['lineNumber']})"
            )

    def _on_error(self, error: WebError) -> None:
        self.offences.append(f"uncaught error: {error.error}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.netloc != self._host:
            self.offences.append(f"request to another host: {request.url}")

    def _on_failed_request(self, request: Request) -> None:
        if request.failure != GIVEN_UP_BY_THE_PAGE:
            self.offences.append(f"failed request: {request.method} {request.url}: {request.failure}")
