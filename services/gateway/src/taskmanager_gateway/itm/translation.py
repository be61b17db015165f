"""Translates a call of ITM's interface to a job specification. Pure; errors use the caller's field names."""

from pydantic import JsonValue, ValidationError

from taskmanager.model.jobs import PRIORITY_DEFAULT, PRIORITY_HIGHEST, PRIORITY_LOWEST, JobSpec
from taskmanager.model.manifest import TEMPLATE_DUMMIES, Need, PluginManifest
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import INVALID_REQUEST, field_problem, validation_problem
from taskmanager_gateway.itm.fields import SHOWN, ItmCall, wrong
from taskmanager_gateway.itm.parameters import fitted, sort_out
from taskmanager_gateway.itm.references import (
    TEXT_LIMIT,
    goobi_reference,
    is_address,
    is_number,
    plain_title,
    text_of,
    unique_key,
)
from taskmanager_gateway.itm.target import JobTypeTarget
from taskmanager_gateway.submissions.storable import storage_errors

Values = dict[str, JsonValue]


def specification(call: ItmCall, target: JobTypeTarget, *, derive_unique: bool = True) -> JobSpec:
    """The requested job; raises ProblemError.

    `derive_unique`: a call without a `unique` key gets one, so that the same call is one job as long as the
    first is active.
    """
    goobi, template = goobi_reference(call, target), _template(call, target)
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
        "unique": call.unique or (unique_key(call, target) if derive_unique else None),
        "extra": {**extra, **_left(call, target, template, source, destination)} or None,
    }
    return _checked(fields)


def _checked(fields: dict[str, object]) -> JobSpec:
    try:
        spec = JobSpec.model_validate(fields)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise validation_problem(found) from error
    if errors := storage_errors(spec):
        raise field_problem(INVALID_REQUEST, errors)
    return spec


def _priority(text: str | None) -> int:
    """Clamped to 0 to 10, as ITM did with negative values; the default if none is given."""
    if text is None:
        return PRIORITY_DEFAULT
    try:
        value = int(text)
    except ValueError as error:
        raise wrong("priority", faults.NO_PRIORITY(value=repr(text[:SHOWN]))) from error
    return min(max(value, PRIORITY_LOWEST), PRIORITY_HIGHEST)


def _callback(call: ItmCall) -> str | None:
    return call.callback_url or (call.title if is_address(call.title) else None)


def _title(call: ItmCall, target: JobTypeTarget) -> str:
    """The title that people see; a job of the viewer includes the identifiers it is found by."""
    title = call.title_prefix or plain_title(call) or call.process_title or ""
    if target.of_goobi:
        return title[:TEXT_LIMIT]
    names = [name for name in (call.process, text_of(call.others.get("pi"))) if name and name not in title]
    end = " ".join(names)
    return f"{title[: max(0, TEXT_LIMIT - len(end) - 1)]} {end}".strip()


def _template(call: ItmCall, target: JobTypeTarget) -> str | None:
    """The template, in the spelling of the call; a dummy stands for the one of the settings or of the plugin.

    A plugin without templates ignores it, as many of ITM's did.
    """
    manifest, chosen = target.manifest, target.entry.template if target.entry else None
    name = call.template
    if name is None or name.removesuffix(".xml") in TEMPLATE_DUMMIES:
        return chosen
    if not manifest.templates or (not target.of_goobi and not manifest.knows_template(name)):
        return chosen
    return name


def _paths(call: ItmCall, manifest: PluginManifest) -> tuple[str | None, str | None]:
    """The paths, without those the plugin does not use: callers always send both."""
    source = None if manifest.source is Need.UNUSED else call.source
    return source, None if manifest.destination is Need.UNUSED else call.destination


def _parameters(call: ItmCall, target: JobTypeTarget) -> tuple[Values, Values]:
    """The plugin's parameters, and the values it does not take.

    Values in `parameters` are meant for the plugin, so an unknown one is refused there; other fields are not.
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
    call: ItmCall, target: JobTypeTarget, template: str | None, source: str | None, destination: str | None
) -> Values:
    """Values of the call that are not used for anything, under their ITM names."""
    left: Values = {}
    if target.word.casefold() != target.manifest.job_type.casefold():
        left["jobtype"] = target.word
    unused = {
        "templatename": (call.template, template),
        "sourceDir": (call.source, source),
        "targetDir": (call.destination, destination),
    }
    left |= {name: sent for name, (sent, used) in unused.items() if sent is not None and used is None}
    if target.of_goobi and call.process and not is_number(call.process):
        left["goobiId"] = call.process
    return left
