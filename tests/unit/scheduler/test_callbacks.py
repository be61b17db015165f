"""What mixed OCR is told when one of its halves is ready."""

from typing import Any

import pytest

from taskmanager.messages import Finished
from taskmanager.model.jobs import Job, JobSpec
from taskmanager.model.reports import ReportKind
from taskmanager_scheduler.jobs.goobi_reports import reports_of_end

from .scenes import JOB, SPEC, at, job_after, to_download


def finished(**fields: Any) -> Job:
    spec = JobSpec.model_validate(
        {**SPEC.model_dump(), "callback_url": "http://goobi.example/done", **fields}
    )
    return job_after(*to_download(), Finished(job=JOB, attempt=1, seq=4, files=3, bytes=30), spec=spec)


@pytest.mark.parametrize("place", ["extra", "parameters"])
def test_a_callback_names_the_half_whether_the_plugin_takes_the_font_type_or_not(place: str) -> None:
    reports = [
        effect.report for effect in reports_of_end(finished(**{place: {"fontType": "fracture"}}), at())
    ]

    assert [report.kind for report in reports] == [ReportKind.ENTRY, ReportKind.CALLBACK]
    assert reports[-1].callback_job_type == "fracture"
