"""ALTO of all versions is read, texts are written as ALTO 4, and lines become paragraphs."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.altoconvert import AltoConvertPlugin
from taskmanager_plugin_runner.plugins.epub import EpubPlugin
from taskmanager_plugin_runner.plugins.epub.paragraphs import Paragraph, of_page, of_plain
from taskmanager_plugin_runner.plugins.epub.planning import starts
from taskmanager_plugin_runner.plugins.fulltext import alto_reading, alto_writing
from taskmanager_plugin_runner.plugins.fulltext.model import (
    Area,
    Block,
    BlockKind,
    Box,
    Line,
    PageText,
    Word,
)
from taskmanager_plugin_runner.plugins.goobi_metadata.bookmarks import Bookmark
from taskmanager_plugin_runner.plugins.goobi_metadata.languages import bcp47

OLD = """<?xml version="1.0"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v2#"><Description><MeasurementUnit>mm10</MeasurementUnit>
</Description><Layout><Page ID="p" HEIGHT="2000" WIDTH="1500" PHYSICAL_IMG_NR="1">
<TopMargin><TextBlock ID="t"><TextLine>
<String CONTENT="12" HPOS="700" VPOS="20" WIDTH="20" HEIGHT="20"/></TextLine>
</TextBlock></TopMargin><PrintSpace><ComposedBlock ID="c"><TextBlock ID="b" language="de" TYPE="heading">
<TextLine HPOS="0" VPOS="100" WIDTH="300" HEIGHT="30"><String CONTENT="Wäl" SUBS_TYPE="HypPart1"
 SUBS_CONTENT="Wälder" HPOS="0" VPOS="100" WIDTH="100" HEIGHT="30" WC="0.5"/>
<HYP CONTENT="-" HPOS="100" VPOS="100" WIDTH="10"/></TextLine>
<TextLine><String CONTENT="two words" HPOS="0" VPOS="200" WIDTH="90" HEIGHT="30"/><SP/></TextLine>
</TextBlock></ComposedBlock></PrintSpace></Page></Layout></alto>"""


def page(tmp_path: Path, text: str) -> PageText:
    path = tmp_path / "1.xml"
    path.write_text(text, encoding="utf-8")
    return alto_reading.read_page(path)


def test_old_alto_is_read_with_margins_hyphens_and_lines_in_one_string(tmp_path: Path) -> None:
    found = page(tmp_path, OLD)
    assert (found.width, found.height, found.unit) == (1500, 2000, "mm10")
    assert [(block.kind, block.language) for block in found.blocks] == [
        (BlockKind.HEADER, None),
        (BlockKind.HEADING, "de"),
    ]
    words = list(found.words)
    assert [word.text for word in words] == ["12", "Wäl-", "two", "words"]
    assert words[1] == Word("Wäl-", Box(0, 100, 110, 30), 0.5, "Wälder", first=True)
    assert (words[2].box, words[3].box) == (Box(0, 200, 30, 30), Box(40, 200, 50, 30))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('HPOS="700"', 'HPOS="nan"', "HPOS is 'nan'"),
        ("<Layout>", "", "not well-formed"),
        ("alto", "page", "is no ALTO"),
        ('ID="p"', 'ID="p" x="', "not well-formed"),
    ],
)
def test_what_is_no_alto_is_refused(tmp_path: Path, old: str, new: str, text: str) -> None:
    with pytest.raises(JobFailedError, match=text):
        page(tmp_path, OLD.replace(old, new))


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
BOXES = st.builds(Box, *(st.integers(0, 500).map(float) for _ in range(4)))
LINES = st.lists(
    st.builds(Word, WORDS, BOXES, st.sampled_from([None, 0.0, 0.5, 1.0])), min_size=1, max_size=4
)
KINDS = st.sampled_from(list(BlockKind))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.tuples(KINDS, st.lists(LINES, min_size=1, max_size=3)), max_size=3))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, content: list[tuple[BlockKind, list[list[Word]]]]
) -> None:
    blocks = tuple(
        Block(tuple(Line(tuple(words), Box(1, 2, 3, 4)) for words in lines), Box(1, 2, 3, 4), kind)
        for kind, lines in content
    )
    path = tmp_path_factory.mktemp("alto") / "1.xml"
    written = PageText(500, 600, blocks, areas=(Area(Box(1, 2, 3, 4)), Area(Box(1, 2, 3, 4), drawn=True)))
    alto_writing.write(written, path, "1.tif", "a test")
    alto_writing.require_valid(path)
    assert alto_reading.read_page(path) == PageText(500, 600, blocks, "1.tif")


def test_a_file_that_is_not_as_alto_prescribes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "1.xml"
    alto_writing.write(PageText(5, 6, ()), path, "1.tif", "a test")
    path.write_text(path.read_text(encoding="utf-8").replace("PrintSpace", "Space"), encoding="utf-8")
    with pytest.raises(JobFailedError, match=r"line [0-9]+ of 1.xml is not as ALTO 4 prescribes"):
        alto_writing.require_valid(path)


def flowing(*lines: str, kind: BlockKind = BlockKind.TEXT) -> PageText:
    rows = tuple(Line(tuple(Word(word, None) for word in line.split())) for line in lines)
    return PageText(1, 1, (Block(rows, None, kind),))


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (("one", "two"), "one two"),
        (("divi-", "ded here"), "divided here"),
        (("Nord-", "Ostsee"), "Nord- Ostsee"),
        (("1790-", "a"), "1790- a"),
        (("-", "a"), "- a"),
        (("last-",), "last-"),
        (("a\u00ac", "b\u2e17", "c"), "abc"),
    ],
)
def test_lines_are_joined_and_so_are_divided_words(lines: tuple[str, ...], text: str) -> None:
    assert list(of_page(flowing(*lines), running_heads=False)) == [Paragraph(text)]
    assert list(of_plain("\n".join(lines))) == [Paragraph(text)]


def test_running_heads_are_text_only_if_wanted() -> None:
    head = flowing("12", kind=BlockKind.PAGE_NUMBER)
    assert list(of_page(head, running_heads=False)) == []
    assert list(of_page(head, running_heads=True)) == [Paragraph("12")]
    assert list(of_page(flowing("A", kind=BlockKind.HEADING), running_heads=False)) == [
        Paragraph("A", heading=True)
    ]
    assert list(of_plain("a\x07b\n \nc\f")) == [Paragraph("ab"), Paragraph("c")]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 300), st.lists(st.integers(0, 299), max_size=10))
def test_files_begin_at_parts_and_are_never_too_large(count: int, marks: list[int]) -> None:
    contents = [Bookmark("x", mark) for mark in marks if mark < count]
    found = starts(count, contents)
    assert found[0] == 0
    assert {mark.page for mark in contents} <= set(found)
    assert all(0 < after - before <= 40 for before, after in zip(found, [*found[1:], count], strict=True))


def test_languages_are_written_as_the_web_writes_them() -> None:
    assert bcp47(("ger", "lat", "deu", "German")) == ["de", "la"]
    assert bcp47(()) == ["und"]


def test_the_manifests_say_what_is_taken() -> None:
    alto, epub = AltoConvertPlugin().manifest, EpubPlugin().manifest
    assert (alto.job_type, alto.choose_template("altoconvert")) == ("ALTOCONVERT", "altoconvert")
    assert (epub.job_type, epub.template_default) == ("VIEWEREPUB", "text")
    assert not any("images/" in pattern for pattern in epub.parts_for("text"))
    assert any("images/" in pattern for pattern in epub.parts_for("text-and-pictures"))
