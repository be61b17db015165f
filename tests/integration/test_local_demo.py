"""`make demo` as it runs for a newcomer: the real stack, three plugins, results in a Goobi-shaped folder."""

import json
import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pikepdf
import pytest
from PIL import Image

from taskmanager_local import orchestrated
from taskmanager_local.demo.book import PAGE_SIZE
from taskmanager_local.state import StackFolder
from taskmanager_testing.plain_http import PLAIN
from taskmanager_testing.waiting import eventually

LOCAL = Path(sysconfig.get_path("scripts")) / "taskmanager-local"
PAGES = [f"{number:08d}" for number in range(1, 8)]

pytestmark = pytest.mark.timeout(360)
"""A test starts and stops the whole stack; a slow machine needs its time for that."""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    ours = {"AMQP_URL", "MONGODB_URL", "TASKMANAGER_ROOTS"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [LOCAL, "--folder", str(folder), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=160,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "stack"
    run(tmp_path / "stack", "down")


def image_size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        image.load()
        return image.size


def scaled(folder: Path, desired: int) -> None:
    """Give jp2 so many runners at the place of the local stack, as plus and minus do, and wait for them."""
    gateway = json.loads(run(folder, "status", "--json").stdout)["gateway"]
    address = f"{gateway}/api/v1/plugins/jp2/replicas"
    with httpx.Client(verify=PLAIN) as client:

        def here() -> dict[str, Any]:
            sets = client.get(address).raise_for_status().json()["replicas"]
            found: dict[str, Any] = {one["place"]: one for one in sets}.get(orchestrated.PLACE, {})
            return found

        eventually(here, what="a report of the orchestrator")
        wish = {"mode": "manual", "desired": desired}
        client.put(f"{address}/{orchestrated.PLACE}", json=wish).raise_for_status()
        wanted = {"running": desired, "starting": 0, "draining": 0, "stopping": 0}
        eventually(
            lambda: wanted.items() <= here()["counts"].items(), within_seconds=60, what=f"jp2: {wanted}"
        )


def test_the_demo_converts_a_drawn_book_and_says_when_a_page_is_broken(folder: Path, tmp_path: Path) -> None:
    done = run(folder, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"The web pages are at http://127\.0\.0\.1:\d+/ ", done.stdout)
    assert "log in with this password" not in done.stdout  # nobody needs one
    images = folder / "demo" / "1" / "images"
    for results, ending in (("basement_media", ".jpg"), ("basement_jp2", ".jp2")):
        files = sorted((images / results).iterdir())
        assert [file.name for file in files] == [page + ending for page in PAGES]
        assert {image_size(file) for file in files} == {PAGE_SIZE}
        assert str(images / results) in done.stdout
    read = images.parent / "ocr"
    assert str(read) in done.stdout
    for kind, ending in (("alto", ".xml"), ("txt", ".txt"), ("hocr", ".hocr"), ("pdf", ".pdf")):
        expected = {page + ending for page in PAGES} | ({"basement.pdf"} if kind == "pdf" else set())
        assert {file.name for file in (read / f"basement_{kind}").iterdir()} == expected
    book = read / "basement_pdf" / "basement.pdf"
    assert str(book) in done.stdout
    with pikepdf.open(book) as pdf:
        assert len(pdf.pages) == len(PAGES)
    cover = (read / "basement_txt" / f"{PAGES[0]}.txt").read_text(encoding="utf-8")
    assert " ".join(cover.split()).startswith("A Short Account of the Basement")
    own = tmp_path / "own"
    own.mkdir()
    (own / "broken.tif").write_text("this is no image")
    failed = run(folder, "demo", "--images", str(own))
    assert failed.returncode == 1
    assert "ended in ERROR: " in failed.stdout
    assert "broken.tif" in failed.stdout
    scaled(folder, 2)
    scaled(folder, 1)
    [replica] = orchestrated.running(StackFolder(folder)).values()
    run(folder, "down")
    assert not replica.is_running()


def test_with_a_fake_goobi_it_shows_every_report_up_to_the_closed_steps(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    Image.new("RGB", (64, 64)).save(own / "1.tif")
    done = run(folder, "demo", "--images", str(own), "--goobi", "fake")
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.split(maxsplit=3)[1:] for line in done.stdout.splitlines() if line.startswith("Goobi  ")]
    kinds = [" ".join(line[:2]) for line in told]
    assert kinds[:3] == ["step opened"] * 3
    assert sorted(kinds[3:9]) == ["journal entry"] * 3 + ["step closed"] * 3
    assert kinds[8:] == ["step closed", "step opened"]
