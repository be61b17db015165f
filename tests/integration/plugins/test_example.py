"""The example of the guide is a plugin like a stranger's: built, installed, found, run, and quoted truly."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLE = REPOSITORY / "docs" / "examples" / "checksums"
GUIDE = REPOSITORY / "docs" / "plugin-authors-guide.md"
QUOTED = re.compile(r"<!-- from (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)

RUN = """
import sys
from pathlib import Path
from taskmanager.plugin_api import interface
from taskmanager_testing.plugins import run_plugin
run_plugin(interface.load("checksums"), Path(sys.argv[1]), Path(sys.argv[2]), template="bagit.xml")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Python that has the example installed, in a folder of its own."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "checkout")
    target = folder / "target"
    pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target"]
    subprocess.run([sys.executable, *pip, target, folder / "checkout"], check=True, timeout=100)
    more = {"PYTHONPATH": str(target), "PYTHONWARNINGS": "error", "CHECKOUT": str(folder / "checkout")}
    return {**os.environ, **more}


def test_the_example_is_found_by_a_runner(installed: dict[str, str]) -> None:
    runner = Path(sys.executable).with_name("taskmanager-plugin-runner")
    listed = subprocess.run([runner, "--list"], env=installed, check=True, capture_output=True, text=True)
    assert "checksums" in listed.stdout.splitlines()


def test_the_example_runs_as_an_installed_plugin(installed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "1.txt").write_text("one")
    words = [sys.executable, "-c", RUN, str(tmp_path / "source"), str(tmp_path / "out")]
    subprocess.run(words, env=installed, check=True, cwd=tmp_path)
    expected = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  data/1.txt\n"
    assert (tmp_path / "out" / "manifest-sha256.txt").read_text() == expected


def test_the_examples_own_tests_pass(installed: dict[str, str]) -> None:
    words = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    done = subprocess.run(
        words, env=installed, check=False, capture_output=True, text=True, cwd=installed["CHECKOUT"]
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_guide_quotes_real_code() -> None:
    quotes = list(QUOTED.finditer(GUIDE.read_text(encoding="utf-8")))
    assert len(quotes) >= 4
    for quote in quotes:
        text = (GUIDE.parent / quote["path"]).read_text(encoding="utf-8")
        assert quote["text"] in text, f"{quote['path']} has no such lines:\n{quote['text']}"
