"""A whole system on its pages: who runs is shown, a dead gateway is forgiven, dead letters are dealt with."""

import asyncio
from collections.abc import Mapping

import pika
import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import NewPage
from tests.browser.watching import Watch
from tests.e2e.system import System

from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually


@pytest.fixture(scope="module")
def stage_settings() -> Mapping[str, str]:
    return {"TASKMANAGER_SWEEP_SECONDS": "0.5"}  # how often the scheduler looks for dead letters


async def test_the_plugin_of_the_runner_is_in_the_menu_of_two_operators(
    system: System, new_page: NewPage
) -> None:
    for page in (await new_page(), await new_page()):
        await page.goto("/")
        await expect(page.locator("#menu-items a[href='/plugins/sleep']")).to_be_visible()


async def test_pages_are_served_again_when_the_gateway_was_killed(
    system: System, page: Page, watch: Watch
) -> None:
    await page.goto("/")
    system.gateway.kill()
    watch.forgive("net::ERR_")
    watch.forgive("console error: htmx:")  # each way in which a request of its own may fail
    system.gateway.start()
    system.gateway.until_ready()
    await page.reload()
    await expect(page.locator("#menu-items a[href='/plugins/sleep']")).to_be_visible()


async def test_a_dead_letter_is_looked_at_sent_back_in_vain_and_dropped(
    system: System, rabbitmq: RunningServer, page: Page
) -> None:
    body = b'{"type": "<b>nothing we know</b>"}'
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        for _ in range(2):
            connection.channel().basic_publish(system.topology.events, "sleep.events", body)
    await page.goto("/dead-letters")
    await expect(page.locator("#letters-count")).to_have_text("2 messages lie there.")
    await expect(page.locator("#menu-dead-letters")).to_have_text("2")
    await page.locator("#letters [hx-get^='/ui/dead-letters/']").click()
    await expect(page.locator("#dialog pre")).to_have_text(body.decode())
    await page.locator("#dialog [hx-get*='action=requeue']").click()
    await page.locator("#dialog #reason").fill("let us see")
    await page.locator("#dialog form [type=submit]").click()
    await expect(page.locator("#toasts")).to_contain_text("They go back to the scheduler")

    def dead_again() -> bool:
        with system.client() as client:
            letters = client.get("/api/v1/dead-letters").raise_for_status().json()["dead_letters"]
        return [(one["copies"], one["settlement"]) for one in letters] == [(2, None)]

    await asyncio.to_thread(eventually, dead_again, within_seconds=60, what="it is a dead letter again")
    await page.evaluate("document.body.dispatchEvent(new CustomEvent('tm-letters'))")
    await page.locator("#letters [hx-get*='action=drop']").click()
    await page.locator("#dialog form [type=submit]").click()
    await expect(page.locator("#letters-count")).to_have_text(
        "None: every message to the scheduler was usable."
    )
    await expect(page.locator("#menu-dead-letters")).to_have_count(0)
    with system.client() as client:
        [dropped, sent] = client.get("/api/v1/audit").raise_for_status().json()["entries"][:2]
    assert (dropped["what"]["code"], dropped["reason"]) == ("deed.drop_dead_letter", "")
    assert (sent["what"]["code"], sent["reason"]) == ("deed.requeue_dead_letter", "let us see")
