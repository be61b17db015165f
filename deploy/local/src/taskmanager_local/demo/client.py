"""The small part of the HTTP API that the demo uses."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import httpx

from taskmanager_local.commands import LocalStackError

PLUGIN_LIMIT = timedelta(seconds=20)
POLL = timedelta(seconds=0.1)


@dataclass(frozen=True)
class JobView:
    """What the API says about a job at one moment.

    Attributes:
        percent: 0 to 100, by files.
        volume_bytes: of the results.
        error: what went wrong, for a failed job.
    """

    id: str
    status: str
    tab: str
    percent: int
    current_file: str
    files: int
    volume_bytes: int
    error: str | None

    @classmethod
    def of(cls, body: dict[str, Any]) -> Self:
        """Read the API's answer."""
        progress = body["progress"]
        return cls(
            id=body["id"],
            status=body["status"],
            tab=body["tab"],
            percent=progress["percent"],
            current_file=progress["current_file"] or "",
            files=body["files"],
            volume_bytes=body["bytes"],
            error=(body["error"] or {}).get("message"),
        )

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to the job on its own."""
        return self.tab != "queue"


class Client:
    """Submits jobs and reads them."""

    def __init__(self, gateway: str) -> None:
        # the gateway is on this machine, whatever proxy the environment names
        self._http = httpx.Client(base_url=f"{gateway}/api/v1", trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, job: dict[str, Any]) -> JobView:
        """Submit a job; raises LocalStackError with the API's own message if it is refused."""
        return JobView.of(self._answer("POST", "/jobs", job))

    def job(self, job_id: str) -> JobView:
        """The job as it is now; raises LocalStackError if the API cannot return it."""
        return JobView.of(self._answer("GET", f"/jobs/{job_id}"))

    def wait_for_plugin(self, name: str) -> None:
        """Return when the API knows the plugin, which its runner announces after starting.

        Raises:
            LocalStackError: the plugin was not known within the limit.
        """
        deadline = time.monotonic() + PLUGIN_LIMIT.total_seconds()
        while name not in {
            plugin["manifest"]["name"] for plugin in self._answer("GET", "/plugins")["plugins"]
        }:
            if time.monotonic() > deadline:
                raise LocalStackError(f"the API does not know the plugin {name}; see the log of its runner")
            time.sleep(POLL.total_seconds())

    def _answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise LocalStackError(f"the API does not answer ({error}); `taskmanager-local status`") from error
        if not answer.is_success:
            raise LocalStackError(f"the API answered {answer.status_code}: {answer.text}")
        content: dict[str, Any] = answer.json()
        return content
