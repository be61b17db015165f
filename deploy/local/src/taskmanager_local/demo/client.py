"""The little of the HTTP API that the demo uses."""

from dataclasses import dataclass
from typing import Any, Self

import httpx

from taskmanager_local.commands import LocalStackError


@dataclass(frozen=True)
class JobView:
    """What the API says of a job at one moment.

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
        """Whether nothing more will happen to it by itself."""
        return self.tab != "queue"


class Client:
    """Submits jobs and looks at them."""

    def __init__(self, gateway: str) -> None:
        # the gateway is on this machine, whatever proxy the environment names
        self._http = httpx.Client(base_url=f"{gateway}/api/v1", trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, job: dict[str, Any]) -> JobView:
        """Hand a job in; raises LocalStackError with the API's own words if it is refused."""
        return JobView.of(self._checked(self._http.post("/jobs", json=job)))

    def job(self, job_id: str) -> JobView:
        """The job as it is now; raises LocalStackError if the API cannot say."""
        return JobView.of(self._checked(self._http.get(f"/jobs/{job_id}")))

    @staticmethod
    def _checked(answer: httpx.Response) -> dict[str, Any]:
        if answer.is_success:
            body: dict[str, Any] = answer.json()
            return body
        raise LocalStackError(f"the API answered {answer.status_code}: {answer.text}")
