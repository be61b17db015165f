"""PDFs without a program: page labels, chosen pages, which pictures stay, where words go."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.fulltext.model import Block, Box, Line, PageText, Word
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Work, WorkPage
from taskmanager_plugin_runner.plugins.pdf import PdfPlugin, text_layer
from taskmanager_plugin_runner.plugins.pdf.checking import letters_lost
from taskmanager_plugin_runner.plugins.pdf.glyphless import Codes
from taskmanager_plugin_runner.plugins.pdf.labels import LabelRange, label_ranges
from taskmanager_plugin_runner.plugins.pdf.page import Making, require_same_shape, stays
from taskmanager_plugin_runner.plugins.pdf.parameters import Compression, PdfParameters, chosen_pages
from taskmanager_plugin_runner.plugins.pdf.planning import plan
from taskmanager_plugin_runner.plugins.pictures.facts import Alpha, Colour, PictureFacts

JPEG = PictureFacts("jpeg", (600, 800), Colour.RGB, 3, 8)


def shown(ranges: list[LabelRange], count: int) -> list[str]:
    """What a reader shows, for styles without roman numbers."""
    found = []
    for index in range(count):
        last = [one for one in ranges if one.first <= index][-1]
        number = last.start + index - last.first
        found.append(str(number) if last.style == "D" else last.prefix)
    return found


def test_page_labels_are_ranges_of_numbers_or_fixed_texts() -> None:
    assert label_ranges([None, None]) == []
    assert label_ranges([None, "i", "ii", "1", "2", "[3]", "IV"]) == [
        LabelRange(0, None),
        LabelRange(1, "r", 1),
        LabelRange(3, "D", 1),
        LabelRange(5, None, prefix="[3]"),
        LabelRange(6, "R", 4),
    ]
    assert label_ranges(["01", "iiii", "1a"]) == [
        LabelRange(0, None, prefix="01"),
        LabelRange(1, None, prefix="iiii"),
        LabelRange(2, None, prefix="1a"),
    ]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.none(), st.integers(1, 9).map(str), st.sampled_from(["[1]", "1a", "007"]))))
def test_page_labels_show_exactly_what_is_printed(labels: list[str | None]) -> None:
    ranges = label_ranges(labels)
    if any(labels):
        assert shown(ranges, len(labels)) == [label or "" for label in labels]


def test_pages_can_be_chosen() -> None:
    assert chosen_pages(None, 3) == [0, 1, 2]
    assert chosen_pages("3, 1-2,2", 3) == [0, 1, 2]
    for wrong in ("0", "4", "2-1", "1-9"):
        with pytest.raises(ValueError, match=wrong):
            chosen_pages(wrong, 3)
    for wrong in ("1-", "a", "1;2", ""):
        with pytest.raises(ValidationError):
            PdfParameters(pages=wrong)
    for name in ("../x", ".hidden", "a/b", ""):
        with pytest.raises(ValidationError):
            PdfParameters(name=name)


def test_only_what_every_reader_shows_stays_as_it_is() -> None:
    making = Making(Compression.KEEP, 80, None, 300)
    assert stays(JPEG, making)
    assert stays(replace(JPEG, format="jp2", colour=Colour.GREY, samples=1), making)
    assert not stays(JPEG, replace(making, compression=Compression.JPEG))
    for other in (
        replace(JPEG, format="j2k"),
        replace(JPEG, format="tiff"),
        replace(JPEG, bits=12),
        replace(JPEG, orientation=6),
        replace(JPEG, colour=Colour.CMYK),
        replace(JPEG, format="jp2", compression="high throughput"),
        replace(JPEG, format="jp2", alpha=Alpha.UNASSOCIATED, samples=4),
        replace(JPEG, icc=b"no profile"),
    ):
        assert not stays(other, making), other


def page(*words: Word, box: Box | None = None) -> PageText:
    return PageText(100, 200, (Block((Line(words, box),)),))


def test_a_word_is_as_wide_as_its_place_and_as_high_as_its_line() -> None:
    text = page(Word("ab", Box(10, 20, 30, 8)), box=Box(10, 18, 80, 12))
    layer = text_layer.lay(text, (50, 100), (1, 1))
    assert b"/TextLayer 6.000 Tf 250.000 Tz 1 0 0 1 5.000 86.200 Tm <006100620020> Tj" in layer.operators
    assert (layer.words, layer.letters, layer.unplaced, layer.own_codes) == (1, "ab", 0, {})


def test_words_without_a_place_or_outside_of_the_page_are_counted() -> None:
    text = page(Word("a", None), Word("b", Box(500, 20, 30, 8)), Word("\x07", Box(1, 1, 1, 1)))
    layer = text_layer.lay(text, (50, 100), (1, 1))
    assert (layer.words, layer.unplaced) == (0, 3)
    shared = text_layer.lay(page(Word("a", None), Word("b", None), box=Box(0, 0, 30, 10)), (50, 100), (1, 1))
    assert (shared.words, shared.unplaced) == (2, 0)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.text(max_size=20),
    st.tuples(*(st.floats(-500, 500, allow_nan=False) for _ in range(4))),
)
def test_whatever_a_file_says_the_operators_are_sound(
    text: str, place: tuple[float, float, float, float]
) -> None:
    layer = text_layer.lay(page(Word(text, Box(*place))), (50, 100), (1, 1))
    assert layer.words + layer.unplaced == 1
    assert not {"nan", "inf"} & set(layer.operators.decode("ascii").split())


def test_characters_beyond_the_common_ones_have_codes_of_their_own() -> None:
    codes = Codes()
    assert codes.of("a\U0001d504\U0001d505\U0001d504") == "0061D800D801D800"
    assert codes.own == {"\U0001d504": 0xD800, "\U0001d505": 0xD801}


def test_lost_letters_are_counted_whatever_their_order() -> None:
    assert letters_lost("abba", "baab") == 0
    assert letters_lost("abbac", "aab") == 2
    assert text_layer.plain("\ufb01 a\u0308 \u017f\u00ad") == "fias"


def test_an_alto_page_must_have_the_shape_of_its_picture() -> None:
    require_same_shape("1.xml", PageText(300, 400, ()), JPEG)
    require_same_shape("1.xml", PageText(None, None, ()), JPEG)
    with pytest.raises(JobFailedError, match="about a page of 400 x 300, but the picture has 600 x 800"):
        require_same_shape("1.xml", PageText(400, 300, ()), JPEG)


def files(*names: str) -> list[Path]:
    return [Path(name) for name in names]


def test_texts_belong_to_pictures_by_their_names() -> None:
    made = plan(
        files("1.tif", "2.tif"), files("2.tif.xml", "1.xml", "9.xml"), Work("-"), None, refuse_mismatch=True
    )
    assert [(str(one.picture), str(one.text)) for one in made.pages] == [
        ("1.tif", "1.xml"),
        ("2.tif", "2.tif.xml"),
    ]
    assert made.warnings == ("1 ALTO file(s) belong to no page: 9.xml",)
    with pytest.raises(JobFailedError, match=r"1.tif and 1.jpg are the same page"):
        plan(files("1.tif", "1.jpg"), [], Work("-"), None, refuse_mismatch=True)


def test_a_mismatch_is_an_error_or_a_warning() -> None:
    work = Work("meta.xml", pages=(WorkPage("P1", "i", ("1",)), WorkPage("P2", "ii", ("2",))))
    with pytest.raises(JobFailedError, match=r"1 page\(s\) of meta.xml have no picture \(2\)"):
        plan(files("1.tif"), [], work, None, refuse_mismatch=True)
    made = plan(files("1.tif", "3.tif"), [], work, None, refuse_mismatch=False)
    assert [(one.label, one.of_work) for one in made.pages] == [("i", 0), (None, None)]
    assert len(made.warnings) == 2
    with pytest.raises(JobFailedError, match=r"names 3, but the book has 2 page"):
        plan(files("1.tif", "2.tif"), [], work, "3", refuse_mismatch=True)


def test_the_manifest_says_what_each_template_takes() -> None:
    manifest = PdfPlugin().manifest
    assert manifest.job_type == "PdfCreation"
    assert manifest.template_default == "book"
    assert set(manifest.templates) == {"book", "book-and-pages", "pages", "small", "viewer"}
    assert "../media/{stem}/*" in manifest.parts_for("viewer.xml")
    assert manifest.parts_for(None) == manifest.parts_for("book") == manifest.parts_for("none")
