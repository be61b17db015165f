"""What a text that somebody searches for may mean: searches for jobs, names of plugins and runners. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from taskmanager.model.access import Principal
from taskmanager.model.operations import JobFilter
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.access.plugin_scope import narrowed
from taskmanager_gateway.web.processes.process_rows import process_number

LONGEST = 200
"""Characters of a text that is searched for."""
_ID_BEGINS = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}")
_WORD = re.compile(r"[^\W_]")


class SearchKind(StrEnum):
    """What jobs are searched by, in the order in which the findings are shown."""

    ID = "id"
    PROCESS = "process"
    TEXT = "text"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SearchWish:
    """One search for jobs; `query`: the filter that lists the same jobs on the page of a plugin."""

    kind: SearchKind
    chosen: JobFilter
    begins: str = ""
    query: str = ""

    def listed_at(self, plugin: str, tab: Tab) -> str | None:
        """The address of the list of all jobs found in that tab; None where no filter lists them."""
        return f"/plugins/{plugin}?tab={tab.value}&{self.query}" if self.query else None


def search_wishes(text: str, who: Principal) -> list[SearchWish]:
    """The searches for this reader, within reach; none for a text without letters and digits."""
    text = text.strip()[:LONGEST]
    return list(_wishes(text, narrowed(who, None))) if _WORD.search(text) else []


def _wishes(text: str, plugins: tuple[str, ...] | None) -> Iterator[SearchWish]:
    if _ID_BEGINS.fullmatch(text.lower()):
        yield SearchWish(SearchKind.ID, JobFilter(plugins=plugins), begins=text.lower())
    if (number := process_number(text)) is not None:
        process = JobFilter(plugins=plugins, process=number)
        yield SearchWish(SearchKind.PROCESS, process, query=urlencode({"process": number}))
    words = JobFilter(plugins=plugins, text=text)
    yield SearchWish(SearchKind.TEXT, words, query=urlencode({"q": text}))
    failed = JobFilter(plugins=plugins, tab=Tab.ERROR, status=Status.ERROR, error_text=text)
    yield SearchWish(SearchKind.ERROR, failed, query=urlencode({"error_text": text}))


def named(text: str, names: Sequence[str]) -> bool:
    """Whether every word of the text is part of one of these names."""
    wanted = text.casefold().split()
    return bool(wanted) and all(any(word in name.casefold() for name in names) for word in wanted)
