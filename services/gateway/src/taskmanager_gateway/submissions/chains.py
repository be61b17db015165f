"""Chains as they are submitted: a job with the list of those that follow it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from taskmanager.model.jobs import LINKS_MOST, JobSpec
from taskmanager.model.user_content.presets import PresetName
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.http.problems import (
    INVALID_REQUEST,
    FieldError,
    Problem,
    ProblemError,
    field_problem,
)

AFTER = "after"
"""The field of a request that is not one of `JobSpec`: the jobs that follow, in their order."""
INHERITED = ("priority", "title", "goobi", "project")
"""What a job that follows has from the first one unless it says otherwise."""


class JobRequest(JobSpec):
    """A job, and the jobs that follow it: each starts when the one before it is done.

    Those have `priority`, `title`, `goobi` and `project` of the first one unless they have their own. The
    step in Goobi is closed when the last of them is done.
    """

    preset: PresetName | None = Field(
        default=None,
        description="Template and parameters come from the preset of this name, unless the job has its own; "
        "`plugin` may then be left out. Jobs that follow may name presets, too.",
    )
    after: Annotated[list[JobSpec], Field(min_length=1, max_length=LINKS_MOST - 1)] | None = None


def links_of(document: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Take the jobs that follow out of a request, each with what it inherits; raises ProblemError."""
    if AFTER not in document:
        return ()
    links = document.pop(AFTER)
    fits = isinstance(links, list) and 1 <= len(links) < LINKS_MOST
    if not fits or not all(isinstance(link, dict) for link in links):
        fault = faults.NO_LINKS(most=LINKS_MOST - 1)
        raise field_problem(INVALID_REQUEST, [FieldError.of(AFTER, fault)])
    inherited = {name: document[name] for name in INHERITED if name in document}
    return [inherited | link for link in links]


def with_one_key(jobs: Sequence[JobSpec]) -> Sequence[JobSpec]:
    """The jobs of a chain with the unique key of the first one at the last, which is active all the time.

    The first one would give it up while the others are still to be done.
    """
    if len(jobs) == 1:
        return jobs
    bare = [spec.altered(unique=None) for spec in jobs]
    return [*bare[:-1], bare[-1].altered(unique=jobs[0].unique)]


def check_callbacks(jobs: Sequence[JobSpec]) -> None:
    """Return if no job but the last has a callback, which Goobi takes for the end; raises ProblemError."""
    for number, spec in enumerate(jobs[:-1]):
        if spec.callback_url is not None:
            error = FieldError.of(field_of_link("callback_url", number), faults.CALLBACK_OF_LINK())
            raise field_problem(INVALID_REQUEST, [error])


def field_of_link(field: str, number: int) -> str:
    """The name in the request of a field of the job with this number, counted from 0, the first one."""
    return f"{AFTER}.{number - 1}.{field}" if number else field


def problem_of_link(problem: Problem, number: int) -> Problem:
    """The problem as one of the whole request; the first job's is the request's own."""
    if not number:
        return problem
    errors = [
        FieldError(**(error.__dict__ | {"field": field_of_link(error.field, number)}))
        for error in problem.extensions.get("errors", ())
    ]
    more = {"errors": errors} if errors else {}
    told = problems.OF_LINK(number=number + 1, problem=problem.told)
    return replace(problem, told=told, extensions={**problem.extensions, **more})


def error_of_link(error: ProblemError, number: int) -> ProblemError:
    """The same for a problem that ends the request."""
    return ProblemError.of(problem_of_link(error.problem, number))
