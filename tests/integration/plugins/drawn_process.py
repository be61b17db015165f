"""A folder of a process as Goobi keeps it, drawn for a test: pictures, ALTO, `meta.xml`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, ImageDraw, ImageFont

from taskmanager.plugin_api import tools

SIZE = (600, 800)
DPI = 150
_LINE = 60
_NAMESPACES = (
    'xmlns:mets="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3" '
    'xmlns:goobi="http://meta.goobi.org/v1.5.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'
)


@dataclass(frozen=True)
class DrawnPage:
    """A page with the suffix of its picture, its lines, and its printed number."""

    stem: str
    suffix: str
    lines: tuple[str, ...]
    label: str | None = None


PAGES = (
    DrawnPage("00000001", ".jpg", ("Title of the book",)),
    DrawnPage("00000002", ".jp2", ("Of rivers", "and of lakes"), "i"),
    DrawnPage("00000003", ".tif", ("Ueber \u017fchoene W\u00e4lder", "divi-", "ded word"), "1"),
    DrawnPage("00000004", ".jpg", ("The end", "\U0001d504ncient \ueba2"), "2"),
)


def place_of(line: int, text: str, word: str) -> tuple[int, int, int, int]:
    """Where a word of a line is: left, top, width and height in pixels."""
    start = text.index(word)
    return 60 + 14 * start, 80 + _LINE * line, 14 * len(word), 30


def draw(process: Path, pages: Sequence[DrawnPage] = PAGES, title: str = "title_of_a_process") -> Path:
    """Make the folder of a process; returns it."""
    pictures, texts = process / "images" / f"{title}_media", process / "ocr" / f"{title}_alto"
    pictures.mkdir(parents=True)
    texts.mkdir(parents=True)
    for page in pages:
        draw_picture(pictures / f"{page.stem}{page.suffix}", page.lines)
        (texts / f"{page.stem}.xml").write_text(alto(page), encoding="utf-8")
    (process / "meta.xml").write_text(meta(pages), encoding="utf-8")
    return process


def draw_picture(path: Path, lines: Sequence[str]) -> None:
    """A page as a scanner would give it: colour as JPEG or JPEG 2000, black and white as TIFF."""
    image = Image.new("RGB", SIZE, "#f4ecd8")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=24)
    pen.rectangle((20, 20, 120, 50), fill="#803010")
    for number, line in enumerate(lines):
        pen.text((60, 80 + _LINE * number), line, fill="black", font=font)
    match path.suffix:
        case ".tif":
            image.convert("1").save(path, compression="tiff_lzw", dpi=(DPI, DPI))
        case ".jp2":
            source = path.with_suffix(".ppm")
            image.save(source)
            tools.run(["opj_compress", "-i", source, "-o", path])
            source.unlink()
        case _:
            image.save(path, dpi=(DPI, DPI), quality=90)


def alto(page: DrawnPage) -> str:
    """ALTO 4 with the places at which the words were drawn."""
    lines = []
    for number, text in enumerate(page.lines):
        words = "".join(_string(number, text, word) for word in text.split())
        left, top, width, height = place_of(number, text, text)
        place = f'HPOS="{left}" VPOS="{top}" WIDTH="{width}" HEIGHT="{height}"'
        lines.append(f'<TextLine ID="l{number}" {place}>{words}</TextLine>')
    width, height = SIZE
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description><MeasurementUnit>pixel</MeasurementUnit>
<sourceImageInformation><fileName>{page.stem}{page.suffix}</fileName></sourceImageInformation></Description>
<Layout><Page ID="p" PHYSICAL_IMG_NR="1" WIDTH="{width}" HEIGHT="{height}">
<PrintSpace HPOS="0" VPOS="0" WIDTH="{width}" HEIGHT="{height}">
<TextBlock ID="b" HPOS="0" VPOS="0" WIDTH="{width}" HEIGHT="{height}">{"".join(lines)}</TextBlock>
</PrintSpace></Page></Layout></alto>"""


def _string(number: int, text: str, word: str) -> str:
    left, top, width, height = place_of(number, text, word)
    parts = ' SUBS_TYPE="HypPart1" SUBS_CONTENT="divided"' if word == "divi-" else ""
    parts = ' SUBS_TYPE="HypPart2" SUBS_CONTENT="divided"' if word == "ded" else parts
    place = f'HPOS="{left}" VPOS="{top}" WIDTH="{width}" HEIGHT="{height}"'
    return f'<String {place} WC="0.9" CONTENT={quoteattr(word)}{parts}/>'


def meta(pages: Sequence[DrawnPage]) -> str:
    """What Goobi keeps about a monograph with two chapters."""
    files = "".join(
        f'<mets:file ID="FILE_{page.stem}" MIMETYPE="image/tiff"><mets:FLocat LOCTYPE="URL" '
        f'xlink:href="file:///opt/digiverso/goobi/metadata/17/images/book_media/{page.stem}.tif"/></mets:file>'
        for page in pages
    )
    physical = "".join(
        f'<mets:div ID="PHYS_{page.stem}" ORDER="{number}" TYPE="page" '
        f'ORDERLABEL={quoteattr(page.label or " - ")}><mets:fptr FILEID="FILE_{page.stem}"/></mets:div>'
        for number, page in enumerate(pages, start=1)
    )
    chapters = {"LOG_0001": pages[1:2], "LOG_0002": pages[2:]}
    links = "".join(
        f'<mets:smLink xlink:from="{chapter}" xlink:to="PHYS_{page.stem}"/>'
        for chapter, found in {"LOG_0000": pages, **chapters}.items()
        for page in found
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<mets:mets {_NAMESPACES}>
{section("DMDLOG_0000", TitleDocMain="Of waters & woods", DocLanguage="ger", PublicationYear="1791")}
{section("DMDLOG_0001", TitleDocMain="Of rivers")}
<mets:fileSec><mets:fileGrp USE="LOCAL">{files}</mets:fileGrp></mets:fileSec>
<mets:structMap TYPE="LOGICAL"><mets:div ID="LOG_0000" TYPE="Monograph" DMDID="DMDLOG_0000">
<mets:div ID="LOG_0001" TYPE="Chapter" DMDID="DMDLOG_0001"/><mets:div ID="LOG_0002" TYPE="TitlePage"/>
</mets:div></mets:structMap>
<mets:structMap TYPE="PHYSICAL">
<mets:div ID="PHYS_0000" TYPE="BoundBook">{physical}</mets:div></mets:structMap>
<mets:structLink>{links}</mets:structLink></mets:mets>"""


def section(name: str, **values: str) -> str:
    """A description in Goobi's own names, by an author with a first and a last name."""
    entries = "".join(
        f'<goobi:metadata name="{key}">{escape(value)}</goobi:metadata>' for key, value in values.items()
    )
    author = (
        '<goobi:metadata name="Author" type="person"><goobi:firstName>Ada</goobi:firstName>'
        "<goobi:lastName>Bach</goobi:lastName><goobi:displayName>Bach, Ada</goobi:displayName>"
        "</goobi:metadata>"
    )
    return (
        f'<mets:dmdSec ID="{name}"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods><mods:extension>'
        f"<goobi:goobi>{entries}{author}</goobi:goobi></mods:extension></mods:mods></mets:xmlData></mets:mdWrap>"
        "</mets:dmdSec>"
    )


def write_mets(process: Path, media: Path) -> None:
    """A METS document that names the derivatives with their checksums."""
    files, pages = "", ""
    for number, path in enumerate(sorted(media.iterdir())):
        digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        files += (
            f'<file ID="F{number}" CHECKSUM="{digest}" CHECKSUMTYPE="MD5">'
            f'<FLocat LOCTYPE="URL" xlink:href="images/{media.name}/{path.name}"/></file>'
        )
        pages += f'<div><fptr FILEID="F{number}"/></div>'
    (process / "mets.xml").write_text(
        '<mets xmlns="http://www.loc.gov/METS/" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<fileSec><fileGrp>{files}</fileGrp></fileSec><structMap><div>{pages}</div></structMap></mets>",
        encoding="utf-8",
    )
