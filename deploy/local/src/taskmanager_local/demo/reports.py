"""What arrives at the fake Goobi during the demo, line by line. Uses the fake's own pages; knows no jobs."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Self

import httpx

from taskmanager_local.commands import LocalStackError
from taskmanager_local.demo.process_folder import ProcessFolder
from taskmanager_local.demo.steps import STEPS
from taskmanager_local.goobi import PAGES

LIMIT = timedelta(seconds=30)
POLL = timedelta(seconds=0.1)
ENDS = frozenset({"stepdone", "steperror"})
LAST_STEP = "Export"


class GoobiScreen:
    """The demo's process in the fake Goobi, and the news about it."""

    def __init__(self, url: str, process: ProcessFolder) -> None:
        """Create the process there; raises LocalStackError if the fake does not answer."""
        self._http = httpx.Client(base_url=f"{url}{PAGES}", trust_env=False)
        self._number = process.number
        self._seen = 0
        titles = [*(step.title for step in STEPS.values()), LAST_STEP]
        steps = [
            {"id": self._step_id(number), "title": title, "order": 2 if title == LAST_STEP else 1}
            for number, title in enumerate(titles)
        ]
        self._ask("POST", "/processes", {"id": process.number, "title": process.title, "steps": steps})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def step_of(self, plugin: str) -> int:
        """The id of the step the plugin works on."""
        return self._step_id(list(STEPS).index(plugin))

    def news(self) -> Iterator[str]:
        """What has happened to the process since the last call, one line each."""
        events = self._ask("GET", f"/events?after={self._seen}")
        self._seen += len(events)
        for event in events:
            if event["process_id"] == self._number:
                yield f"Goobi  {event['kind']:<14} {event['text']}"

    def rest_of_news(self) -> Iterator[str]:
        """The same until all these steps have ended; raises LocalStackError if they do not."""
        deadline = time.monotonic() + LIMIT.total_seconds()
        while True:
            over = self._over()
            yield from self.news()
            if over:
                return
            if time.monotonic() > deadline:
                raise LocalStackError("a report did not arrive; see the log of the scheduler")
            time.sleep(POLL.total_seconds())

    def _over(self) -> bool:
        (process,) = [one for one in self._ask("GET", "/processes") if one["id"] == self._number]
        return all(step["status"] in ENDS for step in process["steps"] if step["title"] != LAST_STEP)

    def _step_id(self, number: int) -> int:
        return self._number * 10 + number + 1

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self._http.request(method, path, json=body).raise_for_status().json()
        except httpx.HTTPError as error:
            raise LocalStackError(f"the fake Goobi does not answer as it should ({error})") from error
