"""All pages and pop-ups: checked by axe in every variant, and captured by `make screenshots`.

Add a line here for every new page.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import product

import pyotp
from playwright.async_api import Page, Response
from tests.browser.chromium import MONITOR, PHONE, WALL, Visitor
from tests.browser.entering import fill_in
from tests.sample_data import people, records
from tests.sample_data.cast import JP2, LONG, OCR, PDF, SHELL, UNINSTALLED
from tests.sample_data.looking import Looking

from taskmanager_gateway.access.sessions import COOKIE
from taskmanager_testing.waiting import eventually_async

Step = Callable[[Page], Awaitable[None]]
OK = 200
LANGUAGES = {"en": "en-GB", "de": "de-DE"}
ONCE_EACH = (
    Visitor(LANGUAGES["de"], width=PHONE, dark=True),
    Visitor(LANGUAGES["en"], width=PHONE),
    Visitor(LANGUAGES["en"], width=MONITOR, dark=True),
    Visitor(LANGUAGES["de"], width=MONITOR),
)
"""Every pair of language, width and colour scheme occurs once."""
EVERYTHING = (MONITOR, PHONE, WALL)
"""For a page that must also look good on a wall monitor."""


@dataclass(frozen=True)
class View:
    """One page or pop-up.

    Attributes:
        path: of the page; `{name}` stands for the id of a noteworthy job of the sample data.
        then: what a visitor does on it, for instance to open a pop-up. It returns when all is visible.
        status: the expected HTTP status.
        guarded: whether it needs the gateway that requires a log-in.
        visited_by: the user who is logged in there already.
        widths: of the screenshots.
    """

    name: str
    path: str
    then: Step | None = None
    status: int = OK
    guarded: bool = False
    visited_by: str | None = None
    widths: tuple[int, ...] = (MONITOR, PHONE)

    def address(self, sample_data: Looking) -> str:
        """The address of the gateway."""
        return sample_data.guarded_address if self.guarded else sample_data.address

    async def open(self, page: Page, sample_data: Looking) -> Response:
        """Open the page and run `then`; raises AssertionError for another status."""
        if self.visited_by is not None:
            value = await sample_data.session_of(self.visited_by)
            address = sample_data.guarded_address
            await page.context.add_cookies([{"name": COOKIE, "value": value, "url": address}])
        answer = await self._answer(page, sample_data.data.jobs.ids)
        assert answer.status == self.status, f"{self.path} answers {answer.status}"
        if self.then is not None:
            await self.then(page)
        return answer

    async def _answer(self, page: Page, ids: Mapping[str, str]) -> Response:
        """Open the page; retried until the status is right, as the database may be slow on a busy machine."""

        async def goto() -> Response | None:
            answer = await page.goto(self.path.format_map(ids))
            assert answer is not None
            return answer if self.status in {OK, answer.status} else None

        found = await eventually_async(goto, what=f"{self.path} answers {self.status}")
        assert found is not None
        return found


def press(selector: str) -> Step:
    """Opens the pop-up behind the control."""

    async def step(page: Page) -> None:
        await page.locator(selector).first.click()
        await page.locator("#dialog[open] .tm-dialog-head").wait_for()

    return step


def ask(name: str, act: str) -> Step:
    """Opens the pop-up of a user, and from there the confirmation."""

    async def step(page: Page) -> None:
        await press(f"#user-{name} button")(page)
        await page.locator(f"#dialog [hx-get$='/{act}']").click()
        await page.locator(f"#dialog form[hx-post$='/{act}']").wait_for()

    return step


def enter(name: str, place: str) -> Step:
    """Logs in and arrives at that page."""

    async def step(page: Page) -> None:
        await fill_in(page, name)
        await page.wait_for_url(f"**{place}")

    return step


def ask_for_code(name: str) -> Step:
    """Enters the right password, reaches the request for the code, and unfolds the help for a lost device."""

    async def step(page: Page) -> None:
        await fill_in(page, name)
        await page.locator("#log-in-form summary").click()

    return step


async def set_up_codes(page: Page) -> None:
    """Sets up a device for codes; the recovery codes are shown next."""
    secret = (await page.locator("#factor-secret").inner_text()).replace(" ", "")
    await page.locator("#current").fill(people.PASSWORD)
    await page.locator("#code").fill(pyotp.TOTP(secret).now())
    await page.locator("form[action='/account/second-factor'] button[type=submit]").click()
    await page.locator("#recovery-codes").wait_for()


async def look_ahead(page: Page) -> None:
    """Ask what the job of the form would take."""
    await page.locator("[hx-post$='/look']").click()
    await page.locator("#look .alert").wait_for()


def unfold(selector: str) -> Step:
    """Opens a collapsed part."""

    async def step(page: Page) -> None:
        await page.locator(f"{selector} summary").click()

    return step


def until_shown(selector: str) -> Step:
    """Waits for a part that comes by itself."""

    async def step(page: Page) -> None:
        await page.locator(selector).first.wait_for()

    return step


def keep_to(state: str) -> Step:
    """Filters a job's files by state."""

    async def step(page: Page) -> None:
        async with page.expect_response("**/files?state=*"):
            await page.locator("#job-files select").select_option(state)
        await page.locator("[data-file='1']").wait_for(state="detached")

    return step


def _own(name: str, path: str, who: str, then: Step | None = None) -> "View":
    """A page of a user's account."""
    return View(name, f"/account{path}", then, guarded=True, visited_by=who)


def _job(name: str, job: str, act: str | None = None) -> "View":
    """A job's page, or a pop-up on it."""
    return View(name, f"/jobs/{{{job}}}", press(f"#job-now [hx-get$='/{act}']") if act else None)


async def find(page: Page) -> None:
    """Searches in the box in the head, or on a phone on the page of the search."""
    await page.keyboard.press("/")
    if not await page.locator("#find").is_visible():
        await page.wait_for_url("**/search")
        return
    await page.keyboard.type("kirch")
    await page.locator("#found [role=option]").first.wait_for()
    await page.keyboard.press("ArrowDown")


async def call_commands(page: Page) -> None:
    """Opens the palette of commands and types what leaves a few."""
    await page.keyboard.press("Control+k")
    await page.locator("#palette-input").fill("jp")


def choose(row: str, action: str) -> Step:
    """Selects one row of a plugin's list and opens the pop-up for an action on the selection."""

    async def step(page: Page) -> None:
        await page.locator(f"#rows {row} .tm-choose").first.check()
        await press(f"#bulk [value='{action}']")(page)

    return step


def unroll(row: str) -> Step:
    """Opens the menu of one row of a plugin's list."""

    async def step(page: Page) -> None:
        await page.locator(f"#rows {row} .tm-job-more").first.click()
        await page.locator(f"#rows {row} .dropdown-menu.show").first.wait_for()

    return step


def _plugin(name: str, query: str = "", *, plugin: str = JP2, act: str | None = None) -> "View":
    """A plugin's page, or a pop-up about the plugin."""
    then = press(f"#plugin-controls [hx-get$='/{act}']") if act else None
    return View(name, f"/plugins/{plugin}{query}", then)


PLUGINS = (
    View("figures", "/figures?period=7d", widths=EVERYTHING),
    View("figures-table", "/figures", unfold(f"#figures-{JP2}")),
    View("new-job", "/new-job"),
    View("new-job-form", f"/new-job/{OCR}?title=Band+1&parameter.page_segmentation=4", look_ahead),
    View("new-job-folder", f"/new-job/{OCR}", press("[data-browse='source']")),
    View("plugin-queue", "/plugins/jp2", widths=EVERYTHING),
    View("plugin-done", "/plugins/jp2?tab=done", widths=EVERYTHING),
    View("plugin-error", "/plugins/jp2?tab=error", widths=EVERYTHING),
    _plugin("plugin-filtered", "?q=stadtchronik&status=STARTED&priority_min=2&newer=86400"),
    _plugin("plugin-warned", "?tab=done&warnings=true"),
    _plugin("plugin-nothing-matches", "?tab=done&q=thereisnosuchword"),
    _plugin("plugin-mistyped", "?tab=queue&status=DONE&sort=nonsense"),
    _plugin("plugin-empty", "?tab=error", plugin=SHELL),
    _plugin("plugin-stopped", plugin=SHELL),
    _plugin("plugin-stopping", plugin=PDF),
    _plugin("plugin-refusing", plugin=OCR),
    _plugin("plugin-long", plugin=LONG),
    View("plugin-scale", f"/plugins/{LONG}", press("[hx-get$='/replicas/werk/scale']")),
    View("plugin-renew", f"/plugins/{LONG}", press("[hx-get$='/replicas/werk/renew']")),
    _plugin("plugin-uninstalled", plugin=UNINSTALLED),
    View("plugin-unknown", "/plugins/nobody-knows-it", status=404),
    _plugin("plugin-stop", act="stop"),
    _plugin("plugin-limit", act="limit"),
    _plugin("plugin-refuse", act="refuse"),
    _plugin("plugin-cancel-all", act="cancel-jobs"),
    _plugin("plugin-restart", plugin=SHELL, act="restart"),
    _plugin("plugin-accept", plugin=OCR, act="accept"),
    View("plugin-row-menu", "/plugins/jp2", unroll("tr")),
    View("plugin-row-details", "/plugins/jp2", press("#rows .tm-title > a")),
    View("plugin-error-text", "/plugins/jp2?tab=error", press("#rows .tm-error")),
    View("plugin-bulk-retry", "/plugins/jp2?tab=error", choose("tr", "retry")),
    View("plugin-bulk-cancel", "/plugins/jp2", choose("[data-status='STARTED']", "cancel")),
    View("plugin-bulk-priority", "/plugins/jp2", choose("[data-status='STARTED']", "priority")),
)
JOBS = (
    _job("job-waiting", "started"),
    _job("job-working", "processing"),
    _job("job-cancelling", "cancelling"),
    _job("job-warned", "warned"),
    _job("job-warned-error", "warned_error"),
    View("job-files", "/jobs/{warned}", keep_to("failed")),
    _job("job-huge-error", "huge_error"),
    _job("job-script-title", "script_title"),
    _job("job-uninstalled", "uninstalled_done"),
    View("job-log", "/jobs/{processing}", unfold("[data-job-log]")),
    View("job-attempts", "/jobs/{crashed}/attempts"),
    View("job-unknown", "/jobs/00000000-0000-4000-8000-000000000000", status=404),
    _job("job-priority", "started", "priority"),
    _job("job-next", "started", "next"),
    _job("job-hold", "processing", "hold"),
    _job("job-cancel", "processing", "cancel"),
    _job("job-message", "done", "message"),
    View("job-pictures", "/jobs/{warned}/files", until_shown(".tm-unshown")),
    View("job-picture", "/jobs/{warned}/files/2", until_shown(".tm-unshown bdi")),
)
ACCESS = (
    View("user-add", "/users", press("[hx-get='/ui/new-user']")),
    View("user-change", "/users", press(f"#user-{people.RESTRICTED} button")),
    View("user-password", "/users", ask(people.OPERATOR, "password")),
    View("user-remove", "/users", ask(people.OPERATOR, "remove")),
    View("token-add", "/tokens", press("[hx-get='/ui/new-token']")),
    View("token-revoke", "/tokens", press("#tokens [hx-get$='/revoke']")),
    View("tokens-void", "/tokens?void=true"),
    View("account", "/log-in?next=/account", enter(people.OPERATOR, "/account"), guarded=True),
    View(
        "second-factor",
        "/log-in?next=/account/second-factor",
        enter(people.OPERATOR, "/account/second-factor"),
        guarded=True,
    ),
    # on one width: more than five log-ins that end before the code are slowed
    View("log-in-code", "/log-in", ask_for_code(people.TWOFOLD), guarded=True, widths=(PHONE,)),
    _own("account-factors", "", people.TWOFOLD),
    _own("security-key", "/security-keys", people.TWOFOLD),
    _own("security-key-removal", f"/security-keys/remove?key={people.SPARE_KEY}", people.TWOFOLD),
    _own("second-factor-removal", "/second-factor", people.TWOFOLD),
    _own("recovery-codes", "/second-factor", people.OPERATOR, set_up_codes),
    View("user-second-factor", "/users", ask(people.TWOFOLD, "second-factor")),
    View("account-new", "/log-in", enter(people.NEW, "/account"), guarded=True),
)
VIEWS = (
    View("home", "/"),
    *PLUGINS,
    *JOBS,
    View("not-found", "/nothing-is-here", status=404),
    View("runners", "/runners"),
    View("runner-drain", "/runners", press("#drain-werk-1")),
    View("runner-resume", "/runners", press("#resume-werk-2")),
    View("runner-forget", "/runners", press("#forget-werk-alt")),
    View("errors", "/errors"),
    View("search", "/search?q=kirch", widths=EVERYTHING),
    View("search-below", "/", find),
    View("commands", "/plugins/jp2", call_commands),
    View("operations", "/operations"),
    View(
        "operation-stop",
        f"/operations/{records.RUNNING_OPERATION}",
        press("#operation button[hx-get$='/stop']"),
    ),
    View("operation", f"/operations/{records.ENDED_OPERATION}"),
    View("operation-running", f"/operations/{records.RUNNING_OPERATION}"),
    View("reports", "/reports"),
    View("audit", "/audit"),
    View("dead-letters", "/dead-letters"),
    View("dead-letter", "/dead-letters", press("#letters [hx-get^='/ui/dead-letters/']")),
    View("dead-letters-drop", "/dead-letters", press("#letters [hx-get*='action=drop']")),
    View("users", "/users"),
    View("tokens", "/tokens"),
    View("log-in", "/log-in", guarded=True),
    *ACCESS,
    View("report", "/reports", press("#reports [hx-get^='/ui/reports/']")),
    View("process", "/processes/3"),
    View("processes", "/processes?q=stadtchronik"),
    View("notifications", "/notifications"),
    View("notification", f"/notifications/{records.RULE}"),
    View("notification-change", f"/notifications/{records.RULE}/change"),
    View("notification-new", "/new-notification"),
    View("notification-remove", f"/notifications/{records.RULE}", press("[hx-get$='/remove']")),
    View("replay-all", "/reports", press("#installations [hx-get$='/replay']")),
)


def visitors(view: View) -> list[Visitor]:
    """All visitors for whom a view is captured."""
    variants = product(view.widths, (False, True), LANGUAGES.values())
    return [Visitor(language, width=width, dark=dark) for width, dark, language in variants]
