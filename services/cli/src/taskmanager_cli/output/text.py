"""Texts that others wrote, made harmless for a terminal; times, sizes and durations for people."""

import re
from datetime import datetime
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# C0 and C1 controls, surrogates, line separators, and what changes the direction of the text around it
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]"
)
_KIB = 1024


def harmless(text: str) -> str:
    """One line without anything a terminal would obey; line breaks and tabs become spaces."""
    return _HARMFUL.sub(REPLACEMENT, re.sub(r"[\r\n\t]+", " ", text))


def harmless_lines(text: str) -> str:
    """The same for a text of several lines, whose line breaks and tabs are kept."""
    return "\n".join(
        "\t".join(_HARMFUL.sub(REPLACEMENT, part) for part in line.split("\t"))
        for line in text.replace("\r\n", "\n").split("\n")
    )


def escaped(json_text: str) -> str:
    """JSON with the harmful characters that it allows in texts written as escapes: the same to programs."""
    return _HARMFUL.sub(_escape, json_text)


def _escape(found: re.Match[str]) -> str:
    return found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}"


def moment(text: str | None) -> str:
    """A time of the API in the time zone of this machine, to the second; "" for None."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}" if text else ""


def size(number: int) -> str:
    """Bytes in a unit that leaves at most four digits."""
    value, units = float(number), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= _KIB and len(units) > 1:
        value /= _KIB
        del units[0]
    return f"{number} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units; "" for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.3g} s"


def plain(value: Any) -> str:
    """Any value of the API as one harmless line; "" for None and for what is empty."""
    if value is None or value in ({}, [], ()):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{harmless(str(name))}={plain(one)}" for name, one in value.items())
    return harmless(str(value))


def attribution(found: dict[str, Any] | None) -> str:
    """Who did something, when and why; "" for None."""
    if not found:
        return ""
    why = f": {harmless(found['reason'])}" if found.get("reason") else ""
    return f"{harmless(found['by'])}, {moment(found['at'])}{why}"
