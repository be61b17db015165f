"""The stages of `make test`: none runs after one that failed; some run side by side; each says how long."""

import os
from pathlib import Path

import pytest
from deploy import stages


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    met = f"{tmp_path}/met"
    meeting = f"first:\n\t@echo one; cat {met}; echo two\nsecond:\n\t@echo three; echo all >{met}\n"
    os.mkfifo(met)
    (tmp_path / "Makefile").write_text(f"good other:\n\t@true\nbad:\n\t@false\n{meeting}")
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


@pytest.mark.usefixtures("targets")
def test_stages_side_by_side_run_at_once_and_do_not_mix_what_they_print(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Each waits for the other: the one reads what the other writes."""
    assert stages.main(["first+second"]) == 0
    lines = capfd.readouterr().out.splitlines()
    place = lines.index("one")
    assert lines[place : place + 3] == ["one", "all", "two"]
    assert "three" in lines
    assert [line.split()[0] for line in lines[-3:]] == ["first", "second", "together"]


@pytest.mark.usefixtures("targets")
def test_beside_a_stage_that_fails_another_runs_to_its_end(capfd: pytest.CaptureFixture[str]) -> None:
    assert stages.main(["bad+good", "other"]) == 1
    told = {line.split()[0]: line for line in capfd.readouterr().out.splitlines()}
    assert "FAILED" in told["bad"]
    assert "passed" in told["good"]
    assert "not run" in told["other"]
