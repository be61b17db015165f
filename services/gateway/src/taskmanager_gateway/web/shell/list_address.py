"""The filters of a list, as its address holds them: typed, but lenient, so old or mistyped links still work.

Pure; each list has its own fields.
"""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from taskmanager.model.jobs import Record

WishT = TypeVar("WishT", bound=Record)


def read_address(
    model: type[WishT], asked: Mapping[str, str], *, together: str = ""
) -> tuple[WishT, list[str]]:
    """The filters, and the names of invalid parameters, which are ignored. Every field must have a default.

    `together`: the field that is dropped when two contradict each other.
    """
    fields = {name: value.strip() for name, value in asked.items() if name in model.model_fields}
    fields = {name: value for name, value in fields.items() if value}
    ignored: list[str] = []
    while True:
        try:
            return model.model_validate(fields), ignored
        except ValidationError as error:
            wrong = {str(one["loc"][0]) if one["loc"] else together for one in error.errors()}
            if not wrong & fields.keys():
                raise
            ignored += sorted(wrong)
            fields = {name: value for name, value in fields.items() if name not in wrong}


def address(path: str, filters: Record, **changes: object) -> str:
    """The path with the filters as its query string, without those that have their defaults."""
    changed = filters.model_copy(update=changes)
    said = changed.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return f"{path}?{urlencode(said)}" if said else path
