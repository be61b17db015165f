"""Requests to other people's servers: politely, only where allowed, and going on where a connection was cut.

Knows HTTP and its errors; knows nothing of items, manifests or pages.
"""

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

from taskmanager.errors import JobFailedError, TemporaryError
from taskmanager.plugin_api.interface import JobContext
from taskmanager.process.public_addresses import is_public
from taskmanager_plugin_runner.plugins.download import texts
from taskmanager_plugin_runner.plugins.download.profile import Profile
from taskmanager_plugin_runner.plugins.download.transfer import addresses, answers
from taskmanager_plugin_runner.plugins.download.transfer.answers import Part, Sense
from taskmanager_plugin_runner.plugins.download.transfer.store import StoredFile
from taskmanager_plugin_runner.system.filesystems import require_space
from taskmanager_plugin_runner.system.memory import size_words

_AGENT: Final = "goobi-taskmanager (download for a library; https://goobi.io)"
_REDIRECTS_MOST: Final = 8
_CUTS_MOST: Final = 1_000
"""Of one file; a server that cuts more often than that gets no further chances for its progress."""
_LOOK_SECONDS: Final = 0.2
"""The longest time between two checkpoints while nothing is requested."""

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every request


class _CutError(Exception):
    """Connection or server failed in a way that may pass; `wait_seconds` is what the server asked for."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class Fetcher:
    """Requests for one job with one template, one after the other."""

    def __init__(self, profile: Profile, context: JobContext) -> None:
        """Connects on first use; raises JobFailedError if the template's CA file cannot be read."""
        self._profile, self._context = profile, context
        self._last: dict[str, float] = {}
        self._ends = 0.0
        try:
            verify = ssl.create_default_context(cafile=profile.ca_file)
        except OSError as error:
            raise JobFailedError(f"{profile.ca_file}: {error}") from error
        self._client = httpx.Client(
            verify=verify,
            timeout=profile.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        """The connections are closed at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def document(self, url: str, most: int) -> bytes:
        """A text of at most `most` bytes; raises JobFailedError and TemporaryError."""
        body = bytearray()

        def take(sense: Sense, response: httpx.Response) -> None:
            body.clear()
            if sense is not Sense.FROM_THE_START:
                raise _CutError(f"status {response.status_code}")
            for chunk in self._chunks(response):
                body.extend(chunk)
                _require_within(url, len(body), most)

        self._persist(url, Part, take)
        return bytes(body)

    def file(self, url: str, stored: StoredFile, expected: int | None) -> None:
        """Bring all of a file into `stored.part`, from where an earlier request was cut.

        `expected` is its size in bytes, if known. Raises JobFailedError and TemporaryError.
        """
        most = self._profile.file_bytes_most
        _require_within(url, expected or 0, most)

        def take(sense: Sense, response: httpx.Response) -> None:
            if sense is Sense.COMPLETE:
                return
            if sense is Sense.START_AGAIN:
                stored.start_again()
                raise _CutError(f"status {response.status_code}")
            if sense is Sense.FROM_THE_START:
                stored.start_again()
                stored.begin(answers.validator_of(response.headers))
            self._append(url, stored, response, most)

        self._persist(url, stored.begun, take)

    def _append(self, url: str, stored: StoredFile, response: httpx.Response, most: int) -> None:
        length = response.headers.get("content-length", "")
        require_space(stored.folder, int(length) if length.isdigit() else 0)
        with stored.part.open("ab") as file:
            for chunk in self._chunks(response):
                _require_within(url, file.tell() + len(chunk), most)
                file.write(chunk)

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        if encoding := response.headers.get("content-encoding", "").replace("identity", ""):
            raise JobFailedError(texts.ENCODED(url=response.url, encoding=encoding))
        for chunk in response.iter_raw():
            self._context.checkpoint()
            if time.monotonic() > self._ends:
                limit = timedelta(seconds=self._profile.file_seconds_most)
                raise TemporaryError(texts.TOO_SLOW(url=response.url, limit=limit))
            yield chunk

    def _persist(
        self, url: str, begun: Callable[[], Part], take: Callable[[Sense, httpx.Response], None]
    ) -> None:
        """Ask until `take` has got everything; failures without progress count, and a great many with it."""
        failures, reached = 0, -1
        self._ends = time.monotonic() + self._profile.file_seconds_most
        for cuts in count(1):
            part = begun()
            try:
                with self._answer(url, part) as (sense, response):
                    take(sense, response)
            except httpx.InvalidURL as error:
                raise JobFailedError(texts.BAD_ADDRESS(url=url)) from error
            except (_CutError, httpx.TransportError) as error:
                now_there = begun().bytes
                moves_on = now_there > max(reached, part.bytes) and cuts < _CUTS_MOST
                failures = 0 if moves_on else failures + 1
                reached = max(reached, now_there)
                self._wait_after(url, failures, error)
            else:
                return

    def _wait_after(self, url: str, failures: int, error: Exception) -> None:
        """Wait as long as the server asks, or else longer each time; raises TemporaryError at the end."""
        profile, host = self._profile, urlsplit(url).hostname
        asked = error.wait_seconds if isinstance(error, _CutError) else None
        if asked is not None and asked > profile.longest_wait_seconds:
            raise TemporaryError(texts.BUSY(host=host, seconds=round(asked))) from error
        if failures >= profile.tries:
            said = str(error) or type(error).__name__
            raise TemporaryError(texts.BROKE_OFF(url=url, tries=failures, error=said)) from error
        own = answers.own_wait(max(1, failures), profile.first_wait_seconds, profile.longest_wait_seconds)
        seconds = own if asked is None else asked
        said = f"{url}: {str(error) or type(error).__name__}; again in {seconds:g} s"
        self._context.log.info(said)
        self._rest(seconds)

    @contextmanager
    def _answer(self, url: str, part: Part) -> Iterator[tuple[Sense, httpx.Response]]:
        """The answer to a request, after all redirects, each of which must lead where requests may go."""
        for _ in range(_REDIRECTS_MOST):
            host = addresses.require_allowed(url, self._profile.hosts)
            self._keep_pace(host)
            extensions = {"trace": self._guard(host)}
            headers = answers.range_headers(part)
            with self._client.stream("GET", url, headers=headers, extensions=extensions) as response:
                sense = answers.sense_of(response.status_code, response.headers, part)
                if sense is Sense.NEVER:
                    raise JobFailedError(texts.STATUS(url=url, status=response.status_code))
                if sense is Sense.LATER:
                    wait = answers.asked_wait(response.headers)
                    raise _CutError(f"status {response.status_code}", wait)
                if sense is not Sense.ELSEWHERE:
                    yield sense, response
                    return
                url = addresses.redirected(url, response.headers.get("location", ""))
        raise JobFailedError(texts.REDIRECTS(url=url))

    def _guard(self, host: str) -> Callable[[str, Mapping[str, Any]], None]:
        """Called by httpcore at each step: it refuses a connection to an address that is not public.

        The address is that of the connection itself, before a byte is sent over it.
        """
        private = addresses.matches(host, self._profile.private_hosts)

        def look(event: str, info: Mapping[str, Any]) -> None:
            if private or event != "connection.connect_tcp.complete":
                return
            stream = info["return_value"]
            address = stream.get_extra_info("server_addr")[0]
            if not is_public(address):
                stream.close()
                raise JobFailedError(texts.ADDRESS_REFUSED(host=host, address=address))

        return look

    def _keep_pace(self, host: str) -> None:
        """Wait until the template allows another request to this host."""
        next_at = self._last.get(host, float("-inf")) + 1 / self._profile.requests_per_second
        self._rest(next_at - time.monotonic())
        self._last[host] = time.monotonic()

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._context.checkpoint()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
            self._context.checkpoint()


def _require_within(name: str, size: int, most: int) -> None:
    if size > most:
        raise JobFailedError(texts.TOO_LARGE(name=name, most=size_words(most)))
