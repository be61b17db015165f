"""The set-up script on a machine that lacks everything and where nobody may install anything."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "deploy" / "setup.sh"
STAND_INS = {
    "dpkg-query": "exit 1",
    "id": "echo 1000",
    "sudo": "exit 1",
    "apt-get": 'echo "apt-get was called" >&2; exit 3',
    "uname": "echo Linux x86_64",
    "dirname": 'exec /usr/bin/dirname "$@"',
    "tr": 'exec /usr/bin/tr "$@"',
    "python3": f'exec {sys.executable} "$@"',
}


TOOLS = (
    "imagemagick libopenjp2-tools poppler-utils ffmpeg fonts-dejavu-core "
    "tesseract-ocr tesseract-ocr-deu tesseract-ocr-lat tesseract-ocr-script-frak"
)
FOR_TESTS = "npm prometheus epubcheck chromium"


def run_without_rights(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    for name, body in STAND_INS.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), *words],
        env={"PATH": str(folder), "HOME": os.environ.get("HOME", "/"), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_message_lists_all_missing_packages_and_the_command(tmp_path: Path) -> None:
    ended = run_without_rights(tmp_path)
    assert ended.returncode == 1
    assert "apt-get was called" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 2
    assert (
        "apt-get install --no-install-recommends "
        f"rabbitmq-server {TOOLS} {FOR_TESTS} libcurl4 libssl3" in ended.stderr
    )


def test_what_only_the_tests_need_is_not_asked_for_to_run(tmp_path: Path) -> None:
    ended = run_without_rights(tmp_path, "run")
    assert ended.returncode == 1
    packages = f"rabbitmq-server {TOOLS} libcurl4 libssl3"
    assert ended.stderr.splitlines()[1].endswith(f"--no-install-recommends {packages} ")
    assert run_without_rights(tmp_path, "walk").returncode == 2


def test_servers_of_ones_own_need_no_packages(tmp_path: Path) -> None:
    ended = run_without_rights(tmp_path, AMQP_URL="amqp://a", MONGODB_URL="mongodb://b")
    assert f"{TOOLS} {FOR_TESTS}" in ended.stderr
    assert "rabbitmq-server" not in ended.stderr
    assert "libcurl4" not in ended.stderr


def test_one_browser_is_enough_for_the_tests(tmp_path: Path) -> None:
    for browser in ("chromium", "chromium-headless-shell"):
        there = tmp_path / browser
        there.write_text("#!/bin/sh\n")
        there.chmod(0o755)
        asked = run_without_rights(tmp_path).stderr
        assert "npm prometheus epubcheck libcurl4" in asked
        assert "chromium" not in asked
        there.unlink()
    assert "chromium" not in run_without_rights(tmp_path, TASKMANAGER_CHROMIUM="/opt/browser").stderr


def test_an_old_python_is_named_as_the_problem(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    ended = run_without_rights(tmp_path, PYTHON=str(old))
    assert ended.returncode == 1
    assert "Python 3.11 or newer is needed" in ended.stderr
