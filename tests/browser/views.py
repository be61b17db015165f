"""Every page and pop-up there is: looked at by axe in every variant, and photographed by `make screenshots`.

Who makes a page adds a line here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import product

from playwright.async_api import Page, Response
from tests.browser.chromium import MONITOR, PHONE, WALL, Visitor
from tests.scene import records
from tests.scene.looking import Looking

Step = Callable[[Page], Awaitable[None]]
LANGUAGES = {"en": "en-GB", "de": "de-DE"}
ONCE_EACH = (
    Visitor(LANGUAGES["de"], width=PHONE, dark=True),
    Visitor(LANGUAGES["en"], width=PHONE),
    Visitor(LANGUAGES["en"], width=MONITOR, dark=True),
    Visitor(LANGUAGES["de"], width=MONITOR),
)
"""Any two of language, width and colours meet once."""
EVERYTHING = (MONITOR, PHONE, WALL)
"""For a page that must look well on the monitor at the wall too."""


@dataclass(frozen=True)
class View:
    """One thing to look at.

    Attributes:
        path: of the page; `{name}` stands for the id of a noteworthy job of the scene.
        then: what a visitor does on it, for instance to open a pop-up. It ends when all is to be seen.
        status: what the page is answered with.
        guarded: whether at the gateway that wants a log-in.
        widths: for the photographs.
    """

    name: str
    path: str
    then: Step | None = None
    status: int = 200
    guarded: bool = False
    widths: tuple[int, ...] = (MONITOR, PHONE)

    def address(self, scene: Looking) -> str:
        """Of the gateway."""
        return scene.guarded_address if self.guarded else scene.address

    async def open(self, page: Page, ids: Mapping[str, str]) -> Response:
        """Go there and do it; raises AssertionError for another answer."""
        answer = await page.goto(self.path.format_map(ids))
        assert answer is not None
        assert answer.status == self.status, f"{self.path} answers {answer.status}"
        if self.then is not None:
            await self.then(page)
        return answer


def press(selector: str) -> Step:
    """Opens the pop-up behind the control."""

    async def step(page: Page) -> None:
        await page.locator(selector).first.click()
        await page.locator("#dialog[open] .tm-dialog-head").wait_for()

    return step


def unfold(selector: str) -> Step:
    """Opens a part that is folded away."""

    async def step(page: Page) -> None:
        await page.locator(f"{selector} summary").click()

    return step


def _job(name: str, job: str, act: str | None = None) -> "View":
    """A job's page, or a pop-up on it."""
    return View(name, f"/jobs/{{{job}}}", press(f"#job-now [hx-get$='/{act}']") if act else None)


JOBS = (
    _job("job-waiting", "started"),
    _job("job-working", "processing"),
    _job("job-cancelling", "cancelling"),
    _job("job-huge-error", "huge_error"),
    _job("job-script-title", "script_title"),
    _job("job-uninstalled", "uninstalled_done"),
    View("job-log", "/jobs/{processing}", unfold("[data-job-log]")),
    View("job-unknown", "/jobs/00000000-0000-4000-8000-000000000000", status=404),
    _job("job-priority", "started", "priority"),
    _job("job-next", "started", "next"),
    _job("job-hold", "processing", "hold"),
    _job("job-cancel", "processing", "cancel"),
    _job("job-message", "done", "message"),
)
VIEWS = (
    View("home", "/"),
    *JOBS,
    View("not-found", "/nothing-is-here", status=404),
    View("tokens", "/tokens"),
    View("users", "/users"),
    View("runners", "/runners"),
    View("runner-drain", "/runners", press("#drain-werk-1")),
    View("runner-resume", "/runners", press("#resume-werk-2")),
    View("runner-forget", "/runners", press("#forget-werk-alt")),
    View("operations", "/operations"),
    View(
        "operation-stop", f"/operations/{records.RUNNING_OPERATION}", press("#operation button[hx-get$='/stop']")
    ),
    View("operation", f"/operations/{records.ENDED_OPERATION}"),
    View("operation-running", f"/operations/{records.RUNNING_OPERATION}"),
    View("reports", "/reports"),
    View("audit", "/audit"),
    View("log-in", "/log-in", guarded=True),
)


def visitors(view: View) -> list[Visitor]:
    """All that a view is photographed for."""
    variants = product(view.widths, (False, True), LANGUAGES.values())
    return [Visitor(language, width=width, dark=dark) for width, dark, language in variants]
