"""PDFs of drawn and real books, read again by Poppler and qpdf: pictures, words, structure."""

import re
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from pydantic import JsonValue
from tests.integration.plugins import drawn_process
from tests.integration.plugins.drawn_process import DPI, PAGES, SIZE, DrawnPage, draw
from tests.sample_data.folder import SAMPLE_DATA

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.pdf import PdfPlugin
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

NAME = "title_of_a_process.pdf"
BOOKS = SAMPLE_DATA / "books"
NEAR = 1.0
"""Points by which places may differ."""


def made(process: Path, output: Path, template: str = "book", **parameters: JsonValue) -> LocalContext:
    return run_plugin(PdfPlugin(), process, output, template=template, parameters=dict(parameters))


def text_of(path: Path, page: int) -> list[str]:
    """The words that pdftotext finds on a page."""
    command = ["pdftotext", "-raw", "-enc", "UTF-8", "-f", str(page), "-l", str(page), str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def picture_of(page: pikepdf.Page) -> pikepdf.Stream:
    """The one picture of a page."""
    (found,) = page.get_images().values()
    assert isinstance(found, pikepdf.Stream)
    return found


def target_of(item: pikepdf.OutlineItem) -> pikepdf.Page:
    """The page that a bookmark leads to."""
    assert isinstance(item.destination, pikepdf.Array)
    return pikepdf.Page(item.destination[0])


def filter_of(stream: pikepdf.Stream) -> str:
    """How a stream is compressed."""
    return str(stream.Filter[0] if isinstance(stream.Filter, pikepdf.Array) else stream.Filter)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of one job, which several tests look at; nobody changes it."""
    folder = tmp_path_factory.mktemp("book")
    made(draw(folder / "17"), folder / "out", "book-and-pages")
    return folder


def test_every_word_is_found_again_on_its_page_also_beyond_the_common_characters(book: Path) -> None:
    for number, page in enumerate(PAGES, start=1):
        wanted = " ".join(page.lines).split()
        assert text_of(book / "out" / NAME, number) == wanted
        assert text_of(book / "out" / f"{page.stem}.pdf", 1) == wanted


def test_words_are_where_they_are_printed(book: Path) -> None:
    command = ["pdftotext", "-bbox", "-f", "2", "-l", "2", str(book / "out" / NAME), "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {
        word: tuple(map(float, place))
        for *place, word in re.findall(
            r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.+?)</word>', said
        )
    }
    scale = 72 / 300  # the JPEG 2000 file gives no resolution
    for number, line in enumerate(PAGES[1].lines):
        for word in line.split():
            left, top, width, height = drawn_process.place_of(number, line, word)
            wanted = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
            assert found[word] == pytest.approx(wanted, abs=NEAR), word


def test_jpeg_and_jpeg_2000_are_unchanged_and_black_and_white_is_group_4(book: Path) -> None:
    pictures = book / "17" / "images" / "title_of_a_process_media"
    with pikepdf.open(book / "out" / NAME) as pdf:
        streams = [picture_of(page) for page in pdf.pages]
        filters = [filter_of(stream) for stream in streams]
        assert filters == ["/DCTDecode", "/JPXDecode", "/CCITTFaxDecode", "/DCTDecode"]
        for index in (0, 1, 3):
            page = PAGES[index]
            assert streams[index].read_raw_bytes() == (pictures / f"{page.stem}{page.suffix}").read_bytes()
        sizes = [[float(value) for value in page.mediabox[2:]] for page in pdf.pages]
    assert sizes[0] == pytest.approx([SIZE[0] * 72 / DPI, SIZE[1] * 72 / DPI])
    assert sizes[1] == pytest.approx([SIZE[0] * 72 / 300, SIZE[1] * 72 / 300])


def test_structure_labels_and_metadata_come_from_goobis_file(book: Path) -> None:
    with pikepdf.open(book / "out" / NAME) as pdf:
        with pdf.open_outline() as outline:
            (top,) = outline.root
            inner = [(one.title, pdf.pages.index(target_of(one))) for one in top.children]
        assert (top.title, inner) == ("Of waters & woods", [("Of rivers", 1), ("Title page", 2)])
        assert [page.label for page in pdf.pages] == ["", "i", "1", "2"]
        with pdf.open_metadata() as metadata:
            assert metadata["dc:title"] == "Of waters & woods"
            assert metadata["dc:creator"] == ["Ada Bach"]
            assert metadata["dc:date"] == ["1791"]
            assert "pdfaid:part" not in metadata
        assert str(pdf.docinfo.Author) == "Ada Bach"
        assert str(pdf.Root.Lang) == "de"
        (intent,) = pdf.Root.OutputIntents.as_list()
        assert str(intent.OutputConditionIdentifier) == "sRGB IEC61966-2.1"
        fonts = {page.Resources.Font["/TextLayer"].objgen for page in pdf.pages}
    assert len(fonts) == 2, "pages share a font, but for the one with characters of its own"


def test_without_text_and_metadata_a_folder_of_pictures_is_enough(tmp_path: Path) -> None:
    process = draw(tmp_path / "17")
    pictures = process / "images" / "title_of_a_process_media"
    context = made(pictures, tmp_path / "out")
    with pikepdf.open(tmp_path / "out" / NAME) as pdf:
        assert len(pdf.pages) == len(PAGES)
        assert "/Outlines" not in pdf.Root
    assert [one.name for one in context.records] != []
    assert "no metadata" in "".join(text for _, text in context.log.lines)


def test_the_order_is_that_of_the_metadata_and_pages_can_be_chosen(tmp_path: Path) -> None:
    process = draw(tmp_path / "17")
    (process / "meta.xml").write_text(drawn_process.meta(PAGES[::-1]), encoding="utf-8")
    made(process, tmp_path / "out", pages="1, 3-4", name="Extract", titles=["type"])
    path = tmp_path / "out" / "Extract.pdf"
    assert [text_of(path, number)[-1] for number in (1, 2, 3)] == ["\ueba2", "lakes", "book"]
    with pikepdf.open(path) as pdf:
        assert [page.label for page in pdf.pages] == ["2", "i", ""]


def test_a_small_pdf_has_smaller_pictures_on_pages_of_the_same_size(tmp_path: Path) -> None:
    process = draw(tmp_path / "17", PAGES[:2])
    made(process, tmp_path / "out", "small", longest_side=400, outputs=["book", "pages"])
    with pikepdf.open(tmp_path / "out" / NAME) as pdf:
        for page in pdf.pages:
            image = picture_of(page)
            assert (int(image.Width), int(image.Height), filter_of(image)) == (300, 400, "/DCTDecode")
        assert float(pdf.pages[0].mediabox[3]) == pytest.approx(SIZE[1] * 72 / DPI)


def test_a_book_that_is_called_like_a_page_is_refused(tmp_path: Path) -> None:
    process = draw(tmp_path / "17", PAGES[:1])
    with pytest.raises(JobFailedError, match=r"would both be 00000001.pdf"):
        made(process, tmp_path / "out", "book-and-pages", name="00000001")


def test_lossless_puts_other_pictures_in_as_they_are(tmp_path: Path) -> None:
    process = draw(tmp_path / "17", PAGES[:1])
    (picture,) = (process / "images" / "title_of_a_process_media").iterdir()
    Image.open(picture).save(picture.with_suffix(".png"), dpi=(DPI, DPI))
    wanted = Image.open(picture.with_suffix(".png")).tobytes()
    picture.unlink()
    made(process, tmp_path / "out", compression="lossless")
    with pikepdf.open(tmp_path / "out" / NAME) as pdf:
        image = pikepdf.PdfImage(picture_of(pdf.pages[0])).as_pil_image()
    assert image.tobytes() == wanted


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("stem", ["00000001", "00000002", "00000003"])
def test_a_broken_picture_is_named_and_nothing_is_made(tmp_path: Path, stem: str) -> None:
    process = draw(tmp_path / "17")
    picture = next((process / "images").rglob(f"{stem}.*"))
    cut(picture)
    with pytest.raises(JobFailedError, match=f"^{picture.name}: "):
        made(process, tmp_path / "out")
    assert not (tmp_path / "out" / NAME).exists()


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('WIDTH="600" HEIGHT="800"', 'WIDTH="800" HEIGHT="600"', "about a page of 800 x 600"),
        ('HPOS="60"', 'HPOS="left"', "'left', which is no usable number"),
        ("</alto>", "", "00000002.xml is not well-formed XML"),
        ("<alto ", "<page ", "not well-formed|no ALTO"),
    ],
)
def test_a_text_that_does_not_fit_is_named(tmp_path: Path, old: str, new: str, text: str) -> None:
    process = draw(tmp_path / "17")
    alto = process / "ocr" / "title_of_a_process_alto" / "00000002.xml"
    alto.write_text(alto.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(JobFailedError, match=text) as raised:
        made(process, tmp_path / "out")
    assert str(raised.value).startswith("00000002.jp2: ")


def test_pages_that_the_metadata_and_the_folder_do_not_share_are_named(tmp_path: Path) -> None:
    process = draw(tmp_path / "17")
    extra = DrawnPage("00000005", ".jpg", ("more",))
    (process / "meta.xml").write_text(drawn_process.meta((*PAGES, extra)), encoding="utf-8")
    with pytest.raises(JobFailedError, match=r"1 page\(s\) of meta.xml have no picture \(00000005\)"):
        made(process, tmp_path / "out")
    (process / "meta.xml").write_text(drawn_process.meta(PAGES[:3]), encoding="utf-8")
    with pytest.raises(JobFailedError, match=r"1 picture\(s\) are no page of meta.xml \(00000004\)"):
        made(process, tmp_path / "out")


def test_a_page_without_text_is_a_warning(tmp_path: Path) -> None:
    process = draw(tmp_path / "17")
    texts = process / "ocr" / "title_of_a_process_alto"
    (texts / "00000002.xml").rename(texts / "00000009.xml")
    context = made(process, tmp_path / "out")
    warned = [text for level, text in context.log.lines if level == "warning"]
    assert warned == [
        "1 ALTO file(s) belong to no page: 00000009.xml",
        "00000002.jp2: it gives no usable resolution; 300 dpi were assumed",
        "00000002.jp2: it has no ALTO file",
    ]


def test_a_cancelled_job_leaves_no_book(tmp_path: Path) -> None:
    process = draw(tmp_path / "17")
    with pytest.raises(CancelledInTestError):
        run_plugin(PdfPlugin(), process, tmp_path / "out", cancel_at=3)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_viewers_source_is_a_mets_file_whose_pictures_and_texts_lie_beside_it(tmp_path: Path) -> None:
    process, viewer = draw(tmp_path / "17"), tmp_path / "viewer"
    shutil.copytree(process / "images" / "title_of_a_process_media", viewer / "media" / "PPN1")
    shutil.copytree(process / "ocr" / "title_of_a_process_alto", viewer / "alto" / "PPN1")
    (viewer / "indexed_mets").mkdir()
    mets = shutil.copy(process / "meta.xml", viewer / "indexed_mets" / "PPN1.xml")
    made(Path(mets), tmp_path / "out", "viewer")
    assert text_of(tmp_path / "out" / "PPN1.pdf", 2) == ["Of", "rivers", "and", "of", "lakes"]


@pytest.mark.skipif(not BOOKS.is_dir(), reason="the sample books are not on this machine")
def test_a_real_book_with_its_mets_file(tmp_path: Path) -> None:
    context = made(BOOKS / "1001", tmp_path / "out")
    with pikepdf.open(tmp_path / "out" / NAME) as pdf:
        assert len(pdf.pages) == 4
        assert str(pdf.docinfo.Title) == "Die Frau und der Sozialismus"
        assert {filter_of(picture_of(page)) for page in pdf.pages} == {"/CCITTFaxDecode"}
    assert [record.state.value for record in context.records] == ["done"] * 5
