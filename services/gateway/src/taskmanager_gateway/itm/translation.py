"""From a call of ITM's interface to a job specification. Pure; errors are told in the caller's words."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import JsonValue, ValidationError

from taskmanager.goobi.job_types import JobType, has_ids_of_goobi
from taskmanager.jobs import PRIORITY_DEFAULT, PRIORITY_HIGHEST, PRIORITY_LOWEST, JobSpec
from taskmanager.plugins import TEMPLATE_DUMMIES, Need, PluginManifest
from taskmanager_gateway.itm.fields import SHOWN, Call
from taskmanager_gateway.itm.parameters import fitted, sort_out
from taskmanager_gateway.problems import (
    INVALID_REQUEST,
    FieldError,
    ProblemError,
    field_problem,
    validation_problem,
)
from taskmanager_gateway.storable import storage_errors

TITLE_LIMIT = 500
LONGEST_NUMBER = 18
IDENTIFIERS = ("goobiId", "pi")
"""Where the identifier stands that a job of the viewer is asked for by; kept in `extra` or `parameters`."""

Values = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Target:
    """What a job type means here: `word` is the caller's, `entry` that of the settings, if there is one."""

    word: str
    entry: JobType | None
    manifest: PluginManifest

    @property
    def of_goobi(self) -> bool:
        """Whether the ids of a call are those of a process and a step."""
        return has_ids_of_goobi(self.word, self.entry)


def specification(call: Call, target: Target, *, derive_unique: bool = True) -> JobSpec:
    """The job that is asked for; raises ProblemError.

    `derive_unique`: a call without a `unique` key gets one, so that the same call is one job while the first
    is active.
    """
    goobi, template = _goobi(call, target), _template(call, target)
    parameters, extra = _parameters(call, target)
    source, destination = _paths(call, target.manifest)
    fields: dict[str, object] = {
        "plugin": target.manifest.name,
        "template": template,
        "source": source,
        "destination": destination,
        "priority": _priority(call.priority),
        "title": _title(call, target),
        "goobi": goobi,
        "parameters": parameters,
        "callback_url": _callback(call),
        "unique": call.unique or (_unique(call, target) if derive_unique else None),
        "extra": {**extra, **_left(call, target, template, source, destination)} or None,
    }
    return _checked(fields)


def _checked(fields: dict[str, object]) -> JobSpec:
    try:
        spec = JobSpec.model_validate(fields)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise validation_problem(found) from error
    if errors := storage_errors(spec):
        raise field_problem(INVALID_REQUEST, errors)
    return spec


def _priority(text: str | None) -> int:
    """Clamped to 0 to 10, as ITM did with negative ones; the default if none is given."""
    if text is None:
        return PRIORITY_DEFAULT
    try:
        value = int(text)
    except ValueError as error:
        raise _wrong("priority", f"{text[:SHOWN]!r} is no number from 0 to 10") from error
    return min(max(value, PRIORITY_LOWEST), PRIORITY_HIGHEST)


def _goobi(call: Call, target: Target) -> dict[str, object] | None:
    """The process and step; None for calls that speak of none."""
    if not target.of_goobi:
        return None
    step = _number("stepId", call.step) if call.step else None
    process = _process(call, needed=step is not None)
    if process is None:
        return None
    title = call.process_title or _plain_title(call)
    return {
        "process_id": process,
        "step_id": step,
        "process_title": title[:TITLE_LIMIT] if title else None,
        "installation": call.installation,
    }


def _process(call: Call, *, needed: bool) -> int | None:
    """The process id sent, else the first folder that is a number: that is how Goobi calls them."""
    if call.process and _is_number(call.process):
        return int(call.process)
    folders = [part for path in (call.source, call.destination) for part in PurePosixPath(path or "").parts]
    found = next((int(part) for part in folders if _is_number(part)), None)
    if found is None and needed:
        message = (
            f"{call.process[:SHOWN]!r} is no process id"
            if call.process
            else "the process id is missing, and no folder of the job is called by one"
        )
        raise _wrong("goobiId", f"{message}; without it the step could not be closed")
    return found if needed else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def _number(name: str, text: str) -> int:
    if not _is_number(text):
        raise _wrong(name, f"{text[:SHOWN]!r} is no id of a step: a number is expected")
    return int(text)


def _is_address(text: str | None) -> bool:
    return (text or "").lower().startswith(("http://", "https://"))


def _plain_title(call: Call) -> str | None:
    """The title, unless it is the address to call back: mixed OCR sends that there too."""
    return None if _is_address(call.title) else call.title


def _callback(call: Call) -> str | None:
    return call.callback_url or (call.title if _is_address(call.title) else None)


def _title(call: Call, target: Target) -> str:
    """What people see; a job of the viewer carries the identifiers it is found by."""
    title = call.title_prefix or _plain_title(call) or call.process_title or ""
    if target.of_goobi:
        return title[:TITLE_LIMIT]
    names = [name for name in (call.process, _text(call.others.get("pi"))) if name and name not in title]
    end = " ".join(names)
    return f"{title[: max(0, TITLE_LIMIT - len(end) - 1)]} {end}".strip()


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _template(call: Call, target: Target) -> str | None:
    """The template, in the spelling of the call; dummies mean the one of the settings or of the plugin.

    A plugin without templates ignores it, as many of ITM did.
    """
    manifest, chosen = target.manifest, target.entry.template if target.entry else None
    name = call.template
    if name is None or name.removesuffix(".xml") in TEMPLATE_DUMMIES:
        return chosen
    if not manifest.templates or (not target.of_goobi and not manifest.knows_template(name)):
        return chosen
    return name


def _paths(call: Call, manifest: PluginManifest) -> tuple[str | None, str | None]:
    """Without those the plugin has no use for: callers always send both."""
    source = None if manifest.source is Need.UNUSED else call.source
    return source, None if manifest.destination is Need.UNUSED else call.destination


def _parameters(call: Call, target: Target) -> tuple[Values, Values]:
    """The plugin's parameters, and what it does not take.

    Those sent as `parameters` are for the plugin, so one it does not know is refused; other fields are not.
    """
    schema = target.manifest.parameters
    others: Values = dict(call.others)
    if not target.of_goobi:
        others |= {"goobiId": call.process} if call.process else {}
        others |= {"logId": call.step} if call.step else {}
    taken, left = sort_out(others, schema)
    preset: Values = dict(target.entry.parameters) if target.entry else {}
    return {**preset, **taken, **fitted(call.parameters, schema)}, left


def _left(
    call: Call, target: Target, template: str | None, source: str | None, destination: str | None
) -> Values:
    """Values of the call that are used for nothing, under the names of ITM."""
    left: Values = {}
    if target.word.casefold() != target.manifest.job_type.casefold():
        left["jobtype"] = target.word
    unused = {
        "templatename": (call.template, template),
        "sourceDir": (call.source, source),
        "targetDir": (call.destination, destination),
    }
    left |= {name: sent for name, (sent, used) in unused.items() if sent is not None and used is None}
    if target.of_goobi and call.process and not _is_number(call.process):
        left["goobiId"] = call.process
    return left


def _unique(call: Call, target: Target) -> str | None:
    """What makes two calls the same: installation, step, job type, and all that says what is to be done.

    The last part, because a step may hold several calls of one job type, and mixed OCR sends two for a step.
    Jobs of the viewer are known by their identifier.
    """
    owner, word = call.installation or "", target.word.upper()
    if not target.of_goobi:
        identifier = call.process or _text(call.others.get("pi"))
        kind = _text(call.others.get("type")) or ""
        return _cut(f"itm:{owner}:{word}:{kind}:{identifier}") if identifier else None
    if not call.step:
        return None
    what = (call.template, call.source, call.destination, call.others.get("fontType"))
    digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]
    return _cut(f"itm:{owner}:{call.step}:{word}:{digest}")


def _cut(key: str) -> str:
    """As long as a key may be; a longer one ends in its own digest."""
    if len(key) <= TITLE_LIMIT:
        return key
    return f"{key[: TITLE_LIMIT - 65]}:{hashlib.sha256(key.encode()).hexdigest()}"


def _wrong(name: str, message: str) -> ProblemError:
    return field_problem(INVALID_REQUEST, [FieldError(field=name, message=message)])
