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
from taskmanager_gateway.metrics import SUBMISSIONS, UNKNOWN_PLUGIN
from taskmanager_gateway.submissions.acceptance import Acceptance, SubmissionResult
from taskmanager_gateway.submissions.idempotency import Submission
from taskmanager_gateway.submissions.path_check import PathCheck
from taskmanager_gateway.submissions.specification_check import SpecificationCheck

IN_FLIGHT = 200
"""Jobs of one batch that wait for their confirm at the same time."""


class SubmissionService:
    """Checks submissions and accepts them; an error in one never affects another."""

    def __init__(self, check: SpecificationCheck, paths: PathCheck, acceptance: Acceptance) -> None:
        """The steps, in order."""
        self._check = check
        self._paths = paths
        self._acceptance = acceptance

    async def submit(self, submission: Submission) -> SubmissionResult | Problem:
        """Submit one job."""
        (checked,) = await self._with_paths([await self._checked(submission)])
        result = await self._accepted(checked)
        _count(submission, result)
        return result

    async def submit_all(
        self, submissions: Sequence[Submission | Problem]
    ) -> list[SubmissionResult | Problem]:
        """Submit many jobs; returns a result for each, in order. Problems found before are passed through."""
        checked = await self._with_paths([await self._checked(submission) for submission in submissions])
        results: list[SubmissionResult | Problem] = []
        for start in range(0, len(checked), IN_FLIGHT):
            group = checked[start : start + IN_FLIGHT]
            if any(isinstance(result, Problem) and result.kind is BROKER_UNAVAILABLE for result in results):
                results += map(_not_tried, group)
            else:
                results += await asyncio.gather(*map(self._accepted, group))
        for submission, result in zip(submissions, results, strict=True):
            _count(submission, result)
        return results

    async def _checked(self, submission: Submission | Problem) -> Submission | Problem:
        if isinstance(submission, Problem):
            return submission
        try:
            allow(submission.who, submission.spec.plugin)
            await self._check.check(submission.spec, submission.who)
        except ProblemError as error:
            return error.problem
        return submission

    async def _with_paths(self, submissions: Sequence[Submission | Problem]) -> list[Submission | Problem]:
        try:
            specs = [submission.spec for submission in submissions if isinstance(submission, Submission)]
            found = iter(await self._paths.errors(specs, self._check.may_lie_in_source))
        except ProblemError as error:
            return [
                error.problem if isinstance(submission, Submission) else submission
                for submission in submissions
            ]
        checked: list[Submission | Problem] = []
        for submission in submissions:
            errors = next(found) if isinstance(submission, Submission) else []
            checked.append(
                field_problem(PATH_REFUSED, errors).problem if errors else self._placed(submission)
            )
        return checked

    def _placed(self, submission: Submission | Problem) -> Submission | Problem:
        """The submission with its folders as the runners see them."""
        if isinstance(submission, Problem):
            return submission
        return replace(submission, spec=self._paths.placed(submission.spec))

    async def _accepted(self, submission: Submission | Problem) -> SubmissionResult | Problem:
        if isinstance(submission, Problem):
            return submission
        try:
            answer = await self._acceptance.accept(submission)
            if not submission.who.sees(answer.job.plugin):
                raise forbidden(access.OTHERS_JOB, submission.who)
        except ProblemError as error:
            return error.problem
        return answer


def _not_tried(submission: Submission | Problem) -> SubmissionResult | Problem:
    if isinstance(submission, Problem):
        return submission
    return Problem(BROKER_UNAVAILABLE, problems.JOB_NOT_SENT())


def _count(submission: Submission | Problem, result: SubmissionResult | Problem) -> None:
    """Count the result; the name of a plugin that may not exist is not used as a label."""
    known = isinstance(result, SubmissionResult) or result.kind.status != 404  # noqa: PLR2004 - not found
    plugin = submission.spec.plugin if isinstance(submission, Submission) and known else UNKNOWN_PLUGIN
    SUBMISSIONS.labels(
        plugin, result.outcome if isinstance(result, SubmissionResult) else result.kind.name
    ).inc()
