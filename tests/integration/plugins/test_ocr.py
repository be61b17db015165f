"""Drawn and real pages read by Tesseract: the words that were written are found, where they were written."""

import re
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageDraw, ImageFont
from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api import tools
from taskmanager_plugin_runner.plugins.ocr import OcrPlugin
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
WORDS = ("The", "moon", "rises", "over", "quiet", "woods", "and", "meadows")
SIZE = (1400, 700)
DPI = 300
NEAR = 8
"""Pixels by which places may differ: programs include the edges of letters or not."""
LINE = 25
"""In height, half a line: in a PDF the height of a word is that of its font."""


def drawn(*lines: str, mode: str = "L") -> Image.Image:
    """A page with these lines, large enough to be read without fault."""
    image = Image.new("RGB", SIZE, "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=60)
    for number, line in enumerate(lines):
        pen.text((100, 100 + 120 * number), line, fill="black", font=font)
    return image.convert(mode)


def read(source: Path, output: Path, template: str = "standard", **parameters: JsonValue) -> LocalContext:
    """One job, in English unless told otherwise."""
    chosen: Mapping[str, JsonValue] = {"language": "eng", **parameters}
    return run_plugin(OcrPlugin(), source, output, template=template, parameters=dict(chosen))


def result(output: Path, kind: str, name: str) -> Path:
    found = list((output / "ocr").glob(f"*_{kind}/{name}"))
    assert len(found) == 1, f"{name} in {sorted(output.rglob('*'))}"
    return found[0]


def words_of(output: Path, stem: str = "1") -> list[str]:
    root = ET.parse(result(output, "alto", f"{stem}.xml")).getroot()  # noqa: S314 - made by the job
    return [one.attrib["CONTENT"] for one in root.iter(f"{ALTO}String")]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_the_words_are_found_in_every_kind_of_result_and_in_their_places(
    source: Path, tmp_path: Path
) -> None:
    drawn(" ".join(WORDS[:4]), " ".join(WORDS[4:])).save(source / "1.tif", dpi=(DPI, DPI))
    out = tmp_path / "out"
    context = read(source, out, "all")

    assert words_of(out) == list(WORDS)
    assert result(out, "txt", "1.txt").read_text(encoding="utf-8").split() == list(WORDS)
    assert result(out, "hocr", "1.hocr").read_text(encoding="utf-8").count("class='ocrx_word'") == len(WORDS)
    assert 'image "1.tif"' in result(out, "hocr", "1.hocr").read_text(encoding="utf-8")
    in_pdf, in_alto = places_in_pdf(result(out, "pdf", "1.pdf")), places_in_alto(out)
    assert len(in_pdf) == len(in_alto)
    for (left, middle), (wanted_left, wanted_middle) in zip(in_pdf, in_alto, strict=True):
        assert left == pytest.approx(wanted_left, abs=NEAR)
        assert middle == pytest.approx(wanted_middle, abs=LINE)
    assert context.records[0].result_facts["words"] == len(WORDS)
    assert not context.records[0].warnings


def places_in_alto(output: Path) -> list[tuple[float, float]]:
    """Left and middle of each word in pixels."""
    root = ET.parse(result(output, "alto", "1.xml")).getroot()  # noqa: S314 - made by the job
    return [
        (float(one.attrib["HPOS"]), float(one.attrib["VPOS"]) + float(one.attrib["HEIGHT"]) / 2)
        for one in root.iter(f"{ALTO}String")
    ]


def places_in_pdf(path: Path) -> list[tuple[float, float]]:
    """The same, as poppler finds them in the text layer; its words end where it likes."""
    said = tools.run(["pdftotext", "-bbox", path, "-"]).stdout
    found = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)"', said)
    return [
        (float(left) * DPI / 72, (float(top) + float(bottom)) / 2 * DPI / 72) for left, top, bottom in found
    ]


def test_the_picture_in_the_pdf_is_that_of_the_page(source: Path, tmp_path: Path) -> None:
    page = drawn(" ".join(WORDS[:4]), mode="1")
    page.save(source / "1.tif", compression="group4", dpi=(DPI, DPI))
    read(source, tmp_path / "out", "all")
    pdf = result(tmp_path / "out", "pdf", "1.pdf")
    tools.run(["pdfimages", "-png", pdf, tmp_path / "embedded"])
    with Image.open(tmp_path / "embedded-000.png") as found:
        assert found.size == SIZE
        assert found.convert("1").tobytes() == page.tobytes()


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("1.tif", "1", {"compression": "group4"}),
        ("1.tif", "RGB", {"compression": "jpeg"}),
        ("1.png", "RGBA", {}),
        ("1.jpg", "CMYK", {}),
        ("1.jp2", "L", {}),
    ],
)
def test_pictures_of_every_kind_are_read(
    source: Path, tmp_path: Path, name: str, mode: str, options: dict[str, str]
) -> None:
    drawn("moon over woods", mode=mode).save(source / name, **options)
    context = read(source, tmp_path / "out")
    assert words_of(tmp_path / "out") == ["moon", "over", "woods"]
    assert any("300 dpi were assumed" in one for one in context.records[0].warnings)


def test_all_pages_of_a_file_are_read_on_request(source: Path, tmp_path: Path) -> None:
    pages = [drawn(word) for word in WORDS[4:6]]
    pages[0].save(source / "1.tif", save_all=True, append_images=pages[1:], dpi=(DPI, DPI))
    read(source, tmp_path / "out", pages="all")
    assert [words_of(tmp_path / "out", f"1_000{number}") for number in (1, 2)] == [["quiet"], ["woods"]]


def test_a_blank_page_is_done_with_a_warning(source: Path, tmp_path: Path) -> None:
    drawn().save(source / "1.tif", dpi=(DPI, DPI))
    context = read(source, tmp_path / "out", "all")
    assert words_of(tmp_path / "out") == []
    assert context.records[0].warnings == ("no text was found",)


def test_a_page_on_its_side_is_read_if_told_so(source: Path, tmp_path: Path) -> None:
    lines = [" ".join(WORDS), "moon over quiet woods and meadows", "the woods and the meadows rest"]
    drawn(*lines).transpose(Image.Transpose.ROTATE_90).save(source / "1.tif", dpi=(DPI, DPI))
    read(source, tmp_path / "out", "all", page_segmentation=1)
    assert {"moon", "woods", "meadows"} <= set(words_of(tmp_path / "out"))


def test_a_damaged_picture_ends_the_job_and_names_it(source: Path, tmp_path: Path) -> None:
    drawn("moon").save(source / "1.tif", dpi=(DPI, DPI))
    whole = (source / "1.tif").read_bytes()
    (source / "2.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JobFailedError, match=r"^2\.tif: "):
        read(source, tmp_path / "out")


def test_a_language_that_is_not_installed_ends_the_job_before_any_page(source: Path, tmp_path: Path) -> None:
    drawn("moon").save(source / "1.tif")
    with pytest.raises(JobFailedError, match=r"no model for the language tlh; installed: .*eng"):
        read(source, tmp_path / "out", language="tlh")


def test_a_cancelled_job_begins_no_further_page(source: Path, tmp_path: Path) -> None:
    for number in range(3):
        drawn("moon").save(source / f"{number}.tif", dpi=(DPI, DPI))
    with pytest.raises(CancelledInTestError):
        run_plugin(OcrPlugin(), source, tmp_path / "out", parameters={"language": "eng"}, cancel_at=2)


@pytest.mark.parametrize(
    ("book", "parameters", "wrong_most"),
    [
        ("1003", {"language": "ger", "font_type": "fraktur"}, 0.30),
        ("1004", {"language": "ger"}, 0.05),
    ],
)
def test_real_pages_are_read_as_well_as_they_were_measured(
    samples: Path, tmp_path: Path, book: str, parameters: dict[str, str], wrong_most: float
) -> None:
    """Against the ground truth, by words: letters are compared after the spelling of the time is undone."""
    folder = samples / "books" / book
    masters = next((folder / "images").glob("master_*"))
    copied = tmp_path / "source"
    shutil.copytree(masters, copied)
    read(copied, tmp_path / "out", **parameters)
    truth = plain(next((folder / "ocr").glob("*_gt/*.txt")).read_text(encoding="utf-8"))
    found = plain(next((tmp_path / "out" / "ocr").glob("*_txt/*.txt")).read_text(encoding="utf-8"))
    missing = sum(1 for word in truth if word not in set(found))
    assert missing / len(truth) <= wrong_most


def plain(text: str) -> list[str]:
    """Words of at least four letters, without what printers of the time did."""
    text = unicodedata.normalize("NFKC", text.replace("\u017f", "s").replace("\u0364", "\u0308"))
    return re.findall(r"[^\W\d_]{4,}", unicodedata.normalize("NFC", text))
