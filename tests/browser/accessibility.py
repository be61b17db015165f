"""WCAG 2.2 AA as far as a program can check it: runs axe on a page in its current state."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = (
    Path(__file__).parents[2]
    / "services"
    / "gateway"
    / "web-packages"
    / "node_modules"
    / "axe-core"
    / "axe.min.js"
)
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
LET_GO = """
for (const one of document.querySelectorAll("body *")) {
  if (getComputedStyle(one).position === "sticky") one.style.position = "static";
}
"""
"""What stays in sight while a page is scrolled covers something else at each place, depending on fonts."""
RUN = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"


async def assert_accessible(page: Page) -> None:
    """Raises AssertionError listing every violation with its place and remedy."""
    # evaluated through the debugger, because the page's policy rightly keeps out scripts from elsewhere
    await page.evaluate(_source())
    await page.evaluate(LET_GO)
    found = await page.evaluate(RUN, TAGS)
    violations = [line for violation in found["violations"] for line in _lines(violation)]
    assert not violations, f"{page.url} is not accessible:\n" + "\n".join(violations)


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


def _lines(violation: dict[str, Any]) -> list[str]:
    head = f"{violation['id']} ({violation['impact']}): {violation['help']}"
    return [head, *(f"    {node['target']}: {node['failureSummary']}" for node in violation["nodes"])]
