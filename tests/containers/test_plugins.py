"""Each plugin works in the image of its container, with the programs that are in it, on one book.

Two are left out, which need a partner outside: `upload` and `dropfolder`. Of `download` it is seen that it
refuses an address which its template does not name.
"""

import math
import os
import struct
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.integration.plugins.drawn_process import PAGES, draw, write_mets

from .compose_file import REPLICAS
from .conftest import OWNER
from .stack import Stack

pytestmark = pytest.mark.timeout(1800)

TITLE = "book"
GOOBI = {"process_id": 1, "step_id": 2, "process_title": TITLE}
WORDS = ("meadow", "forest")
RATE = 8_000
"""Samples of the recording in a second."""


@pytest.fixture(scope="module")
def process(files: Path) -> Path:
    """The folder of a process: pages with a word each, a recording, and a page that another program read."""
    folder = files / "4711"
    masters = folder / "images" / f"master_{TITLE}_media"
    masters.mkdir(parents=True)
    for number, word in enumerate(WORDS, 1):
        page = Image.new("L", (900, 300), 255)
        ImageDraw.Draw(page).text((100, 100), word, fill=0, font=ImageFont.load_default(size=70))
        page.save(masters / f"{number:08}.tif", compression="tiff_lzw", dpi=(300, 300))
    tape = folder / "tape" / "images" / f"master_{TITLE}_media"
    tape.mkdir(parents=True)
    with wave.open(str(tape / "side a.wav"), "wb") as recording:
        recording.setparams((1, 2, RATE, 0, "NONE", ""))
        tone = (round(9_000 * math.sin(440 * math.tau * sample / RATE)) for sample in range(RATE))
        recording.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
    read = draw(folder / "read", PAGES[:1], title=TITLE)
    (read / "ocr" / f"{TITLE}_alto").rename(read / "ocr" / f"{TITLE}_page")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, OWNER, OWNER)
    return folder


def work(folder: str) -> Mapping[str, tuple[dict[str, Any], str]]:
    """By plugin, in this order: a job in the folder as the containers see it, and where its results lie."""
    masters, jp2 = f"{folder}/images/master_{TITLE}_media", f"{folder}/images/{TITLE}_jp2"
    whole = {"source": folder, "destination": folder}
    tape, read = f"{folder}/tape", f"{folder}/read"
    return {
        "tiffvalidation": ({"source": masters, "destination": folder}, "validation/*_media/*.xml"),
        "images": ({"source": masters, "destination": folder}, f"images/{TITLE}_media/*.jpg"),
        "shell": (
            {"source": masters, "destination": f"{folder}/images/{TITLE}_shell", "template": "jpeg"},
            f"images/{TITLE}_shell/*.jpg",
        ),
        "jp2": ({"source": masters, "destination": jp2, "template": "lossless"}, f"images/{TITLE}_jp2/*.jp2"),
        "jp2validation": ({"source": jp2, "destination": folder}, f"validation/{TITLE}_jp2/*.xml"),
        "ocr": (
            {"source": masters, "destination": folder, "parameters": {"language": "eng"}},
            f"ocr/{TITLE}_txt/*.txt",
        ),
        "pdf": (whole, f"ocr/{TITLE}_pdf/{TITLE}.pdf"),
        "epub": (whole, "**/*.epub"),
        "altoconvert": ({"source": read, "destination": read}, f"read/ocr/{TITLE}_alto/*.xml"),
        "mets": (whole, "validation/mets.xml"),
        "checksums": (whole, "checksums/*"),
        "media": (
            {"source": f"{tape}/images/master_{TITLE}_media", "destination": tape},
            f"tape/images/{TITLE}_media/*.mp3",
        ),
    }


def test_each_plugin_does_its_work_in_the_image_of_its_container(
    stack: Stack, files: Path, process: Path
) -> None:
    jobs = work(f"/files/{process.relative_to(files)}")
    assert set(jobs) == set(REPLICAS) - {"download"}
    for plugin, (job, results) in jobs.items():
        if plugin == "mets":
            write_mets(process, process / "images" / f"{TITLE}_media")
        before = set(process.glob(results))
        ended = stack.until_ended(stack.submit(plugin, goobi=GOOBI, **job))
        assert ended["status"] == "DONE", f"{plugin}: {ended['error']}"
        made = set(process.glob(results)) - before
        assert made, f"{plugin} is done, but there is nothing at {results}"
        assert {path.stat().st_uid for path in made} == {OWNER}
    read = [path.read_text().strip() for path in sorted((process / "ocr" / f"{TITLE}_txt").iterdir())]
    assert tuple(read) == WORDS


def test_nothing_is_downloaded_from_where_no_template_allows_it(
    stack: Stack, files: Path, process: Path
) -> None:
    folder = f"/files/{process.relative_to(files)}/fetched"
    job = stack.submit(
        "download",
        None,
        folder,
        template="archive",
        parameters={"item": "https://192.0.2.1/manifest"},
        goobi=GOOBI,
    )
    ended = stack.until_ended(job)
    assert ended["status"] == "ERROR"
    assert "does not allow requests to 192.0.2.1" in ended["error"]["message"]
