"""`make screenshots`: captures every view of the sample data, and writes a page that shows them side by side.

The screenshots are for people to look at; nothing is compared.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from playwright.async_api import Browser, Page
from tests.browser.chromium import Visitor, running_chromium
from tests.browser.views import VIEWS, View, visitors
from tests.sample_data.looking import Looking, looking

from taskmanager_local.servers import private_mongod, private_rabbitmq

FOLDER = Path(__file__).parents[2] / ".screenshots"
STYLE = "img { height: 22rem; border: 1px solid #888 } figure { display: inline-block }"


def main(arguments: Sequence[str] | None = None) -> None:
    """Capture the chosen views; exit code 1 if one could not be reached."""
    options = _parser().parse_args(arguments)
    chosen = [view for view in VIEWS if not options.only or view.name in options.only]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with (
        tempfile.TemporaryDirectory(prefix="tm-screenshots-") as folder,
        private_rabbitmq(Path(folder) / "rabbitmq") as rabbitmq,
        private_mongod(Path(folder) / "mongod") as mongod,
        looking(Path(folder) / "gateway", rabbitmq, mongod) as sample_data,
    ):
        failed = asyncio.run(_photograph(chosen, sample_data))
    (FOLDER / "index.html").write_text("".join(_contact_sheet(chosen)), encoding="utf-8")
    sys.stdout.write(f"{FOLDER / 'index.html'}\n")
    sys.exit("\n".join(failed) or None)  # an empty text would be a failure


async def _photograph(views: Sequence[View], sample_data: Looking) -> list[str]:
    """Capture the views; returns the problems that occurred."""
    failed = []
    async with running_chromium() as browser:
        for view in views:
            for visitor in visitors(view):
                try:
                    await _one(browser, view, visitor, sample_data)
                except AssertionError as error:
                    failed.append(f"{_name(view, visitor)}: {error}")
    return failed


async def _one(browser: Browser, view: View, visitor: Visitor, sample_data: Looking) -> None:
    context = await visitor.context(browser, view.address(sample_data))
    page = await context.new_page()
    await view.open(page, sample_data)
    await page.screenshot(path=FOLDER / _name(view, visitor), full_page=not await _has_pop_up(page))
    await context.close()


async def _has_pop_up(page: Page) -> bool:
    """Whether a pop-up is open: it belongs to the screen, and the rest of the page would only be dimmed."""
    return await page.locator("dialog[open], .offcanvas.show, .modal.show").count() > 0


def _name(view: View, visitor: Visitor) -> str:
    colours = "dark" if visitor.dark else "light"
    return f"{view.name}-{visitor.width}-{colours}-{visitor.language[:2]}.png"


def _contact_sheet(views: Sequence[View]) -> Iterator[str]:
    yield f"<!doctype html><meta charset=utf-8><title>Screenshots</title><style>{STYLE}</style>"
    for view in views:
        yield f"<h2>{escape(view.name)} <small>{escape(view.path)}</small></h2>"
        for visitor in visitors(view):
            name = escape(_name(view, visitor))
            yield f'<figure><a href="{name}"><img src="{name}" alt="" loading="lazy"></a>'
            yield f"<figcaption>{name}</figcaption></figure>\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make screenshots", description=__doc__)
    names = [view.name for view in VIEWS]
    parser.add_argument("only", nargs="*", choices=[*names, []], help="views to capture (default: all)")
    return parser


if __name__ == "__main__":
    main()
