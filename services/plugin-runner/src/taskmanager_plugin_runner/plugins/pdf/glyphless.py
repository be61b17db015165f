"""The font of the invisible text: it has no shapes, one width, and stands for every character of Unicode.

An embedded font, because some readers do not search text in one that is not. A code is a unit of UTF-16;
characters beyond the Basic Multilingual Plane get codes of the surrogates, which never occur by themselves,
page by page.
"""

import io
from collections.abc import Mapping
from functools import cache
from typing import Final

import pikepdf
from fontTools.fontBuilder import FontBuilder
from pikepdf import Array, Dictionary, Name

NAME: Final = "/GlyphLessFont"
OWN_CODES: Final = "/TaskManagerOwnCodes"
"""Marks a font that no other page can use."""
EM: Final = 1000
WIDTH: Final = 500
"""Of every character, in thousandths of the size of the font."""
DESCENT: Final = 200
"""Below the baseline, in thousandths."""
_FIRST_OWN, _LAST_OWN = 0xD800, 0xDFFF
_HEAD: Final = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_TAIL: Final = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"


class Codes:
    """Gives out the codes of one page; `own` are those that only this page has."""

    def __init__(self) -> None:
        self.own: dict[str, int] = {}

    def of(self, text: str) -> str:
        """The codes of a text in hexadecimal, four digits each; characters without a code are left out."""
        return "".join(f"{code:04X}" for letter in text if (code := self._code(letter)) is not None)

    def _code(self, letter: str) -> int | None:
        number = ord(letter)
        if number <= 0xFFFF:  # noqa: PLR2004 - the Basic Multilingual Plane
            return None if _FIRST_OWN <= number <= _LAST_OWN else number
        if letter not in self.own and len(self.own) <= _LAST_OWN - _FIRST_OWN:
            self.own[letter] = _FIRST_OWN + len(self.own)
        return self.own.get(letter)


def font(pdf: pikepdf.Pdf, own: Mapping[str, int]) -> pikepdf.Object:
    """The font as an object of this PDF; `own` are the further codes of a page."""
    file = pdf.make_stream(_file())
    file.Length1 = len(_file())
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name(NAME),
        Flags=5,  # symbolic, of one width
        FontBBox=Array([0, -DESCENT, WIDTH, EM - DESCENT]),
        ItalicAngle=0,
        Ascent=EM - DESCENT,
        Descent=-DESCENT,
        CapHeight=EM - DESCENT,
        StemV=80,
        FontFile2=file,
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name(NAME),
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        FontDescriptor=pdf.make_indirect(descriptor),
        DW=WIDTH,
        CIDToGIDMap=pdf.make_stream(b"\0\1" * 0x10000),
    )
    made = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name(NAME),
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([pdf.make_indirect(descendant)]),
        ToUnicode=pdf.make_stream(_to_unicode(own)),
    )
    if own:
        made[OWN_CODES] = True
    return pdf.make_indirect(made)


def _to_unicode(own: Mapping[str, int]) -> bytes:
    """What each code means: itself, in ranges that keep within a first byte, as the format demands."""
    highs = [high for high in range(0x100) if not _FIRST_OWN <= high << 8 <= _LAST_OWN]
    rows = [f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>" for high in highs]
    text = _HEAD
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        text += f"{len(part)} beginbfrange\n" + "\n".join(part) + "\nendbfrange\n"
    mapped = [f"<{code:04X}> <{letter.encode('utf-16-be').hex().upper()}>" for letter, code in own.items()]
    for start in range(0, len(mapped), 100):
        part = mapped[start : start + 100]
        text += f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n"
    return (text + _TAIL).encode("ascii")


@cache
def _file() -> bytes:
    """A TrueType font with two glyphs that have no outline."""
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", "blank"])
    builder.setupCharacterMap({0x20: "blank"})
    builder.setupGlyf({".notdef": _blank(), "blank": _blank()})
    builder.setupHorizontalMetrics({".notdef": (WIDTH, 0), "blank": (WIDTH, 0)})
    builder.setupHorizontalHeader(ascent=EM - DESCENT, descent=-DESCENT)
    builder.setupNameTable({"familyName": NAME[1:], "styleName": "Regular", "psName": NAME[1:]})
    builder.setupOS2(sTypoAscender=EM - DESCENT, sTypoDescender=-DESCENT)
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = 0
    written = io.BytesIO()
    builder.save(written)
    return written.getvalue()


def _blank() -> object:
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # noqa: PLC0415 - only once

    return TTGlyphPen(None).glyph()
