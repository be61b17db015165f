"""Who is let in and what they are shown: log-in, roles, users and tokens, in a browser."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pyotp
import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.accessibility import assert_accessible
from tests.browser.authenticators import Authenticators
from tests.browser.chromium import Visitor
from tests.browser.conftest import NewPage
from tests.browser.entering import answer_by_key, fill_in, log_in, show_code
from tests.browser.watching import Watch
from tests.e2e.system import System, running_system
from tests.sample_data.people import ADMIN, OPERATOR, PASSWORD, VIEWER
from tests.sample_data.writing import let_in

from taskmanager.mongo import MongoReader
from taskmanager_gateway.access.sessions import COOKIE, Session, SessionCookies
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually, eventually_async

GERMAN = Visitor("de-DE")
OWN_PASSWORD = "neun stille Regale im Keller"
ONE_TIME = re.compile(r"\b(?:[a-z2-9]{5}-){4}[a-z2-9]{5}\b")
GOOBI = {"Authorization": "Bearer scene-Goobi"}


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    """A whole system that wants a log-in, with the first admin and the people of the sample data."""
    folder = Path(tmp_path_factory.mktemp("guarded")) / "stage"
    settings = {"TASKMANAGER_ACCESS": "required"}
    with running_system(folder, rabbitmq, mongod, plugin="sleep", settings=settings) as made:
        asyncio.run(let_in(made.mongodb_url, datetime.now(UTC)))
        yield made


@pytest.fixture(autouse=True)
def refusals_are_loud(watches: list[Watch]) -> Iterator[None]:
    """Browsers tell every refusal to their console; these tests are about refusals."""
    yield
    for watch in watches:
        watch.forgive(r"(?i)status (of|error code) (401|409|422)")


def log_in_again(page: Page) -> Locator:
    """The pop-up that asks for the log-in over an open page."""
    return page.locator("dialog.tm-log-in-again")


def a_job(system: System, title: str) -> str:
    """One that is not done soon."""
    spec = {"plugin": "sleep", "title": title, "parameters": {"seconds": 60}}

    def accepted() -> str | None:
        with system.client() as client:
            answer = client.post("/api/v1/jobs", json=spec, headers=GOOBI)
        return str(answer.json()["id"]) if answer.status_code == 202 else None

    return eventually(accepted, what="a submission") or ""


async def renewals(page: Page) -> None:
    """What a running system has open pages do all the time."""
    for event in ("tm-counts", "tm-rows", "tm-job"):
        await page.evaluate("name => document.body.dispatchEvent(new CustomEvent(name, {detail: {}}))", event)


async def press_cancel(page: Page, job: str, reason: str) -> None:
    """Open a job's pop-up and write into it; the last press is the test's."""
    await page.goto(f"/jobs/{job}")
    await page.locator("#job-now [hx-get$='/cancel']").click()
    await page.locator("#dialog #reason").fill(reason)


# --- the first log-in and one's own password --------------------


async def test_a_one_time_password_is_good_for_choosing_another_one_only(system: System, page: Page) -> None:
    found = ONE_TIME.search(system.first_start)
    assert found, "the first start shows a password"
    await page.goto("/runners")
    await expect(page).to_have_url(re.compile(r"/log-in\?next=%2Frunners$"))
    await fill_in(page, "admin", found[0])
    await expect(page.get_by_text("You logged in with a one-time password")).to_be_visible()
    await page.goto("/")
    await expect(page).to_have_url(re.compile("/account$"))
    await choose(page, found[0], "fourteen signs", "fourteen signs")
    await expect(page).to_have_url(re.compile("/account$"))
    await choose(page, found[0], OWN_PASSWORD, f"{OWN_PASSWORD}!")
    await expect(page.locator("main .alert-danger")).to_have_text(
        "Nothing was changed: the two new passwords differ."
    )
    await choose(page, found[0], OWN_PASSWORD, OWN_PASSWORD)
    await expect(page.locator("#menu-items a[href='/users']")).to_be_visible()
    await page.get_by_role("button", name="admin").click()
    await page.get_by_role("button", name="Log out").click()
    await expect(page).to_have_url(re.compile("/log-in$"))
    await fill_in(page, "admin", found[0])
    await expect(page.locator("main .alert-danger")).to_have_text("The name or the password is wrong.")
    await expect(page.locator("#log-in-name")).to_have_value("admin")
    await fill_in(page, "admin", OWN_PASSWORD)
    await expect(page.locator("#menu-items a[href='/users']")).to_be_visible()


async def choose(page: Page, current: str, new: str, again: str) -> None:
    """Fill in the form of `/account`."""
    await page.locator("#current").fill(current)
    await page.locator("#password").fill(new)
    await page.locator("#again").fill(again)
    await page.locator("form[action='/account'] button[type=submit]").click()


@pytest.mark.parametrize(
    ("visitor", "sentence"),
    [
        (Visitor(), "The name or the password is wrong."),
        (GERMAN, "Name und Passwort passen nicht zusammen."),
    ],
    ids=str,
)
async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(
    system: System, page: Page, sentence: str
) -> None:
    for name in (OPERATOR, "nobody-like-this"):
        await page.goto("/log-in?next=/runners")
        await fill_in(page, name, "this is not the password")
        await expect(page.locator("main .alert-danger")).to_have_text(sentence)
    await fill_in(page, OPERATOR)
    await expect(page).to_have_url(re.compile("/runners$"))


# --- a log-in that ends while somebody works --------------------


async def test_what_was_typed_survives_being_logged_out_everywhere(system: System, new_page: NewPage) -> None:
    job = a_job(system, "Atlas")
    page, admin = await new_page(), await new_page(GERMAN)
    await log_in(page, OPERATOR)
    await press_cancel(page, job, "wrong scan")
    await log_in(admin, ADMIN)
    await admin.goto("/users")
    await admin.locator(f"#user-{OPERATOR} button").click()
    await admin.locator("#dialog [hx-get$='/log-out']").click()
    await admin.locator("#dialog form[hx-post$='/log-out'] button[type=submit]").click()
    await expect(admin.locator("#toasts")).to_contain_text("überall abgemeldet")

    await expect(page.locator("#logged-out")).to_be_visible()
    await expect(log_in_again(page)).to_have_count(0)
    await page.locator("#dialog button[type=submit]").click()
    await expect(log_in_again(page)).to_be_visible()
    await assert_accessible(page)
    await fill_in(page, OPERATOR, "this is not the password")
    await expect(log_in_again(page).locator(".alert")).to_have_text("The name or the password is wrong.")
    await fill_in(page, OPERATOR)
    await expect(log_in_again(page)).to_have_count(0)
    await expect(page.locator("#logged-out")).not_to_be_visible()
    await expect(page.locator("#dialog #reason")).to_have_value("wrong scan")
    await expect(page.locator("#dialog .dialog-problem")).to_be_empty()
    await page.locator("#dialog button[type=submit]").click()
    await expect(page.locator("#job-state .tm-status")).to_have_text("cancelled")
    await expect(page.locator("#job-state")).to_contain_text("wrong scan")


async def test_who_does_not_log_in_again_is_not_asked_again(system: System, page: Page) -> None:
    job = a_job(system, "Karte")
    await log_in(page, OPERATOR)
    await press_cancel(page, job, "typed before")
    await page.context.clear_cookies(name="tm_session")
    await renewals(page)
    await expect(page.locator("#logged-out")).to_be_visible()
    await page.locator("#dialog button[type=submit]").click()
    await expect(log_in_again(page)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(log_in_again(page)).to_have_count(0)

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await renewals(page)
    await expect(page.locator("#dialog #reason")).to_have_value("typed before")
    await expect(log_in_again(page)).to_have_count(0)
    assert not asked, "parts renewed themselves without a log-in"
    await page.keyboard.press("Escape")
    await expect(page.locator("#dialog")).not_to_be_visible()
    await page.locator("#log-in-again").click()
    await fill_in(page, OPERATOR)
    await expect(page.locator("#logged-out")).not_to_be_visible()
    await expect(page.locator("#live")).to_have_attribute("data-state", "live")


async def test_somebody_else_who_logs_in_there_sees_their_own_page(system: System, page: Page) -> None:
    await log_in(page, OPERATOR)
    await page.goto("/runners")
    await page.context.clear_cookies(name="tm_session")
    await renewals(page)
    await page.locator("#log-in-again").click()
    await fill_in(page, ADMIN)
    await expect(page.get_by_role("button", name=ADMIN)).to_be_visible()
    await expect(page.locator("#menu-items a[href='/users']")).to_be_visible()


# --- a second factor, and a log-in that is too long ago --------------------


async def test_a_second_factor_is_asked_for_at_log_in_and_before_rights_change(
    system: System, mongod: RunningServer, page: Page, new_page: NewPage
) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await log_in(page, ADMIN)
    await page.goto("/account/second-factor")
    secret = (await page.locator("#factor-secret").inner_text()).replace(" ", "")
    await prove(page, code_of(secret))
    await expect(page.locator("#recovery-codes li")).to_have_count(8)
    recovery = await page.locator("#recovery-codes li").all_inner_texts()
    await assert_accessible(page)

    await begin_an_hour_ago(system, mongod, page, ADMIN)
    await page.goto("/users")
    await page.locator("[hx-get='/ui/new-user']").click()
    await page.locator("#dialog #name").fill("max")
    await page.locator("#dialog button[type=submit]").click()
    box = log_in_again(page)
    await expect(box).to_contain_text("changed only shortly after a log-in")
    await expect(page.locator("#logged-out")).not_to_be_visible()
    await fill_in(page, ADMIN)
    await expect(box.locator("#log-in-code")).to_be_focused()
    await assert_accessible(page)
    await show_code(page, "000000")
    await expect(box.locator(".alert")).to_contain_text("The code is wrong")
    await show_code(page, code_of(secret, later=1))
    await expect(box).to_have_count(0)
    await expect(page.locator("#dialog #name")).to_have_value("max")
    await page.locator("#dialog button[type=submit]").click()
    await shown_once(page)
    await expect(page.locator("#users")).to_contain_text("with second factor")

    other = await new_page(GERMAN)
    await other.goto("/log-in?next=/account")
    await fill_in(other, ADMIN)
    await other.locator("#log-in-form summary").click()
    await other.locator("#log-in-recovery").fill(recovery[0])
    await other.locator("#log-in-form button[type=submit]").click()
    await expect(other.locator("#sessions")).to_contain_text("Chrome unter Linux")
    await end_the_others(other, page)
    await page.goto("/users")
    await expect(page).to_have_url(re.compile("/log-in"))

    await other.goto("/account/second-factor")
    await prove(other, recovery[1])
    await expect(other.get_by_role("link", name="Codes eines Geräts einrichten")).to_be_visible()


def code_of(secret: str, later: int = 0) -> str:
    """What a device shows now, or so many time steps later."""
    device = pyotp.TOTP(secret)
    return device.generate_otp(device.timecode(datetime.now(UTC)) + later)


async def prove(page: Page, code: str) -> None:
    """Fill in the form of `/account/second-factor`."""
    form = page.locator("form[action^='/account/second-factor']")
    await form.locator("#current").fill(PASSWORD)
    await form.locator("#code").fill(code)
    await form.locator("button[type=submit]").click()


async def begin_an_hour_ago(system: System, mongod: RunningServer, page: Page, name: str) -> None:
    """The browser's session is one that began so long ago, signed with the key that gateways alone read."""
    database = urlsplit(system.mongodb_url).path.strip("/")
    reader = MongoReader(mongod.url_of("gateway", database))
    try:
        key = await reader.session_key()
    finally:
        await reader.close()
    session = Session.begin(name, datetime.now(UTC) - timedelta(hours=1))
    value = SessionCookies(key or b"", timedelta(hours=2)).write(session)
    await page.context.add_cookies([{"name": COOKIE, "value": value, "url": urljoin(page.url, "/")}])


async def end_the_others(page: Page, other: Page) -> None:
    """One after the other from the list of `page`, until that of `other` is void."""
    ends = page.locator("#sessions form button")

    async def gone() -> bool:
        await page.reload()
        if await ends.count():
            async with page.expect_navigation():
                await ends.first.click()
        return (await other.context.request.get("/api/v1/me")).status == 401

    await eventually_async(gone, within_seconds=60, what="the end of the other log-in")


async def test_a_security_key_is_added_asked_for_and_removed(system: System, new_page: NewPage) -> None:
    page = await new_page(Visitor(), at=f"http://localhost:{system.gateway.port}")
    keys = await Authenticators.of(page)
    first = await keys.plug_in()
    await log_in(page, VIEWER)
    await page.goto("/account")
    await page.get_by_role("link", name="Add a security key").click()
    await assert_accessible(page)
    await name_key(page, "blue key")
    await expect(page.locator("#recovery-codes li")).to_have_count(8)
    copied = await keys.credential(first)
    await page.get_by_role("link", name="I have kept them").click()
    await expect(page.locator("#factors")).to_contain_text("blue key")
    await page.get_by_role("link", name="Add a security key").click()
    await name_key(page, "the same key")
    await expect(page.locator("[data-key-problem]")).to_have_text("This key is one of yours already.")

    sent = await enter_by_key(page)
    await assert_accessible(page)
    replayed = await page.context.request.post("/log-in", form=sent)
    assert (replayed.status, "has already been used" in await replayed.text()) == (401, True)

    await keys.pull_out(first)
    other = await keys.plug_in()
    await begin_anew(page)
    await answer_by_key(page)
    await expect(page.locator("[data-key-problem]")).to_contain_text("the key did not respond")
    await keys.pull_out(other)
    copy = await keys.plug_in({**copied, "signCount": 0})
    await answer_by_key(page)
    await expect(page.locator("main .alert-danger")).to_contain_text("it may have been copied")
    await keys.pull_out(copy)

    kept = await enter_with(page, keys, {**copied, "signCount": 900})
    other_window = await new_page(GERMAN, at=page.url)
    await other_window.goto("/log-in?next=/account")
    await fill_in(other_window, VIEWER)
    await expect(other_window.locator("[data-key=get]")).to_be_visible()
    await page.locator("#factors .tm-actions a").click()
    await assert_accessible(page)
    await page.locator("#current").fill(PASSWORD)
    await page.get_by_role("button", name="Remove the security key").click()
    await expect(page.get_by_text("Whoever learns your password")).to_be_visible()
    late = await Authenticators.of(other_window)
    await late.plug_in(await keys.credential(kept))
    await answer_by_key(other_window)
    await expect(other_window.locator("main .alert-danger")).to_contain_text("wurde nicht angenommen")
    await log_in(other_window, VIEWER)
    await other_window.goto("/account")
    await expect(other_window.locator("#factors")).to_have_count(0)


async def name_key(page: Page, label: str) -> None:
    """Fill in the form of `/account/security-keys` and touch the key."""
    await page.locator("#label").fill(label)
    await page.locator("#current").fill(PASSWORD)
    await page.locator("[data-key=create]").click()


async def begin_anew(page: Page) -> None:
    """Log out and enter the password again, up to the second factor."""
    await page.context.clear_cookies(name="tm_session")
    await page.goto("/log-in?next=/account")
    await fill_in(page, VIEWER)
    await expect(page.locator("[data-key=get]")).to_be_focused()


async def enter_by_key(page: Page) -> dict[str, str | float | bool]:
    """Log in with the key that is plugged in; returns the fields that the form sent."""
    await begin_anew(page)
    async with page.expect_request(lambda request: request.method == "POST") as sending:
        await answer_by_key(page)
    await expect(page.locator("#factors")).to_be_visible()
    return {**dict(parse_qsl((await sending.value).post_data or ""))}


async def enter_with(page: Page, keys: Authenticators, credential: dict[str, Any]) -> str:
    """Log in with this credential in a new key; returns the id of the key."""
    made = await keys.plug_in(credential)
    await enter_by_key(page)
    return made


# --- users and tokens --------------------


async def test_somebody_who_is_added_gets_in_with_the_password_shown_once(
    system: System, page: Page, new_page: NewPage
) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await log_in(page, ADMIN)
    other = await new_page(GERMAN)
    await log_in(other, ADMIN)
    await other.goto("/users")
    await page.goto("/users")
    await page.locator("[hx-get='/ui/new-user']").click()
    await page.locator("#dialog #name").fill("jörg")
    await page.locator("#dialog #role-viewer").check()
    await page.locator("#dialog button[type=submit]").click()
    password = await shown_once(page)
    await expect(page.locator("#users")).to_contain_text("jörg")
    await expect(other.locator("#users")).to_contain_text("Einmalpasswort, noch nicht benutzt")
    await expect(other.locator("[id='user-jörg']")).to_contain_text("Betrachter")
    fresh = await new_page(GERMAN)
    await fresh.goto("/")
    await fill_in(fresh, "Jörg", password)
    await expect(fresh.get_by_text("Sie haben sich mit einem Einmalpasswort angemeldet.")).to_be_visible()
    await choose(fresh, password, password, password)
    await expect(fresh.locator("main .alert-danger")).to_contain_text("es ist das bisherige Passwort")
    await choose(fresh, password, OWN_PASSWORD, OWN_PASSWORD)
    await expect(fresh.locator("#menu-items a[href='/plugins/sleep']")).to_be_visible()
    await expect(fresh.locator("#menu-items a[href='/users']")).to_have_count(0)


async def test_a_token_works_until_it_is_revoked(system: System, page: Page) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await log_in(page, ADMIN)
    await page.goto("/tokens")
    await page.locator("[hx-get='/ui/new-token']").click()
    await page.locator("#dialog #name").fill("scanner")
    await page.locator("#dialog button[type=submit]").click()
    secret = await shown_once(page)
    assert submitted(system, secret) == 202
    row = page.locator("#tokens tr", has_text="scanner")
    await row.locator("[hx-get$='/revoke']").click()
    await page.locator("#dialog #reason").fill("scanner sold")
    await page.locator("#dialog button[type=submit]").click()
    await expect(row).to_have_count(0)
    eventually(lambda: submitted(system, secret) == 401, what="a refusal")
    await page.locator("a[href='/tokens?void=true']").click()
    await expect(row).to_contain_text("scanner sold")


async def shown_once(page: Page) -> str:
    """The secret in the pop-up, copied by its button; gone with the pop-up."""
    field = page.locator("#dialog #secret")
    secret = await field.input_value()
    await assert_accessible(page)
    button = page.locator("#dialog [data-copy-field]")
    await button.click()
    await expect(button).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == secret
    await page.locator("#dialog .tm-dialog-buttons [data-close]").click()
    await expect(field).to_have_count(0)
    assert secret not in await page.content()
    return secret


def submitted(system: System, secret: str) -> int:
    """What the API answers to a job with that token."""
    spec = {"plugin": "sleep", "parameters": {"seconds": 0}}
    with system.client() as client:
        return client.post(
            "/api/v1/jobs", json=spec, headers={"Authorization": f"Bearer {secret}"}
        ).status_code


async def test_the_last_admin_stays(system: System, new_page: NewPage) -> None:
    page, german = await new_page(), await new_page(GERMAN)
    for one in (page, german):
        await log_in(one, ADMIN)
        await one.goto("/users")
    await act(page, "admin", "disable")
    await expect(page.locator("#user-admin")).to_contain_text("disabled")
    await act(page, ADMIN, "remove")
    await expect(page.locator("#dialog .dialog-problem")).to_contain_text(
        f"Cannot remove the user: {ADMIN} is the last enabled admin: make somebody else an admin first."
    )
    await act(german, ADMIN, "disable")
    await expect(german.locator("#dialog .dialog-problem")).to_contain_text(
        f"{ADMIN} ist der letzte aktive Admin: machen Sie zuerst jemand anderen zum Admin"
    )
    await page.goto("/users")
    await act(page, "admin", "enable")
    await expect(page.locator("#user-admin")).not_to_contain_text("disabled")


async def act(page: Page, name: str, what: str) -> None:
    """Do it to a user, by its pop-ups."""
    await page.locator(f"#user-{name} button").click()
    await page.locator(f"#dialog [hx-get$='/{what}']").click()
    await page.locator(f"#dialog form[hx-post$='/{what}'] button[type=submit]").click()
