"""OCR without the program: which models a job needs, and what is accepted as a result."""

import io
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.ocr import OcrPlugin, alto, models, results
from taskmanager_plugin_runner.plugins.ocr.alto import Text
from taskmanager_plugin_runner.plugins.ocr.parameters import FontType, OcrParameters
from taskmanager_plugin_runner.plugins.ocr.picture import PagePicture
from taskmanager_plugin_runner.plugins.ocr.profile import Output, Profile

INSTALLED = ["Fraktur", "chi_tra", "deu", "eng", "lat", "osd"]
SECOND_PAGE = (
    '<Page WIDTH="1" HEIGHT="1" PHYSICAL_IMG_NR="1" ID="p">'
    '<PrintSpace HPOS="0" VPOS="0" WIDTH="1" HEIGHT="1"/></Page>'
)
WORD = '<String ID="s%d" HPOS="%d" VPOS="10" WIDTH="40" HEIGHT="20" WC="0.9%d" CONTENT=%s/>'


def alto_3(*words: str, width: int = 400, more: str = "", pages: str = "") -> str:
    """A file as Tesseract writes it, with these words side by side."""
    line = "".join(WORD % (number, 50 * number, number, quoteattr(word)) for number, word in enumerate(words))
    place = 'HPOS="0" VPOS="10" WIDTH="90" HEIGHT="20"'
    block = f'<TextBlock ID="b" {place}><TextLine ID="l" {place}>{line}</TextLine></TextBlock>'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v3#">
	<Description><MeasurementUnit>pixel</MeasurementUnit>
		<sourceImageInformation><fileName>/scratch/page.pgm</fileName></sourceImageInformation>
		<OCRProcessing ID="OCR_0"><ocrProcessingStep>
			<processingSoftware><softwareName>tesseract 5.3.0</softwareName></processingSoftware>
		</ocrProcessingStep></OCRProcessing>
	</Description>
	<Layout><Page WIDTH="{width}" HEIGHT="300" PHYSICAL_IMG_NR="0" ID="page_0">
		<PrintSpace HPOS="0" VPOS="0" WIDTH="{width}" HEIGHT="300">{block if words else ""}{more}</PrintSpace>
	</Page>{pages}</Layout>
</alto>"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "result.xml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def converted(path: Path) -> Text:
    alto.convert(path, "1.tif", "")
    return alto.read(path)


@pytest.mark.parametrize(
    ("languages", "font_type", "chosen"),
    [
        (("ger",), FontType.ANTIQUA, ["deu"]),
        (("deu", "lat"), FontType.ANTIQUA, ["deu", "lat"]),
        (("la", "DEU"), FontType.ANTIQUA, ["lat", "deu"]),
        (("ger", "de"), FontType.FRAKTUR, ["Fraktur", "deu"]),
        (("chi",), FontType.ANTIQUA, ["chi_tra"]),
    ],
)
def test_codes_of_libraries_become_models_that_are_there(
    languages: tuple[str, ...], font_type: FontType, chosen: list[str]
) -> None:
    assert models.choose(languages, font_type, 3, INSTALLED) == chosen


@pytest.mark.parametrize(
    ("languages", "font_type", "mode", "installed", "said"),
    [
        (("fre",), FontType.ANTIQUA, 3, ["deu", "eng"], "no model for the language fre; installed: deu, eng"),
        (("ger",), FontType.FRAKTUR, 3, ["deu"], "no model for Fraktur"),
        (("ger",), FontType.ANTIQUA, 1, ["deu"], "page segmentation 1 needs the model osd"),
        (("ger",), FontType.ANTIQUA, 3, [], "installed: -"),
    ],
)
def test_what_is_not_installed_is_said_with_what_is(
    languages: tuple[str, ...], font_type: FontType, mode: int, installed: list[str], said: str
) -> None:
    with pytest.raises(JobFailedError, match=said):
        models.choose(languages, font_type, mode, installed)


def test_the_list_of_models_is_read_without_its_heading() -> None:
    assert models.listed('List of available languages in "/x/" (2):\ndeu\nscript/Latin\n') == [
        "deu",
        "script/Latin",
    ]


@pytest.mark.parametrize("given", ["ger, lat", "ger+lat", "ger;lat", ["ger", "lat"], "ger lat "])
def test_languages_are_taken_as_goobi_and_tesseract_write_them(given: object) -> None:
    assert OcrParameters.model_validate({"language": given}).language == ("ger", "lat")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Antiqua", FontType.ANTIQUA),
        ("fracture", FontType.FRAKTUR),
        ("Fraktur", FontType.FRAKTUR),
        ("", None),
    ],
)
def test_types_are_taken_as_goobi_writes_them(given: str, meant: FontType | None) -> None:
    assert OcrParameters.model_validate({"font_type": given}).font_type is meant


@pytest.mark.parametrize("given", ["-l", "../deu", "d", "deu\n", "x" * 70, ["ger", ""], 7, ["deu"] * 9])
def test_what_is_no_language_is_refused(given: object) -> None:
    values = {"language": [given] if given == "deu\n" else given}
    with pytest.raises(ValidationError):
        OcrParameters.model_validate(values)


def test_a_template_makes_alto_and_names_a_language() -> None:
    with pytest.raises(ValidationError, match="must name alto"):
        Profile.model_validate({"title": "x", "outputs": ["txt"]})
    with pytest.raises(ValidationError, match="at least one"):
        Profile.model_validate({"title": "x", "language": []})


def test_the_plugin_offers_its_templates_and_titles_in_german() -> None:
    manifest = OcrPlugin().manifest
    assert (manifest.job_type, manifest.templates) == ("OCR", ("all", "fraktur", "standard"))
    properties = manifest.parameters["properties"]
    assert isinstance(properties, dict)
    named = [name for name, one in properties.items() if isinstance(one, dict) and "x-titles" in one]
    assert {"language", "font_type", "page_segmentation", "dpi_if_missing"} <= set(named)


def test_alto_of_tesseract_becomes_alto_4_about_the_source_file(written: Callable[[str], Path]) -> None:
    path = written(alto_3("Sorge", "&", "<Amt>"))
    alto.convert(path, 'a "b" & c.tif', "-l deu --psm 3 --dpi 300")
    assert alto.read(path) == Text(400, 300, ("Sorge", "&", "<Amt>"), (0.90, 0.91, 0.92))
    assert alto.read(path).confidence == 91
    root = alto.parse(path).getroot()
    said = {element.tag.rpartition("}")[2]: element.text for element in root.iter() if len(element) == 0}
    assert root.tag == f"{{{alto.NAMESPACE}}}alto"
    assert said["fileName"] == 'a "b" & c.tif'
    assert (said["softwareName"], said["softwareVersion"]) == ("tesseract", "5.3.0")
    assert "/scratch" not in path.read_text(encoding="utf-8")


@given(
    words=st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8), max_size=7)
)
def test_no_word_is_changed_on_the_way(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    path = tmp_path_factory.mktemp("alto") / "result.xml"
    path.write_text(alto_3(*words), encoding="utf-8")
    assert converted(path).words == tuple(words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<alto", "not well-formed"),
        ("", "not well-formed"),
        (alto_3("a", more="<Picture/>"), "not as ALTO 4 prescribes"),
        (alto_3("a").replace('WC="0.90"', 'WC="1.2"'), "not as ALTO 4 prescribes"),
        (
            alto_3("a").replace('HPOS="0" VPOS="10" WIDTH="40"', 'HPOS="0" VPOS="10" WIDTH="401"'),
            "the word a lies outside",
        ),
        (alto_3("a", width=30), "the word a lies outside"),
        (alto_3("a", pages=SECOND_PAGE), "2 pages instead of one"),
    ],
)
def test_what_is_no_alto_of_one_page_is_refused(written: Callable[[str], Path], text: str, said: str) -> None:
    with pytest.raises(JobFailedError, match=said):
        converted(written(text))


def picture(tmp_path: Path, width: int = 400, embedded: Path | None = None) -> PagePicture:
    return PagePicture(tmp_path / "page.pgm", width, 300, 300, embedded, ())


def test_alto_about_a_page_of_another_size_is_refused(tmp_path: Path, written: Callable[[str], Path]) -> None:
    path = written(alto_3("a"))
    alto.convert(path, "1.tif", "")
    assert results.require_alto(path, picture(tmp_path)).words == ("a",)
    with pytest.raises(JobFailedError, match="a page of 400 x 300, but the picture has 401 x 300"):
        results.require_alto(path, picture(tmp_path, 401))


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (Output.TEXT, "two\n"),
        (Output.TEXT, "two words more"),
        (Output.TEXT, ""),
        (Output.HOCR, '<html xmlns="http://www.w3.org/1999/xhtml"><span class="ocrx_word">two</span></html>'),
    ],
)
def test_results_that_do_not_have_the_words_of_the_alto_file_are_refused(
    tmp_path: Path, output: Output, text: str
) -> None:
    path = tmp_path / f"result{output.suffix}"
    path.write_text(text, encoding="utf-8")
    said = Text(400, 300, ("two", "words"), (0.9, 0.9))
    with pytest.raises(JobFailedError, match=f"{output.value} has"):
        results.finish(output, path, picture(tmp_path), "1.tif", said)


def test_a_pdf_of_another_size_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "page.jpg"
    image.write_bytes(_jpeg(400, 300))
    path = tmp_path / "result.pdf"
    with pikepdf.new() as made:
        made.add_blank_page(page_size=(96, 90))  # 72 high at 300 dots per inch
        made.save(path)
    with pytest.raises(JobFailedError, match="96 x 90 pt, but the picture has 96 x 72 pt"):
        results.finish(Output.PDF, path, picture(tmp_path, embedded=image), "1.tif", Text(400, 300, (), ()))


def _jpeg(width: int, height: int) -> bytes:

    stream = io.BytesIO()
    Image.new("L", (width, height), 255).save(stream, "JPEG")
    return stream.getvalue()
