"""What a viewer and a restricted operator are shown, and what they get for asking all the same."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect
from tests.browser.entering import log_in
from tests.browser.watching import Watch
from tests.sample_data.cast import JP2, LONG, OCR, PDF, SHELL
from tests.sample_data.looking import Looking
from tests.sample_data.people import ADMIN, OPERATOR, RESTRICTED, VIEWER

PAGES = ("/", f"/plugins/{JP2}", f"/plugins/{SHELL}", "/runners", "/operations", "/reports", "/audit")
CHANGES = (
    "form[hx-post], main form[method=post], main button[hx-get]:not([hx-get^='/ui/reports/'], .tm-error)"
)
"""What sends a change, and what opens a pop-up that would. Details of reports and errors are for all."""
FORGE = """([address, fields]) => fetch(address, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: {"HX-Request": "true", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content},
}).then(answer => answer.status)"""


@pytest.fixture
def address(sample_data: Looking) -> str:
    """Of the gateway that wants a log-in."""
    return sample_data.guarded_address


@pytest.fixture(autouse=True)
def refusals_are_loud(watches: list[Watch]) -> Iterator[None]:
    """Browsers tell every refusal to their console."""
    yield
    for watch in watches:
        watch.forgive(r"(?i)status (of|error code) (401|403|404)")


async def test_a_viewer_is_offered_no_change_and_gets_none(sample_data: Looking, page: Page) -> None:
    job = sample_data.data.jobs.ids["started"]
    await log_in(page, VIEWER)
    for path in (*PAGES, f"/jobs/{job}"):
        await page.goto(path)
        await expect(page.locator("main h1")).to_be_visible()
        offered = page.locator(CHANGES)
        assert not await offered.count(), f"{path} offers {await offered.first.inner_text()}"
    await expect(page.locator("#menu-items a[href='/users']")).to_have_count(0)
    for path in (
        f"/ui/jobs/{job}/cancel",
        f"/ui/plugins/{JP2}/stop",
        "/ui/runners/werk-1/drain",
        "/ui/users",
    ):
        assert await page.evaluate(FORGE, [path, {"reason": "forged"}]) == 403, path
    for path in ("/users", "/tokens"):
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 403
        await expect(page.locator("main")).to_contain_text("may not manage users and tokens")


async def test_a_change_without_the_proof_of_the_page_is_refused(sample_data: Looking, page: Page) -> None:
    await log_in(page, OPERATOR)
    await page.goto("/")
    await page.evaluate("document.querySelector('meta[name=csrf]').content = 'forged'")
    assert await page.evaluate(FORGE, [f"/ui/jobs/{sample_data.data.jobs.ids['started']}/cancel", {}]) == 403


async def test_an_operator_is_offered_changes_but_no_users(page: Page) -> None:
    await log_in(page, OPERATOR)
    await page.goto("/runners")
    await expect(page.locator("#drain-werk-1")).to_be_visible()
    await expect(page.locator("#menu-items a[href='/tokens']")).to_have_count(0)


async def test_somebody_restricted_sees_their_plugins_and_nothing_of_others(
    sample_data: Looking, page: Page
) -> None:
    await log_in(page, RESTRICTED)
    for path in ("/", "/runners", "/operations", "/reports", "/audit"):
        await page.goto(path)
        await expect(page.locator(f"#menu-items a[href='/plugins/{JP2}']")).to_be_visible()
        links = await page.locator("a[href^='/plugins/']").evaluate_all(
            "links => links.map(link => link.pathname)"
        )
        assert {link.split("/")[2] for link in links} == {JP2, OCR}, path
    await page.goto("/reports")
    for row in await page.locator("#reports tbody .tm-under").all_inner_texts():
        assert row in {JP2, OCR}
    for other in (SHELL, PDF, LONG):
        answer = await page.goto(f"/plugins/{other}")
        assert answer is not None
        assert answer.status in {403, 404}
    foreign = sample_data.data.jobs.ids["uninstalled_done"]
    answer = await page.goto(f"/jobs/{foreign}")
    assert answer is not None
    assert answer.status in {403, 404}
    assert await page.evaluate(FORGE, [f"/ui/jobs/{foreign}/retry", {}]) in {403, 404}
    assert await page.evaluate(FORGE, [f"/ui/plugins/{SHELL}/restart", {}]) in {403, 404}


async def test_an_admin_finds_users_and_tokens_in_the_menu(page: Page) -> None:
    await log_in(page, ADMIN)
    await page.goto("/")
    await page.locator("#menu-items a[href='/users']").click()
    await expect(page).to_have_url(re.compile("/users$"))
    await page.locator("#menu-items a[href='/tokens']").click()
    await expect(page.locator("#tokens")).to_contain_text("Goobi")
