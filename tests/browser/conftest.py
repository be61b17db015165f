"""Real pages in a real browser: one Chromium per run, sample data to look at, a whole system to act on.

All tests of this folder share the event loop in which the browser is controlled.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.browser.chromium import Visitor, running_chromium
from tests.browser.watching import Watch
from tests.e2e.system import System, running_system
from tests.sample_data.looking import Looking, address_of, looking

from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

HERE = Path(__file__).parent
PATIENCE_MILLISECONDS = 30_000
NewPage = Callable[..., Awaitable[Page]]
"""`await new_page(visitor, address)`; both arguments are optional."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE not in item.path.parents:
            continue
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of the run."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    async with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def sample_data(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[Looking]:
    """A gateway in front of the seeded sample data, for tests that only read. Commands do not work there."""
    with looking(Path(tmp_path_factory.mktemp("sample_data")), rabbitmq, mongod) as made:
        yield made


@pytest.fixture(scope="module")
def stage_plugin() -> str:
    """The plugin of the whole system; a module overrides it."""
    return "sleep"


@pytest.fixture(scope="module")
def stage_settings() -> Mapping[str, str]:
    """Further settings of the whole system; a module overrides it."""
    return {}


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    rabbitmq: RunningServer,
    mongod: RunningServer,
    stage_plugin: str,
    stage_settings: Mapping[str, str],
) -> Iterator[System]:
    """Gateway, scheduler and a runner of one plugin, for tests that act.

    The runner fetches nothing ahead: on a slow machine that is worth it, and then a job that a test expects
    in its place in the queue is shown as already with the runner.
    """
    folder = Path(tmp_path_factory.mktemp("system"))
    settings = {"TASKMANAGER_ACCESS": "off", "TASKMANAGER_FETCH_AHEAD": "0", **stage_settings}
    with running_system(folder / "system", rabbitmq, mongod, plugin=stage_plugin, settings=settings) as made:
        with made.client() as client:
            eventually(lambda: client.get(f"/api/v1/plugins/{stage_plugin}").is_success, what="the plugin")
        yield made


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """The gateway whose pages are opened: of the sample data, or of `system` if the test requests it."""
    if "system" in request.fixturenames:
        system: System = request.getfixturevalue("system")
        return address_of(system.gateway)
    sample_data: Looking = request.getfixturevalue("sample_data")
    return sample_data.address


@pytest.fixture
def visitor() -> Visitor:
    """The visitor of `page`; parametrise or override it."""
    return Visitor()


@pytest_asyncio.fixture(loop_scope="session")
async def watches() -> AsyncIterator[list[Watch]]:
    """Watches every page of the test; the test fails if one of them misbehaves."""
    made: list[Watch] = []
    yield made
    for watch in made:
        watch.check()


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(
    chromium: Browser, address: str, visitor: Visitor, watches: list[Watch]
) -> AsyncIterator[NewPage]:
    """Opens further browser contexts, each with its own cookies: a second operator, another language."""
    contexts: list[BrowserContext] = []

    async def open_page(who: Visitor = visitor, at: str = address) -> Page:
        context = await who.context(chromium, at)
        contexts.append(context)
        watches.append(Watch(context, at))
        return await context.new_page()

    yield open_page
    for context in contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(new_page: NewPage) -> Page:
    """An empty page of `visitor`; begin with `await page.goto("/")`."""
    return await new_page()


@pytest.fixture
def watch(page: Page, watches: list[Watch]) -> Watch:
    """The offences of `page` so far; `watch.forgive(...)` allows those that the test provokes."""
    return watches[0]
