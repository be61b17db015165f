"""Where a page of a list ended: values as JSON in base64, which clients return unchanged."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from taskmanager.errors import CursorError

_NOT_ONE = "cursor is not one of this list: take it from next_cursor"


def write(*values: object) -> str:
    """The cursor of these values; moments are written in ISO 8601."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def read(cursor: str) -> list[Any]:
    """The values as they were written, moments as text; raises CursorError for an invalid cursor."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, RecursionError) as error:
        raise CursorError(_NOT_ONE) from error
    if not isinstance(values, list):
        raise CursorError(_NOT_ONE)
    return values


def write_moment_and_id(moment: datetime, document_id: str) -> str:
    """For a list ordered by a moment and then the id; raises AttributeError if it is not a moment."""
    return write(moment.isoformat(), document_id)


def read_moment(text: Any) -> datetime:
    """A moment from a cursor, in UTC; raises CursorError."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, TypeError, OverflowError) as error:
        raise CursorError(_NOT_ONE) from error


def read_moment_and_id(cursor: str) -> tuple[datetime, str]:
    """For a list ordered by a moment and then the id; raises CursorError."""
    values = read(cursor)
    if len(values) != 2 or not isinstance(values[1], str):  # noqa: PLR2004 - the two of its name
        raise CursorError(_NOT_ONE)
    return read_moment(values[0]), values[1]
