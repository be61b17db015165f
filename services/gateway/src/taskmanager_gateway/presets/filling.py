"""What a job that names a preset becomes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from taskmanager.model.jobs import LINKS_MOST
from taskmanager.model.user_content.presets import Preset, preset_key
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.http.problems import (
    INVALID_PARAMETERS,
    INVALID_REQUEST,
    UNKNOWN_PRESET,
    UNKNOWN_TEMPLATE,
    FieldError,
    Problem,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.submissions.chains import AFTER

FIELD = "preset"
"""The field of a request that is not one of `JobSpec`: the name of a preset."""


def preset_of(known: Sequence[Preset], name: str, owners: Sequence[str | None]) -> Preset:
    """The preset that a name means, of the first of the owners that has one; raises ProblemError.

    None is the owner of shared ones.
    """
    by_key = {one.key: one for one in known}
    keys = (preset_key(name, owner) for owner in owners)
    found = next((by_key[key] for key in keys if key in by_key), None)
    if found is None:
        raise ProblemError(UNKNOWN_PRESET, problems.NO_PRESET(preset=name[:100]))
    return found


def jobs_in(document: Any) -> list[dict[str, Any]]:
    """The job of a request and those that follow it; none if the request is refused for its shape anyway."""
    if not isinstance(document, dict):
        return []
    links = document.get(AFTER) or []
    if not isinstance(links, list) or len(links) >= LINKS_MOST:
        return []
    jobs = [document, *links]
    return jobs if all(isinstance(one, dict) for one in jobs) else []


def filled_if_named(given: Mapping[str, Any], known: Sequence[Preset], owner: str) -> dict[str, Any]:
    """The fields of a job, with those of its preset if it names one; raises ProblemError."""
    if given.get(FIELD) is None:
        return {name: value for name, value in given.items() if name != FIELD}
    return filled(given, preset_of(known, given[FIELD], (owner, None)))


def filled(given: Mapping[str, Any], preset: Preset) -> dict[str, Any]:
    """The fields of a job with those of the preset: what is given counts, parameter by parameter.

    Raises ProblemError if the preset is for another plugin.
    """
    plugin, parameters = given.get("plugin"), given.get("parameters")
    if plugin not in {None, preset.plugin}:
        fault = faults.PRESET_OF_OTHER(preset=preset.name, plugin=preset.plugin)
        raise field_problem(INVALID_REQUEST, [FieldError.of(FIELD, fault)])
    own = dict(parameters) if isinstance(parameters, dict) else {}
    made = {name: value for name, value in given.items() if name != FIELD}
    made["plugin"] = preset.plugin
    if given.get("template") is None and preset.template is not None:
        made["template"] = preset.template
    if isinstance(parameters, dict) or parameters is None:  # else it is refused as it stands
        made["parameters"] = {**preset.parameters, **own}
    return made


def misfit(problem: Problem, names: Sequence[str]) -> Problem:
    """The problem of a job that presets were used for: that they no longer fit, if that may be why."""
    if not names or problem.kind not in {INVALID_PARAMETERS, UNKNOWN_TEMPLATE}:
        return problem
    named = ", ".join(dict.fromkeys(names))
    errors = problem.extensions.get("errors")
    first = FieldError.of(FIELD, faults.PRESET_MISFIT(preset=named))
    more = {"errors": [first, *errors]} if errors else {}
    told = problems.PRESET_MISFIT(preset=named, problem=problem.told)
    return replace(problem, told=told, extensions={**problem.extensions, **more})
