"""Fills the placeholders of an argument list so that no value can become an option or a command.

Every element of a template remains one argument whatever a value contains; no shell is involved. Knows no
template file and no job.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import tool_texts

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([a-z][a-z_]*(?:\.[a-z][a-z0-9_]*)?)\}|[{}]")
_MAGICK_PATH: Final = re.compile(r"/[\w/.,+ =-]*")
_MAGICK_TEXT: Final = re.compile(r"[\w .,+()=#&;'!-]*")
"""Characters ImageMagick takes literally. It reads `%` and backslash as escapes, `@` as a file to insert,
`:` as the end of a format or protocol, brackets and wildcards as parts of file names."""
_UPWARDS: Final = re.compile(r"(?<![\w.])\.\./|(?:^|/)\.\.$")


@dataclass(frozen=True, slots=True)
class PlaceholderValue:
    """The value of a placeholder.

    `foreign`: written by someone other than the template's author or this plugin, so it is checked strictly.
    `signed`: a number that the author allows to be negative; only such a value may begin an argument with
    `-`.
    """

    text: str
    foreign: bool = True
    signed: bool = False
    path: bool = False


def names_in(element: str) -> list[str]:
    """The placeholders of one element; raises ValueError for a brace that belongs to none."""
    names = []
    for match in _TOKEN.finditer(element):
        if match[0] in {"{", "}"}:
            raise ValueError(
                f"{element!r} has a single {match[0]!r}; write it twice if no placeholder is meant"
            )
        if match[1]:
            names.append(match[1])
    return names


def fill(argv: Sequence[str], values: Mapping[str, PlaceholderValue], *, magick: bool) -> list[str]:
    """The argument list with every placeholder replaced once; placeholders within values are not replaced.

    `magick`: the program is ImageMagick, whose arguments have their own syntax. Raises JobFailedError naming
    the placeholder whose value cannot be passed safely.
    """
    return [_fill_one(element, values, magick=magick) for element in argv]


def _fill_one(element: str, values: Mapping[str, PlaceholderValue], *, magick: bool) -> str:
    inside_path = _is_path(element, values)

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if not name:
            return match[0][0]
        value = values[name]
        _refuse_unsafe(name, value, magick=magick)
        _refuse_path(name, value, inside_path=inside_path)
        if match.start() == 0 and value.text.startswith("-") and not value.signed:
            raise JobFailedError(tool_texts.VALUE_IS_OPTION(name=name, value=repr(value.text)))
        return value.text

    filled = _TOKEN.sub(replace, element)
    if _UPWARDS.search(filled) and not _UPWARDS.search(element):
        raise JobFailedError(tool_texts.ARGUMENT_LEADS_AWAY(argument=repr(element), filled=repr(filled)))
    if filled.startswith("-") and not element.startswith("-") and not _signed_start(element, values):
        raise JobFailedError(tool_texts.ARGUMENT_IS_OPTION(argument=repr(element), filled=repr(filled)))
    return filled


def _signed_start(element: str, values: Mapping[str, PlaceholderValue]) -> bool:
    first = _TOKEN.match(element)
    return bool(first and first[1] and values[first[1]].signed)


def _is_path(element: str, values: Mapping[str, PlaceholderValue]) -> bool:
    """Whether an element stands for a path, according to its template."""
    named = [values[name] for name in names_in(element)]
    return "/" in _TOKEN.sub("", element) or any(
        value.path or (not value.foreign and "/" in value.text) for value in named
    )


def _refuse_path(name: str, value: PlaceholderValue, *, inside_path: bool) -> None:
    """A value that is not a path may be part of one only as a single name, and must not lead elsewhere."""
    if value.path or not value.foreign:
        return
    parts = value.text.split("/")
    if ".." in parts or (len(parts) > 1 and (inside_path or not parts[0])):
        raise JobFailedError(tool_texts.VALUE_IS_PATH(name=name, value=repr(value.text)))


def _refuse_unsafe(name: str, value: PlaceholderValue, *, magick: bool) -> None:
    if "\0" in value.text:
        raise JobFailedError(tool_texts.VALUE_HAS_NUL(name=name))
    literal = _MAGICK_PATH if value.path else _MAGICK_TEXT
    if magick and value.foreign and not literal.fullmatch(value.text):
        raise JobFailedError(tool_texts.VALUE_OF_IMAGEMAGICK(name=name, value=repr(value.text)))
