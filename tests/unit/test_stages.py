"""The stages of `make test`: none runs after one that failed, and the end says how long each took."""

from pathlib import Path

import pytest
from deploy import stages


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "Makefile").write_text("good other:\n\t@true\nbad:\n\t@false\n")
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("targets")
def test_stages_that_pass_are_all_run_and_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert stages.main(["good", "other"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["good", "other", "together"]
    assert all("passed" in line for line in lines[:2])


@pytest.mark.usefixtures("targets")
def test_nothing_runs_after_a_stage_that_failed(capfd: pytest.CaptureFixture[str]) -> None:
    assert stages.main(["good", "bad", "other"]) == 1
    told = {line.split()[0]: line for line in capfd.readouterr().out.splitlines()}
    assert "FAILED" in told["bad"]
    assert "not run" in told["other"]
