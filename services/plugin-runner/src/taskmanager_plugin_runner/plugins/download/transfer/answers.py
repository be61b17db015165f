"""What to do with a server's answer: pure decisions about status, ranges and waits. Requests nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_UNSATISFIED: Final = re.compile(r"bytes \*/(\d+)")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Sense(StrEnum):
    """What an answer means for the file that was asked for."""

    FROM_THE_START = "from-the-start"
    THE_REST = "the-rest"
    COMPLETE = "complete"
    START_AGAIN = "start-again"
    ELSEWHERE = "elsewhere"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Part:
    """What is there of a file: its bytes, and the validator with which the rest may be asked for."""

    bytes: int = 0
    validator: str = ""


def range_headers(part: Part) -> dict[str, str]:
    """Headers that ask for the rest; none without a validator, because the file may be another one by now."""
    if not part.bytes or not part.validator:
        return {}
    return {"Range": f"bytes={part.bytes}-", "If-Range": part.validator}


def validator_of(headers: Mapping[str, str]) -> str:
    """What identifies exactly these bytes: a strong entity tag, or else the date of the last change."""
    tag = headers.get("etag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return headers.get("last-modified", "")


def sense_of(status: int, headers: Mapping[str, str], part: Part) -> Sense:
    """What an answer means, where `part` of the file was there before the request."""
    if status == HTTPStatus.OK:
        return Sense.FROM_THE_START
    if status == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(headers.get("content-range", ""))
        fits = found is not None and int(found[1]) == part.bytes and bool(part.validator)
        return Sense.THE_REST if fits else Sense.START_AGAIN
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        found = _UNSATISFIED.fullmatch(headers.get("content-range", ""))
        complete = found is not None and int(found[1]) == part.bytes > 0
        return Sense.COMPLETE if complete else Sense.START_AGAIN
    if status in _REDIRECTS:
        return Sense.ELSEWHERE
    return Sense.LATER if status in _LATER else Sense.NEVER


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait (`Retry-After`, as a number or a date); None if it does not.

    A date is compared with that of the answer, so no clock but the server's counts.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until, now = _date(text), _date(headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date


def own_wait(failures: int, first_seconds: float, longest_seconds: float) -> float:
    """The seconds to wait after so many failures in a row: doubled each time."""
    return min(longest_seconds, first_seconds * 2.0 ** min(failures - 1, 30))
