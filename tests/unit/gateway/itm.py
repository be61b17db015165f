"""Requests as ITM's callers write them, and how these read the responses; modelled on the callers' code."""

from collections.abc import Mapping
from typing import Any

CALLBACK = "http://goobi.example/goobi/api/plugins/ocr/77/done"
DUPLICATE = "Job already in DB, not adding it!"


def mixed_ocr(root: str, half: str = "antiqua") -> dict[str, Any]:
    """goobi-plugin-step-mixed-ocr: the step id in `postOCR`, the callback address in `title` too."""
    return {
        "goobiId": "4711",
        "sourceDir": f"{root}/4711/images/master",
        "targetDir": f"{root}/4711/ocr_partial_77/{half}",
        "fontType": half,
        "priority": 10,
        "postOCR": "23",
        "titleprefix": f"bd1_1890_{half}",
        "templatename": "template.xml",
        "jobtype": "OCR",
        "serverType": "intranda-tesseract",
        "title": CALLBACK,
        "goobiTitle": "bd1_1890",
        "language": "ger,lat",
        "callbackUrl": CALLBACK,
    }


def old_viewer(root: str, job_type: str = "VIEWERPDF", identifier: str = "5f2a_77") -> list[Any]:
    """The 17 values of the TaskClient library, as the viewer requested a PDF."""
    values: list[Any] = ["http://itm.example/itm/service", f"{root}/mets/PPN1.xml", f"{root}/pdf", "", ""]
    values += [10, "LOG_0003", "PPN1_LOG_0003", f"{root}/repository", job_type, identifier]
    return [*values, "noServerTypeInTaskClient", "", "", "", "", False]


def task_client(root: str) -> list[Any]:
    """The same 17 values, as a step of Goobi sends them."""
    values: list[Any] = ["http://itm.example/itm/service", f"{root}/4711/a", f"{root}/4711/b", "ger", ""]
    values += [5, "23", "bd1_1890", "lossless.xml", "JP2", "4711"]
    return [*values, "", "", "", "", "ger", True]


def new_viewer(root: str, kind: str = "pdf") -> dict[str, Any]:
    """The viewer before 24.10."""
    return {
        "jobtype": "VIEWERDOWNLOAD",
        "type": kind,
        "goobiId": f"{kind}_5f2a77",
        "sourceDir": f"{root}/mets/PPN1.xml",
        "targetDir": f"{root}/download",
        "pi": "PPN1",
        "logId": "LOG_0003",
        "language": "en",
    }


def http_step(root: str) -> dict[str, Any]:
    """A body an administrator writes for Goobi's HTTP step; variables arrive as texts."""
    return {
        "jobtype": "JP2",
        "templatename": "lossless",
        "sourceDir": f"{root}/4711/images/master",
        "targetDir": f"{root}/4711",
        "priority": "5",
        "goobiId": "4711",
        "stepId": "23",
        "goobiTitle": "bd1_1890",
    }


def viewer_fails(answer: Mapping[str, Any]) -> bool:
    """Whether the viewer considers a response a failure; the older viewer requires STATUS."""
    return bool(answer["STATUS"] == "ERROR" and answer["ERRORMESSAGE"] != DUPLICATE)


DASHBOARD_JOB: dict[str, type] = {
    "id": int,
    "timestampStart": int,
    "timestampEnd": int,
    "priority": int,
    "status": str,
    "jobType": str,
    "goobiId": str,
    "errorMessage": str,
    "stepId": str,
    "title": str,
    "pagenumber": int,
    "abbyyPages": int,
    "size": int,
    "sourceDir": str,
    "targetDir": str,
    "template": str,
    "requestString": str,
}
"""Fields and types of the dashboard's Java classes."""
JAVA_INT = ("id", "priority", "pagenumber", "abbyyPages")


def as_dashboard_job(row: Mapping[str, Any]) -> dict[str, Any]:
    """A job as Gson parses it; fails where Gson would."""
    assert set(row) == set(DASHBOARD_JOB)
    for name, kind in DASHBOARD_JOB.items():
        assert type(row[name]) is kind, name
    assert all(-(2**31) <= row[name] < 2**31 for name in JAVA_INT)
    return dict(row)


def as_dashboard_plugin(row: Mapping[str, Any]) -> tuple[str, int, bool]:
    """Job type, number of jobs, and whether the dashboard paints it green."""
    assert set(row) == {"strInt", "running"}
    assert set(row["strInt"]) == {"str", "number"}
    name, number = row["strInt"]["str"], row["strInt"]["number"]
    assert type(name) is str
    assert type(number) is int
    return name, number, row["running"] == "running"
