"""Debian's Chromium under Playwright: started here, never downloaded."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

from playwright.async_api import Browser, BrowserContext, async_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is Chromium without windows, menus and a start page, which nobody sees in a test."""
QUIET = (
    "--no-sandbox",  # containers and CI forbid the name spaces it needs; only our own pages are looked at
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_MILLISECONDS = 60_000
PHONE, MONITOR, WALL = 360, 1440, 2560
"""Widths in CSS pixels."""


@dataclass(frozen=True)
class Visitor:
    """The user of a browser and its settings."""

    language: str = "en-GB"
    zone: str = "Europe/Berlin"
    width: int = MONITOR
    height: int = 900
    dark: bool = False
    known: bool = True
    """Whether the pages already know the time zone; on a first visit they reload once to apply it."""

    async def context(self, browser: Browser, address: str) -> BrowserContext:
        """A browser context with its own cookies; paths are relative to `address`."""
        context = await browser.new_context(
            base_url=address,
            locale=self.language,
            timezone_id=self.zone,
            viewport={"width": self.width, "height": self.height},
            color_scheme="dark" if self.dark else "light",
            reduced_motion="reduce",
        )
        if self.known:
            await context.add_cookies(
                [{"name": "tm_zone", "value": quote(self.zone, safe=""), "url": address}]
            )
        return context


def program() -> str:
    """The browser's program: `TASKMANAGER_CHROMIUM`, or the first installed one. Raises FileNotFoundError."""
    for name in (os.environ.get("TASKMANAGER_CHROMIUM"), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise FileNotFoundError("no Chromium is installed; `make setup` installs Debian's")


@asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    """A browser with its own profile, which is deleted at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program(), args=QUIET, timeout=START_MILLISECONDS
        )
        yield browser
        await browser.close()
