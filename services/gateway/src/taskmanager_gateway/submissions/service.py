"""The course of a submission, single or in a batch: cheap checks, then the file system, then acceptance."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from taskmanager_gateway.access.plugin_scope import allow, forbidden
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.http.problems import (
    BROKER_UNAVAILABLE,
    PATH_REFUSED,
    Problem,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.metrics import SUBMISSIONS
from taskmanager_gateway.submissions.acceptance import Acceptance, SubmissionResult
from taskmanager_gateway.submissions.idempotency import Submission
from taskmanager_gateway.submissions.path_check import PathCheck
from taskmanager_gateway.submissions.specification_check import SpecificationCheck

IN_FLIGHT = 200
"""Jobs of one batch that wait for their confirm at the same time."""

Result = SubmissionResult | Problem


class SubmissionService:
    """Checks submissions and accepts them; an error in one never affects another."""

    def __init__(self, check: SpecificationCheck, paths: PathCheck, acceptance: Acceptance) -> None:
        """The steps, in order."""
        self._check = check
        self._paths = paths
        self._acceptance = acceptance

    async def submit(self, wish: Submission) -> Result:
        """Submit one job."""
        (checked,) = await self._with_paths([await self._checked(wish)])
        result = await self._accepted(checked)
        _count(wish, result)
        return result

    async def submit_all(self, wishes: Sequence[Submission | Problem]) -> list[Result]:
        """Submit many jobs; returns a result for each, in order. Problems found before are passed through."""
        checked = await self._with_paths([await self._checked(wish) for wish in wishes])
        results: list[Result] = []
        for start in range(0, len(checked), IN_FLIGHT):
            group = checked[start : start + IN_FLIGHT]
            if any(isinstance(result, Problem) and result.kind is BROKER_UNAVAILABLE for result in results):
                results += map(_not_tried, group)
            else:
                results += await asyncio.gather(*map(self._accepted, group))
        for wish, result in zip(wishes, results, strict=True):
            _count(wish, result)
        return results

    async def _checked(self, wish: Submission | Problem) -> Submission | Problem:
        if isinstance(wish, Problem):
            return wish
        try:
            allow(wish.who, wish.spec.plugin)
            await self._check.check(wish.spec, wish.who)
        except ProblemError as error:
            return error.problem
        return wish

    async def _with_paths(self, wishes: Sequence[Submission | Problem]) -> list[Submission | Problem]:
        try:
            specs = [wish.spec for wish in wishes if isinstance(wish, Submission)]
            found = iter(await self._paths.errors(specs, self._check.works_in_place))
        except ProblemError as error:
            return [error.problem if isinstance(wish, Submission) else wish for wish in wishes]
        checked: list[Submission | Problem] = []
        for wish in wishes:
            errors = next(found) if isinstance(wish, Submission) else []
            checked.append(field_problem(PATH_REFUSED, errors).problem if errors else self._placed(wish))
        return checked

    def _placed(self, wish: Submission | Problem) -> Submission | Problem:
        """The submission with its folders as the runners see them."""
        if isinstance(wish, Problem):
            return wish
        return replace(wish, spec=self._paths.placed(wish.spec))

    async def _accepted(self, wish: Submission | Problem) -> Result:
        if isinstance(wish, Problem):
            return wish
        try:
            answer = await self._acceptance.accept(wish)
            if not wish.who.sees(answer.job.plugin):
                raise forbidden(access.OTHERS_JOB, wish.who)
        except ProblemError as error:
            return error.problem
        return answer


def _not_tried(wish: Submission | Problem) -> Result:
    if isinstance(wish, Problem):
        return wish
    return Problem(BROKER_UNAVAILABLE, problems.JOB_NOT_SENT())


def _count(wish: Submission | Problem, result: Result) -> None:
    """Count the result; the name of a plugin that may not exist is not used as a label."""
    known = isinstance(result, SubmissionResult) or result.kind.status != 404  # noqa: PLR2004 - not found
    plugin = wish.spec.plugin if isinstance(wish, Submission) and known else "unknown"
    SUBMISSIONS.labels(
        plugin, result.outcome if isinstance(result, SubmissionResult) else result.kind.name
    ).inc()
