"""Lists that come in pages."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # httpx is imported when something is sent
    from taskmanager_cli.http.client import Client

LARGEST_PAGE = 200
"""The most entries the API puts into a page."""


def pages(client: "Client", path: str, query: Mapping[str, Any], *, every: bool) -> Iterator[dict[str, Any]]:
    """The documents of a list, one for each page; only the first unless `every`.

    Raises CommandError for any page.
    """
    wanted = {**query}
    if every and wanted.get("limit") is None:
        wanted["limit"] = LARGEST_PAGE
    while True:
        page: dict[str, Any] = client.send("GET", path, query=given(wanted)).data
        yield page
        if not every or not page.get("next_cursor"):
            return
        wanted["cursor"] = page["next_cursor"]


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were given: neither None nor an empty list of values nor an option left off."""
    return {name: _spelled(value) for name, value in values.items() if is_given(value)}


def is_given(value: Any) -> bool:
    """Whether an option has a value; 0 and an empty text are values."""
    return value is not None and value is not False and value != ()


def _spelled(value: Any) -> Any:
    return "true" if value is True else value
