"""The results of the items of a batch."""

from pydantic import Field

from taskmanager.model.jobs import Record
from taskmanager_gateway.http.problems import ProblemDocument
from taskmanager_gateway.jobs.views import JobView
from taskmanager_gateway.submissions.acceptance import SubmissionOutcome


class BatchResult(Record):
    """The result of one item: a job, or a problem, in which case nothing was accepted."""

    status: int = Field(description="The HTTP status this item would have received if submitted alone.")
    id: str | None = None
    outcome: SubmissionOutcome | None = None
    job: JobView | None = None
    problem: ProblemDocument | None = None


class BatchView(Record):
    """A result for each item, in order."""

    accepted: int
    refused: int
    results: list[BatchResult]
