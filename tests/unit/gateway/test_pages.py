"""What all pages have in common: headers, languages, error pages, files, preferences."""

from pathlib import Path

import pytest
from tests.unit.gateway.conftest import Gateway

from taskmanager_gateway.web.shell.assets import FOR_EVER, Assets, AssetsMissingError

BROWSER = {"accept": "text/html,application/xhtml+xml"}


async def test_every_answer_forbids_what_is_not_our_own(gateway: Gateway) -> None:
    for address in ("/", "/nothing", "/ui/preferences", f"/static/{Assets().version}/own/app.css"):
        headers = (await gateway.client.get(address, headers=BROWSER)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


async def test_pages_are_kept_by_nobody(gateway: Gateway) -> None:
    assert (await gateway.client.get("/", headers=BROWSER)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("accepted", "title"), [("de-AT,de;q=0.9", "Alle Plugins"), ("en", "All plugins")])
async def test_pages_speak_the_reader_s_language(gateway: Gateway, accepted: str, title: str) -> None:
    answer = await gateway.client.get("/", headers={**BROWSER, "accept-language": accepted})
    assert f"<title>{title}" in answer.text
    assert f'lang="{accepted[:2]}"' in answer.text
    assert answer.headers["content-language"] == accepted[:2]


async def test_a_preference_is_kept_and_leads_back(gateway: Gateway) -> None:
    answer = await gateway.client.get(
        "/ui/preferences?language=de&theme=dark&back=/plugins/noop%3Ftab%3Ddone"
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/plugins/noop?tab=done"
    page = await gateway.client.get("/", headers=BROWSER)
    assert 'lang="de" data-theme="dark"' in page.text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", ""])
async def test_a_preference_leads_nowhere_else(gateway: Gateway, back: str) -> None:
    answer = await gateway.client.get("/ui/preferences", params={"language": "de", "back": back})
    assert answer.headers["location"] == "/"


async def test_an_unknown_address_is_a_page_for_browsers_a_message_for_pop_ups_and_a_problem_for_programs(
    gateway: Gateway,
) -> None:
    page = await gateway.client.get("/nothing", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1" in page.text
    message = await gateway.client.get("/nothing", headers={"hx-request": "true"})
    assert message.status_code == 404
    assert "alert-danger" in message.text
    assert "<html" not in message.text
    problem = await gateway.client.get("/nothing")
    assert problem.headers["content-type"] == "application/problem+json"


async def test_without_the_database_the_page_says_so(gateway: Gateway) -> None:
    gateway.reader.available = False
    page = await gateway.client.get("/", headers={**BROWSER, "accept-language": "en"})
    assert page.status_code == 200
    assert "The database does not answer" in page.text


async def test_files_are_kept_for_ever_under_the_address_of_their_content(gateway: Gateway) -> None:
    address = Assets().address("own/app.js")
    assert (await gateway.client.get(address)).headers["cache-control"] == FOR_EVER
    other = await gateway.client.get("/static/0123456789abcdef/own/app.js")
    assert (other.status_code, other.headers["cache-control"]) == (200, "no-cache")
    assert (await gateway.client.get("/static/x/../../app.py")).status_code == 404


def test_a_gateway_that_was_not_set_up_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match=r"bootstrap\.min\.css.*make setup"):
        Assets(tmp_path)


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example", "host": "gateway"}]
)
async def test_where_nobody_logs_in_a_page_of_another_site_changes_nothing(
    gateway: Gateway, headers: dict[str, str]
) -> None:
    answer = await gateway.client.post("/api/v1/plugins/noop/stop", headers=headers)
    assert answer.status_code == 403
    assert not gateway.scheduler.commands
    ours = await gateway.client.post("/api/v1/plugins/noop/stop", headers={"sec-fetch-site": "same-origin"})
    assert ours.status_code == 200
