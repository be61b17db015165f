# ruff: noqa: E501 - the lines are quoted as the programs wrote them
"""Which warnings of ImageMagick mean damage. The lines are what the programs really wrote."""

from pathlib import Path

import pytest

from taskmanager_plugin_runner.plugins import magick

HARMLESS = [
    "convert: Unknown field with tag 42112 (0xa480) encountered. `TIFFReadDirectory' @ warning/tiff.c/TIFFWarnings/981.",
    'convert: IO error during reading of "Tag 42112"; tag ignored. `TIFFFetchNormalTag\' @ warning/tiff.c/TIFFWarnings/981.',
    "convert: Invalid TIFF directory; tags are not sorted. `TIFFReadDirectoryCheckOrder' @ warning/tiff.c/TIFFWarnings/981.",
    "convert: iCCP: known incorrect sRGB profile `1.png' @ warning/png.c/MagickPNGWarningHandler/1749.",
    "a line that is no diagnosis",
    "",
]
DAMAGE = [
    "convert: Premature end of JPEG file `1.jpg' @ warning/jpeg.c/JPEGWarningHandler/389.",
    "convert: Corrupt JPEG data: 15 extraneous bytes before marker 0xd9. `JPEGLib' @ warning/tiff.c/TIFFWarnings/981.",
    "convert: Premature EOL at line 400 of strip 0 (got 148, expected 600). `Fax4Decode' @ warning/tiff.c/TIFFWarnings/981.",
    "convert: Discarding 46 bytes to avoid buffer overrun. `PackBitsDecode' @ warning/tiff.c/TIFFWarnings/981.",
    "convert: IDAT: CRC error `1.png' @ warning/png.c/MagickPNGWarningHandler/1749.",
    "convert: Read error at scanline 12; got 0 bytes, expected 10980. `TIFFFillStrip' @ error/tiff.c/TIFFErrors/603.",
]


@pytest.mark.parametrize("line", HARMLESS)
def test_a_warning_about_labels_is_harmless(line: str) -> None:
    assert magick.damage(line) == []


@pytest.mark.parametrize("line", DAMAGE)
def test_a_warning_about_pixels_is_damage(line: str) -> None:
    assert magick.damage("\n".join([*HARMLESS, line])) == [line]


def test_an_operator_may_accept_more() -> None:
    assert magick.damage(DAMAGE[1], ["extraneous bytes before marker"]) == []


def test_a_program_that_only_has_the_name_is_not_taken_for_imagemagick(tmp_path: Path) -> None:
    impostor = tmp_path / "magick"
    impostor.write_text("#!/bin/sh\necho some other tool\n")
    impostor.chmod(0o755)
    assert not magick._is_imagemagick((str(impostor),))
