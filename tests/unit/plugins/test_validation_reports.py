"""A report counts only if another parser reads in it what was found."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.validation import reports
from taskmanager_plugin_runner.plugins.validation.reports import Reported, ReportReading
from taskmanager_plugin_runner.plugins.validation.texts import ValidationTexts
from taskmanager_plugin_runner.plugins.validation.verdicts import Examination, shortened

TEXTS = ValidationTexts("reports-test")
READING = ReportReading("name", "status")


def reported(tmp_path: Path, written: str, **found: object) -> Reported:
    file, report = tmp_path / "1.tif", tmp_path / "1.xml"
    file.write_bytes(b"12345")
    report.write_text(written)
    return Reported(file, report, Examination(b"", 2, **found), "good")  # type: ignore[arg-type]


def test_a_report_that_says_what_was_found_passes(tmp_path: Path) -> None:
    one = reported(tmp_path, "<r><name>1.tif</name><status>good</status></r>")
    reports.require_reports([one], 1, READING, TEXTS)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<r><name>2.tif</name><status>good</status></r>", r"2\.tif / good instead of 1\.tif / good"),
        ("<r><name>1.tif</name><status>bad</status></r>", r"1\.tif / bad instead of"),
        ("<r/>", "- / - instead of"),
        ("<r><name>1.tif</name>", r"1\.xml cannot be read again: no element found"),
        ("", "cannot be read again"),
    ],
)
def test_a_report_that_says_otherwise_or_nothing_is_refused(tmp_path: Path, written: str, said: str) -> None:
    with pytest.raises(JobFailedError, match=said):
        reports.require_reports([reported(tmp_path, written)], 1, READING, TEXTS)


def test_a_missing_report_is_refused(tmp_path: Path) -> None:
    one = reported(tmp_path, "<r><name>1.tif</name><status>good</status></r>")
    with pytest.raises(JobFailedError, match="1 of 2 reports are there"):
        reports.require_reports([one], 2, READING, TEXTS)


def test_the_summary_has_every_file_with_its_verdict_and_counts(tmp_path: Path) -> None:
    good = reported(tmp_path, "")
    bad = reported(tmp_path, "", faults=("no \x01 end",), notes=("odd",))
    heading = {"plugin": "p", "version": "1", "profile": "x", "title": "A & \x02 B", "process": ""}
    root = ET.fromstring(reports.summary(heading, [good, bad], "media"))  # noqa: S314 - just made
    assert root.attrib == {
        "plugin": "p",
        "version": "1",
        "profile": "x",
        "title": "A & \\x02 B",
        "files": "2",
        "valid": "1",
        "invalid": "1",
        "pages": "4",
    }
    assert [(one.get("verdict"), one.get("bytes"), one.get("report")) for one in root] == [
        ("valid", "5", "media/1.xml"),
        ("invalid", "5", "media/1.xml"),
    ]
    assert [(one.tag, one.text) for one in root[1]] == [("fault", "no \\x01 end"), ("note", "odd")]


def test_a_summary_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "media.xml"
    path.write_bytes(reports.summary({}, [reported(tmp_path, "")], "media"))
    reports.require_summary(path, 1, TEXTS)
    with pytest.raises(JobFailedError, match="1 of 2 reports are there"):
        reports.require_summary(path, 2, TEXTS)


def test_countless_faults_are_named_once_each_and_cut() -> None:
    assert shortened(["a", "b", "a"]) == ("a", "b")
    many = shortened(str(number) for number in range(1000))
    assert len(many) == 21
    assert many[-1] == "..."
