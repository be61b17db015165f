"""Jobs of the plugin `paced` for tests that watch its page: each continues when the test allows it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Locator, Page, expect
from tests.e2e.system import System

from taskmanager_testing.waiting import eventually

PLUGIN = "paced"
PATH = f"/plugins/{PLUGIN}"
FILES = ("1.tif", "2.tif", "3.tif", "4.tif")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Book:
    """A job with four files; each is processed when the test allows it."""

    system: System
    id: str
    folder: Path

    def let(self, file: str) -> None:
        """Allow this file, a number from 1, or `all`."""
        (self.folder / file).touch()

    def row(self, page: Page) -> Locator:
        """Its row in the list."""
        return page.locator(f"#job-{self.id}")

    @property
    def now(self) -> dict[str, Any]:
        """The job as the API shows it."""
        with self.system.client() as client:
            found: dict[str, Any] = client.get(f"/api/v1/jobs/{self.id}").raise_for_status().json()
        return found

    def becomes(self, status: str) -> "Book":
        """Wait until the job has that status."""
        eventually(lambda: self.now["status"] == status, what=f"{status} of {self.id}")
        return self


def book(system: System, title: str, **more: Any) -> Book:
    """Submit a book."""
    number = next(_numbers)
    folder = system.roots / f"book-{number}"
    source, leave = folder / "source", folder / "leave"
    for needed in (source, leave):
        needed.mkdir(parents=True)
    for name in FILES:
        (source / name).write_text(name, encoding="ascii")
    spec = {
        "plugin": PLUGIN,
        "title": title,
        "source": str(source),
        "destination": str(folder / "result"),
        "parameters": {"leave": str(leave)},
    }
    made = Book(system, system.submit({**spec, **more}, f"book-{number}"), leave)
    with system.client() as client:  # accepted is not yet listed
        eventually(lambda: made.id in {one["id"] for one in _current(client)}, what="a submitted job")
    return made


def working(system: System, *titles: str) -> list[Book]:
    """Books being processed: at most as many as there are slots."""
    return [one.becomes("PROCESSING") for one in [book(system, title) for title in titles]]


def clear(system: System) -> None:
    """End every job and every stop that an earlier test left behind."""
    with system.client() as client:
        _post(client, f"/api/v1/plugins/{PLUGIN}/restart", {})
        chosen = {"plugin": PLUGIN, "tab": "queue"}
        _post(client, "/api/v1/operations", {"action": "cancel", "filter": chosen})
        for folder in system.roots.glob("book-*/leave"):
            (folder / "all").touch()
        eventually(lambda: not _current(client), within_seconds=60, what="an empty queue")


def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> None:
    """Post it, again as long as the gateway asks for that: on a busy machine it may just be reconnecting."""

    def accepted() -> bool:
        answer = client.post(path, json=body)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return False
        answer.raise_for_status()
        return True

    eventually(accepted, what=f"an answer to {path}")


def _current(client: httpx.Client) -> list[Any]:
    query: dict[str, str | int] = {"plugin": PLUGIN, "tab": "queue", "limit": 200}
    found: list[Any] = client.get("/api/v1/jobs", params=query).raise_for_status().json()["jobs"]
    return found


async def live(page: Page, path: str = PATH, *, follow: bool = False) -> None:
    """Open the page and wait until it receives live updates; unless it is to follow the list, it reads it."""
    await page.goto(path)
    if not follow:
        await page.locator("#list-mode [value=read]").click()
    await expect(page.locator("#live")).to_have_attribute("data-state", "live")


def asked(page: Page) -> list[str]:
    """The requests the page makes to the gateway from now on."""
    paths: list[str] = []
    page.on("request", lambda request: paths.append(f"{request.method} {request.url}"))
    return paths


def steps() -> Iterator[tuple[str, str]]:
    """Files to allow, each with the percentage shown afterwards."""
    return iter((("1", "25"), ("2", "50"), ("3", "75")))
