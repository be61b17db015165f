"""The pictures of a job: the broken one is found, source and result compared, words lie where they are."""

from pathlib import Path

import pytest
import pytest_asyncio
import pyvips
from playwright.async_api import Locator, Page, expect
from tests.browser.accessibility import assert_accessible
from tests.browser.chromium import PHONE, Visitor
from tests.sample_data.looking import Looking
from tests.unit.gateway.conftest import job as made_job

from taskmanager.model.jobs import FileRecord, Job, JobError
from taskmanager.model.registry import StoredFile
from taskmanager.model.states import Status
from taskmanager.mongo import MongoStore
from taskmanager.ports.store import Needs, Plan
from taskmanager_testing.waiting import eventually_async

SIZE = 1_200, 900
TITLE = "מגילת ספר"
ALTO = (
    '<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page WIDTH="1200" HEIGHT="900">'
    '<String HPOS="300" VPOS="90" WIDTH="600" HEIGHT="180" CONTENT="Holothuria"/>'
    '<String HPOS="120" VPOS="720" WIDTH="240" HEIGHT="90" CONTENT="pentactes"/></Page></Layout></alto>'
)
FIELDS: dict[str, dict[str, object]] = {
    "0001.png": {"state": "done", "results": ("0001.jpg", "ocr/0001.xml"), "facts": {"format": "PNG"}},
    "0002.png": {"state": "failed", "error": "the picture ends too early"},
    "0003.tif": {"state": "left out"},
}


def write(folder: Path) -> None:
    """A sound page with its results, a damaged one, and something that is no picture."""
    (folder / "in").mkdir()
    (folder / "out" / "ocr").mkdir(parents=True)
    sound = pyvips.Image.gaussnoise(*SIZE, mean=128, sigma=40, seed=1).cast("uchar")
    (folder / "in" / "0001.png").write_bytes(sound.pngsave_buffer())
    (folder / "in" / "0002.png").write_bytes(sound.pngsave_buffer()[: SIZE[0] * 300])
    (folder / "in" / "0003.tif").write_text("no picture")
    sound.jpegsave(str(folder / "out" / "0001.jpg"))
    (folder / "out" / "ocr" / "0001.xml").write_text(ALTO)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def files(sample_data: Looking) -> str:
    """The address of the files of a failed job."""
    folder = sample_data.folder / "pictures"
    folder.mkdir()
    write(folder)
    one: Job = made_job(
        77,
        "jp2",
        Status.ERROR,
        title=TITLE,
        attempt=1,
        source=str(folder / "in"),
        destination=str(folder / "out"),
        finished=sample_data.data.now,
        error=JobError(message="0002.png: the picture ends too early", kind="JobFailedError"),
    )
    records = [FileRecord.model_validate({"name": name, **fields}) for name, fields in FIELDS.items()]
    stored = [
        StoredFile(job=one.id, attempt=1, number=number, at=sample_data.data.now, file=record)
        for number, record in enumerate(records, start=1)
    ]
    store = MongoStore(sample_data.mongodb_url)
    await store.apply(Needs(), lambda _: Plan(jobs=[(None, one)], files=stored))
    await store.close()
    return f"/jobs/{one.id}/files"


async def width(one: Locator) -> float:
    box = await one.bounding_box()
    assert box is not None
    return box["width"]


async def until_wider(one: Locator, than: float) -> None:
    """Waits until the element, which grows with the picture beneath it, is wider."""

    async def look() -> bool:
        return await width(one) > than * 1.05

    await eventually_async(look, what="the picture is larger")


async def test_the_broken_page_is_found_and_said_to_be_damaged(files: str, page: Page) -> None:
    await page.goto(files)
    await expect(page.locator(".tm-broken a")).to_have_text("0002.png")
    shown = page.locator(".tm-thumb-image")
    await expect(shown).to_have_count(3)
    for number in range(3):
        await expect(shown.nth(number)).to_have_js_property("complete", value=True)
        assert await shown.nth(number).evaluate("image => image.naturalWidth") == 320
    await expect(page.locator("[value='2'] .tm-thumb-damage")).to_be_visible()
    await expect(page.locator("[value='3'] .tm-unshown")).to_contain_text("It is no TIFF")
    await assert_accessible(page)
    await page.locator(".tm-states a", has_text="Failed").click()
    await expect(page.locator(".tm-file")).to_have_count(1)
    await page.locator(".tm-broken a").press("Enter")
    await expect(page.locator(".tm-damage")).to_contain_text("libpng read error")
    await expect(page.locator("main")).to_contain_text("There is no result.")
    await page.get_by_role("link", name="Next file").press("Enter")
    await expect(page.locator("h1")).to_have_text("0003.tif")


async def test_source_and_result_move_together_and_words_lie_where_they_are(files: str, page: Page) -> None:
    await page.goto(f"{files}/1")
    canvases = page.locator(".tm-viewer .openseadragon-canvas")
    await expect(canvases).to_have_count(2)
    first, second = page.locator("#words-places rect").nth(0), page.locator("#words-places rect").nth(1)
    await expect(first).to_be_visible()
    assert abs(await width(first) / await width(second) - 600 / 240) < 0.05
    whole, viewer = await page.locator("#words-places").bounding_box(), await canvases.first.bounding_box()
    assert whole is not None
    assert viewer is not None
    assert abs(whole["width"] / whole["height"] - SIZE[0] / SIZE[1]) < 0.02
    assert whole["width"] <= viewer["width"] + 1
    await assert_accessible(page)

    before = await width(first)
    await canvases.nth(1).focus()  # the result leads: the words over the source show that it follows
    await page.keyboard.press("+")
    await until_wider(first, before)
    await page.locator("#together").uncheck()
    before = await width(first)
    await page.locator("[aria-labelledby='source-title'] [data-zoom='in']").press("Enter")
    await until_wider(first, before)

    await page.locator("#words-sought").fill("PENTA")
    await page.locator("#words-sought").press("Enter")
    await expect(page.locator("#words-found")).to_have_text("1 of 1")
    await expect(second).to_have_class("tm-word-sought tm-word-here")
    await page.locator("#words-shown").uncheck()
    await expect(first).to_be_hidden()


@pytest.mark.parametrize("visitor", [Visitor("de-DE", width=PHONE, dark=True)], ids=str)
async def test_a_phone_shows_them_one_below_the_other_in_german(
    files: str, page: Page, visitor: Visitor
) -> None:
    for address, found in ((files, ".tm-thumb-image"), (f"{files}/1", ".openseadragon-canvas")):
        await page.goto(address)
        await expect(page.locator(found).first).to_be_visible()
        await expect(page.locator("main")).to_contain_text(TITLE)
        await assert_accessible(page)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= visitor.width
    await expect(page.get_by_role("heading", name="Erkannte Wörter")).to_be_visible()
