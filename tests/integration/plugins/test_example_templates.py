"""The templates in docs/examples, with their programs where the machine has them."""

import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageDraw, ImageFont
from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.shell import ShellPlugin
from taskmanager_testing.plugins import LocalContext, run_plugin

TEMPLATES = Path(__file__).resolve().parents[3] / "docs" / "examples" / "templates"
PROGRAMS = {"exiftool-xml": "exiftool", "grok-rate10": "grk_compress", "tesseract-tsv": "tesseract"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    page = Image.new("RGB", (900, 300), "white")
    ImageDraw.Draw(page).text((100, 100), "moon over woods", "black", ImageFont.load_default(size=70))
    page.save(folder / "it's 1.tif", dpi=(300, 300), description="a page of a test")
    return folder


def job(
    source: Path, output: Path, template: str, monkeypatch: pytest.MonkeyPatch, **parameters: JsonValue
) -> LocalContext:
    if shutil.which(PROGRAMS[template]) is None:
        pytest.skip(f"{PROGRAMS[template]} is not on this machine")
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(TEMPLATES))
    return run_plugin(ShellPlugin(), source, output, template=template, parameters=parameters)


def test_every_example_is_offered_once_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(TEMPLATES))
    assert {path.stem for path in (TEMPLATES / "shell").glob("*.toml")} == set(PROGRAMS)
    assert set(PROGRAMS) < set(ShellPlugin().manifest.templates)


def test_exiftool_tells_what_is_embedded(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(source, tmp_path / "out", "exiftool-xml", monkeypatch)
    text = (tmp_path / "out" / "metadata" / "it's 1.xml").read_text(encoding="utf-8")
    ET.fromstring(text)  # noqa: S314 - made by the job
    assert "a page of a test" in text
    assert str(tmp_path) not in text


def test_grok_makes_a_picture_that_looks_like_its_source(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(source, tmp_path / "out", "grok-rate10", monkeypatch, rate=20)
    with Image.open(tmp_path / "out" / "it's 1.jp2") as made:
        assert made.size == (900, 300)


def test_tesseract_makes_a_table_of_words(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(source, tmp_path / "out", "tesseract-tsv", monkeypatch, language="eng")
    lines = (tmp_path / "out" / "tsv" / "it's 1.tsv").read_text(encoding="utf-8").splitlines()
    words = [line.split("\t")[-1] for line in lines if line.startswith("5\t")]
    assert words == ["moon", "over", "woods"]


def test_a_file_that_tesseract_cannot_read_is_an_error(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "2.tif").write_bytes(b"no picture")
    with pytest.raises(JobFailedError, match=r"^2\.tif: "):
        job(source, tmp_path / "out", "tesseract-tsv", monkeypatch, language="eng")
