"""The search over everything: as a list below the box in the head of every page, and as a page of its own."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import Record
from taskmanager.model.queries import SHOWN_LIMIT, FoundJobs
from taskmanager.process.logs import get_logger
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.search.findings import Findings, findings
from taskmanager_gateway.web.search.search_wishes import LONGEST, SearchWish, search_wishes
from taskmanager_gateway.web.shell.plugin_overview import Overview
from taskmanager_gateway.web.shell.render import fragment, overview_of, page

router = APIRouter(dependencies=[needs(Right.READ)])

SHOWN_BELOW = 5
"""Findings of a kind in the list below the box."""

log = get_logger(__name__)


class SearchAddress(Record):
    """What is searched for."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST)] = ""


@router.get("/search")
async def show(request: Request, asked: Annotated[SearchAddress, Query()], who: Caller) -> Response:
    """The page with all findings."""
    overview = await overview_of(request)
    found = await _find(request, asked.q, overview, who, SHOWN_LIMIT)
    return await page(
        request, "search/page.html", {"found": found, "overview": overview, "most": SHOWN_LIMIT}
    )


@router.get("/ui/search")
async def below(request: Request, asked: Annotated[SearchAddress, Query()], who: Caller) -> Response:
    """The first findings of each kind, for the box."""
    overview = await overview_of(request)
    found = await _find(request, asked.q, overview, who, SHOWN_BELOW)
    return fragment(request, "search/below.html", {"found": found, "most": SHOWN_BELOW})


async def _find(request: Request, text: str, overview: Overview, who: Principal, shown: int) -> Findings:
    wishes = search_wishes(text, who)
    answers = await asyncio.gather(*(_jobs(request, wish, shown) for wish in wishes))
    return findings(text, list(zip(wishes, answers, strict=True)), overview, who)


async def _jobs(request: Request, wish: SearchWish, shown: int) -> FoundJobs | None:
    """What one search found; None if it was not answered in time, which the page says."""
    reader = services_of(request).reader
    try:
        return await from_store(reader.search(wish.chosen, begins=wish.begins, shown=shown), LOOKUP_TIME)
    except StoreUnavailableError as error:
        log.info("search_not_answered", kind=wish.kind, error=str(error))
        return None
