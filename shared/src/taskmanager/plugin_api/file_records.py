"""A file record as text and within its limits. Pure; storing it is up to the caller."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.coded_text import reason_of
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager.plugin_api.measures import duration, volume

RESULTS, FACTS, WARNINGS = 10, 20, 10
"""How many of each are kept for one file."""
NAME_CHARACTERS, FACT_CHARACTERS, WARNING_CHARACTERS, ERROR_CHARACTERS = 40, 200, 300, 1_000
_LARGEST = 2**63 - 1
"""No store accepts a larger number."""

Line = tuple[Literal["info", "warning", "error"], str]


def lines_of(file: FileRecord) -> Iterator[Line]:
    """The lines of a job's log about the file: one with all facts, then its warnings and its error."""
    yield "info", sentence(bounded(file))
    for warning in file.warning_texts:
        yield "warning", _of_file(file, warning)
    if file.error_text is not None:
        yield "error", _of_file(file, file.error_text)


def _of_file(file: FileRecord, text: str) -> str:
    """The text with the name of its file; a plain text stays plain."""
    if reason_of(text) is None:
        return f"{file.name}: {text}"
    return file_texts.OF_FILE(name=file.name, error=text)


def sentence(file: FileRecord) -> str:
    """`0001.tif: tiff, 2480 x 3508, 8 bits -> 0001.jp2: jp2, lossless, 1.2 s, 26.1 MB -> 11.4 MB`."""
    state = "" if file.state is FileState.DONE else file.state.value
    before = _joined(state, facts_text(file.facts))
    after = _joined(facts_text(file.result_facts), *_measures(file))
    if not file.results:
        return _told(file.name, _joined(before, after))
    return f"{_told(file.name, before)} -> {_told(', '.join(file.results), after)}"


def _told(name: str, facts: str) -> str:
    return f"{name}: {facts}" if facts else name


def facts_text(facts: Mapping[str, JsonValue]) -> str:
    """Texts stand on their own, numbers precede their names, booleans become `name` or `not name`."""
    return _joined(*(_fact(name.replace("_", " "), value) for name, value in facts.items()))


def _fact(name: str, value: JsonValue) -> str:
    match value:
        case None:
            return ""
        case bool():
            return name if value else f"not {name}"
        case int() | float():
            return f"{value} {name}" if isinstance(value, int) else f"{value:g} {name}"
        case str():
            return value
        case _:
            return f"{name} {json.dumps(value, ensure_ascii=False)}"


def _measures(file: FileRecord) -> Iterator[str]:
    if file.seconds:
        yield duration(file.seconds)
    sizes = [volume(size) for size in (file.bytes, file.result_bytes) if size]
    if sizes:
        yield " -> ".join(sizes)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def bounded(file: FileRecord) -> FileRecord:
    """The record as stored: long texts are cut, which makes them plain; surplus entries are only counted."""
    warnings = _some([_cut(text, WARNING_CHARACTERS) for text in file.warning_texts], WARNINGS)
    error = _cut(file.error_text, ERROR_CHARACTERS) if file.error_text is not None else None
    return file.model_copy(
        update={
            "results": _some(file.results, RESULTS),
            "facts": _kept_facts(file.facts),
            "result_facts": _kept_facts(file.result_facts),
            "warnings": tuple(map(str, warnings)),
            "warning_reasons": tuple(map(reason_of, warnings)),
            "error": None if error is None else str(error),
            "error_reason": None if error is None else reason_of(error),
        }
    )


def _kept_facts(facts: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {_cut(name, NAME_CHARACTERS): _kept_fact(facts[name]) for name in list(facts)[:FACTS]}


def _kept_fact(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return _cut(value, FACT_CHARACTERS)
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else "too large a number to be kept"
    if value is None or isinstance(value, float):
        return value
    return _cut(json.dumps(value, ensure_ascii=False), FACT_CHARACTERS)


def _some(texts: Sequence[str], most: int) -> tuple[str, ...]:
    if len(texts) <= most:
        return tuple(texts)
    return (*texts[: most - 1], f"and {len(texts) - most + 1} more")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
