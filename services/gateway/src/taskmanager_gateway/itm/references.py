"""What a call of ITM's interface refers to: process and step of Goobi, or a record of the viewer. Pure."""

import hashlib
import json
from pathlib import PurePosixPath

from pydantic import JsonValue

from taskmanager_gateway.codes import faults
from taskmanager_gateway.itm.fields import SHOWN, ItmCall, wrong
from taskmanager_gateway.itm.target import JobTypeTarget

TEXT_LIMIT = 500
"""The most characters of a title and of a `unique` key."""
LONGEST_NUMBER = 18
IDENTIFIERS = ("goobiId", "pi")
"""Names under which a job of the viewer keeps the identifier it is found by, in `extra` or `parameters`."""


def goobi_reference(call: ItmCall, target: JobTypeTarget) -> dict[str, object] | None:
    """The process and step; None for calls that refer to none."""
    if not target.of_goobi:
        return None
    step = _number("stepId", call.step) if call.step else None
    process = _process(call, needed=step is not None)
    if process is None:
        return None
    title = call.process_title or plain_title(call)
    return {
        "process_id": process,
        "step_id": step,
        "process_title": title[:TEXT_LIMIT] if title else None,
        "installation": call.installation,
    }


def _process(call: ItmCall, *, needed: bool) -> int | None:
    """The process id sent, else the first folder whose name is a number, as Goobi names its folders."""
    if call.process and is_number(call.process):
        return int(call.process)
    folders = [part for path in (call.source, call.destination) for part in PurePosixPath(path or "").parts]
    found = next((int(part) for part in folders if is_number(part)), None)
    if found is None and needed:
        sent = call.process
        told = faults.NO_PROCESS_ID(value=repr(sent[:SHOWN])) if sent else faults.PROCESS_ID_MISSING()
        raise wrong("goobiId", told)
    return found if needed else None


def is_number(text: str) -> bool:
    """Whether a text may be an id in Goobi."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def _number(name: str, text: str) -> int:
    if not is_number(text):
        raise wrong(name, faults.NO_STEP_ID(value=repr(text[:SHOWN])))
    return int(text)


def is_address(text: str | None) -> bool:
    """Whether a text is an HTTP address."""
    return (text or "").lower().startswith(("http://", "https://"))


def plain_title(call: ItmCall) -> str | None:
    """The title, unless it is the callback address: mixed OCR sends that in the same field."""
    return None if is_address(call.title) else call.title


def text_of(value: JsonValue) -> str | None:
    """The value if it is a text."""
    return value if isinstance(value, str) else None


def unique_key(call: ItmCall, target: JobTypeTarget) -> str | None:
    """The key that makes two calls the same job: installation, step, job type, and a digest of the task.

    The digest is needed because a step may contain several calls of one job type, and mixed OCR sends two for
    a step. Jobs of the viewer are keyed by their identifier.
    """
    owner, word = call.installation or "", target.word.upper()
    if not target.of_goobi:
        identifier = call.process or text_of(call.others.get("pi"))
        kind = text_of(call.others.get("type")) or ""
        return _cut(f"itm:{owner}:{word}:{kind}:{identifier}") if identifier else None
    if not call.step:
        return None
    preset = (call.preset,) if call.preset else ()
    what = (call.template, call.source, call.destination, call.others.get("fontType"), *preset)
    digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]
    return _cut(f"itm:{owner}:{call.step}:{word}:{digest}")


def _cut(key: str) -> str:
    """The key, cut to the permitted length; a longer one ends in its own digest."""
    if len(key) <= TEXT_LIMIT:
        return key
    return f"{key[: TEXT_LIMIT - 65]}:{hashlib.sha256(key.encode()).hexdigest()}"
