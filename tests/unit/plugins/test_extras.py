"""A plugin whose packages are missing is not offered, and the reason says how to install them."""

from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from taskmanager.errors import PermanentError
from taskmanager.plugin_api import interface
from taskmanager.plugin_api.extras import missing_packages, why_missing
from taskmanager_plugin_runner.__main__ import main

REQUIRES = (
    "pydantic",
    'absent-thing>=2; extra == "ocr"',
    'pydantic[email]; extra == "ocr"',
    "x; extra == 'y'",
)


def entry(tmp_path: Path, extras: str = "[ocr]") -> EntryPoint:
    folder = tmp_path / "ours-1.dist-info"
    folder.mkdir()
    lines = [
        "Metadata-Version: 2.1",
        "Name: ours",
        "Version: 1",
        *(f"Requires-Dist: {one}" for one in REQUIRES),
    ]
    (folder / "METADATA").write_text("\n".join(lines))
    (folder / "entry_points.txt").write_text(f"[taskmanager.plugins]\nreader = json:loads {extras}\n")
    [found] = Distribution.at(folder).entry_points
    return found


def test_what_the_extra_names_and_nobody_installed_is_missing(tmp_path: Path) -> None:
    assert missing_packages(entry(tmp_path)) == ["absent-thing"]


def test_the_sentence_names_plugin_package_and_command(tmp_path: Path) -> None:
    assert why_missing(entry(tmp_path)) == "the plugin reader needs absent-thing: pip install 'ours[ocr]'"


def test_a_plugin_without_extras_lacks_nothing(tmp_path: Path) -> None:
    assert why_missing(entry(tmp_path, extras="")) is None


def test_a_plugin_that_lacks_something_is_not_among_the_installed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = entry(tmp_path)
    monkeypatch.setattr(interface, "entry_points", lambda **_: [lacking])
    assert interface.installed_names() == []
    assert interface.incomplete() == [why_missing(lacking)]
    with pytest.raises(PermanentError, match="needs absent-thing"):
        interface.load("reader")


def test_the_runner_lists_what_it_can_run_and_says_what_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sound").mkdir()
    lacking, sound = entry(tmp_path), entry(tmp_path / "sound", extras="")
    monkeypatch.setattr(interface, "entry_points", lambda **_: [lacking, sound])
    monkeypatch.setattr("sys.argv", ["taskmanager-plugin-runner", "--list"])
    main()
    said = capsys.readouterr()
    assert (said.out, said.err) == ("reader\n", f"not available: {why_missing(lacking)}\n")
