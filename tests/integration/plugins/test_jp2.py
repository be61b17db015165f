"""JPEG 2000 by the real opj_compress, opened by opj_decompress and Pillow, pixel by pixel."""

import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jpylyzer import jpylyzer
from PIL import Image, ImageChops
from tests.images.noise import noise

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api import tools
from taskmanager_plugin_runner.plugins import magick
from taskmanager_plugin_runner.plugins.jp2 import Jp2Plugin
from taskmanager_plugin_runner.plugins.pictures.formats import read_facts
from taskmanager_testing.plugins import run_plugin

Draw = Callable[..., Path]
PROFILES = Jp2Plugin().manifest.templates


def decoded(path: Path) -> Image.Image:
    """What opj_decompress makes of a JP2 file."""
    png = path.with_suffix(".png")
    tools.run(["opj_decompress", "-i", path, "-o", png])
    with Image.open(png) as image:
        image.load()
        return image.copy()


def differ(first: Image.Image, second: Image.Image) -> bool:
    """Whether any pixel differs; bilevel and palette images are compared by their colours."""
    plain = {"1": "L", "P": "RGB", "YCbCr": "RGB"}
    first = first.convert(plain.get(first.mode, first.mode))
    return first.mode != second.mode or first.size != second.size or first.tobytes() != second.tobytes()


def largest_difference(first: Image.Image, second: Image.Image) -> int:
    """The most any sample of two pictures differs."""
    differences = ImageChops.difference(first, second)
    return max(level for band in differences.split() for level, count in enumerate(band.histogram()) if count)


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("bilevel-lzw.tif", "1", {"compression": "tiff_lzw"}),
        ("bilevel-g4.tif", "1", {"compression": "group4"}),
        ("bilevel.png", "1", {}),
        ("grey.tif", "L", {}),
        ("grey-lzw.TIFF", "L", {"compression": "tiff_lzw"}),
        ("grey.png", "L", {}),
        ("grey-16.tif", "I;16", {}),
        ("grey-16-deflate.tif", "I;16", {"compression": "tiff_adobe_deflate"}),
        ("grey-16.png", "I;16", {}),
        ("grey-alpha.png", "LA", {}),
        ("grey-alpha.tif", "LA", {}),
        ("rgb.tif", "RGB", {}),
        ("rgb-lzw.tif", "RGB", {"compression": "tiff_lzw"}),
        ("rgb-packbits.tif", "RGB", {"compression": "packbits"}),
        ("rgb-jpeg.tif", "RGB", {"compression": "jpeg"}),
        ("rgb.png", "RGB", {}),
        ("rgb.bmp", "RGB", {}),
        ("rgba.png", "RGBA", {}),
        ("rgba.tif", "RGBA", {}),
        ("palette.png", "P", {}),
    ],
)
def test_lossless_means_every_pixel_of_every_kind(
    draw: Draw, source: Path, tmp_path: Path, name: str, mode: str, options: dict[str, object]
) -> None:
    original = draw(name, mode, **options)
    run_plugin(Jp2Plugin(), source, tmp_path / "out", template="lossless")
    with Image.open(original) as drawn:
        assert not differ(drawn, decoded(tmp_path / "out" / f"{original.stem}.jp2"))


def png_with(path: Path, *chunks: tuple[bytes, bytes]) -> None:
    """Add chunks behind the header of a PNG file."""
    data = path.read_bytes()
    more = b"".join(
        struct.pack(">I", len(text)) + kind + text + struct.pack(">I", zlib.crc32(kind + text))
        for kind, text in chunks
    )
    path.write_bytes(data[:33] + more + data[33:])


@pytest.mark.parametrize(
    "chunk", [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 45455)), (b"gAMA", struct.pack(">I", 70000))]
)
def test_a_png_that_speaks_of_gamma_keeps_its_pixels(
    draw: Draw, source: Path, tmp_path: Path, chunk: tuple[bytes, bytes]
) -> None:
    """opj_compress alone would apply the gamma to the pixels."""
    path = draw("1.png")
    png_with(path, chunk)
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    with Image.open(path) as drawn:
        assert not differ(drawn, decoded(tmp_path / "out" / "1.jp2"))


def test_a_png_of_16_bits_a_colour_keeps_them_on_its_detour(source: Path, tmp_path: Path) -> None:
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">HHH", x * 999, y * 888, x * y * 7) for x in range(64))
        for y in range(64)
    )
    path = source / "1.png"
    header = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    png_with(path, (b"IHDR", header), (b"sRGB", b"\0"), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    words = [*magick.program("magick"), tmp_path / "out" / "1.jp2", "-depth", "16", "rgb:-"]
    raw = subprocess.run([str(word) for word in words], check=True, capture_output=True).stdout
    assert raw == struct.pack(
        f"={64 * 64 * 3}H",
        *struct.unpack(
            f">{64 * 64 * 3}H", b"".join(rows[start + 1 : start + 385] for start in range(0, len(rows), 385))
        ),
    )


@pytest.mark.parametrize(
    "how",
    [("-interlace", "PNG", "png"), ("-define", "tiff:tile-geometry=64x64", "tif"), ("-endian", "MSB", "tif")],
)
def test_interlaced_tiled_and_big_endian_images_are_read_correctly(
    draw: Draw, source: Path, tmp_path: Path, how: tuple[str, str, str]
) -> None:
    plain = draw("plain.png")
    made = tmp_path / f"made.{how[2]}"
    tools.run([*magick.program("magick"), plain, *how[:2], made])
    plain.unlink()
    made.rename(source / made.name)
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    with Image.open(source / made.name) as drawn:
        assert not differ(drawn, decoded(tmp_path / "out" / "made.jp2"))


def test_a_jpeg_is_compressed_as_it_looks(draw: Draw, source: Path, tmp_path: Path) -> None:
    original = draw("1.jpg", quality=95)
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    with Image.open(original) as drawn:
        assert (
            largest_difference(drawn, decoded(tmp_path / "out" / "1.jp2")) <= 3
        )  # decoders may round differently


def test_a_palette_of_16_bits_is_scaled_to_8(draw: Draw, source: Path, tmp_path: Path) -> None:
    """Pillow cuts the palette of a TIFF to 8 bits, ImageMagick scales it as TIFF 6.0 says: one step apart."""
    original = draw("1.tif", "P")
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    with Image.open(original) as drawn:
        assert largest_difference(drawn.convert("RGB"), decoded(tmp_path / "out" / "1.jp2")) <= 1


def test_cmyk_is_refused_unless_it_may_be_converted(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif", "CMYK")
    with pytest.raises(JobFailedError, match="it is CMYK, which would have to be converted to sRGB"):
        run_plugin(Jp2Plugin(), source, tmp_path / "out")
    context = run_plugin(Jp2Plugin(), source, tmp_path / "out", parameters={"convert": True})
    assert decoded(tmp_path / "out" / "1.jp2").mode == "RGB"
    assert "it was converted, so this is not lossless" in context.records[0].warnings


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15])
def test_odd_depths_are_kept(source: Path, tmp_path: Path, bits: int) -> None:
    """The expected picture is a PGM of that depth, made from a TIFF that another library's program writes."""
    values = [(x * 37 + y * 91) % 2**bits for y in range(48) for x in range(64)]
    raw = tmp_path / "1.pgm"
    raw.write_bytes(b"P5\n64 48\n%d\n" % (2**bits - 1) + struct.pack(f">{64 * 48}H", *values))
    words = ["opj_compress", "-i", str(raw), "-o", str(source / "1.jp2")]
    tools.run(words)
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    tools.run(["opj_decompress", "-i", tmp_path / "out" / "1.jp2", "-o", tmp_path / "2.pgx"])
    header, _, samples = next(tmp_path.glob("2*.pgx")).read_bytes().partition(b"\n")
    assert header.split()[-3:] == [str(bits).encode(), b"64", b"48"]
    order = "<" if b" LM " in header else ">"
    assert list(struct.unpack(f"{order}{64 * 48}H", samples)) == values


def test_a_turned_picture_is_turned(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif", tiffinfo={274: 6})
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    assert read_facts(tmp_path / "out" / "1.jp2")[0].width == 430


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_every_profile_makes_files_other_programs_open(
    draw: Draw, source: Path, tmp_path: Path, profile: str, mode: str
) -> None:
    several_tiles = (1060, 1100)
    draw("page.tif", mode, several_tiles, compression="tiff_lzw")
    draw("tiny.tif", mode, (3, 2))
    run_plugin(Jp2Plugin(), source, tmp_path / "out", template=f"{profile}.xml")
    for name, size in (("page", several_tiles), ("tiny", (3, 2))):
        made = next((tmp_path / "out").glob(f"{name}.*"))
        with Image.open(made) as image:
            image.load()
            assert image.size == size
        if made.suffix == ".jp2":  # not every version of its tool knows Part 15
            assert decoded(made).size == size
        verdict = jpylyzer.checkOneFile(str(made), made.suffix.removeprefix("."))
        assert verdict.findtext("isValid") == "True", ET.tostring(verdict)


@pytest.mark.parametrize(("profile", "ratio"), [("access-rate10", 10), ("newspaper-rate8", 8)])
def test_a_rate_is_kept(source: Path, tmp_path: Path, profile: str, ratio: float) -> None:
    noise((1000, 1000), 80).convert("RGB").save(source / "1.tif")
    run_plugin(Jp2Plugin(), source, tmp_path / "out", template=profile)
    assert 3_000_000 / (tmp_path / "out" / "1.jp2").stat().st_size == pytest.approx(ratio, rel=0.02)


def test_resolution_and_profile_are_kept(
    draw: Draw, source: Path, tmp_path: Path, srgb_profile: bytes
) -> None:
    draw("straight.tif", dpi=(300, 300), icc_profile=srgb_profile)
    draw("detour.jpg", dpi=(600, 600), icc_profile=srgb_profile)
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    for name, dpi in (("straight", 300), ("detour", 600)):
        with Image.open(tmp_path / "out" / f"{name}.jp2") as image:
            assert image.info["dpi"] == pytest.approx((dpi, dpi), rel=1e-5)
        assert srgb_profile in (tmp_path / "out" / f"{name}.jp2").read_bytes()


def test_a_profile_that_does_not_fit_is_left_out_and_the_job_says_so(
    draw: Draw, source: Path, tmp_path: Path, srgb_profile: bytes
) -> None:
    draw("1.tif", "L", icc_profile=srgb_profile)
    context = run_plugin(Jp2Plugin(), source, tmp_path / "out")
    said = "1.tif: its colour profile does not fit its components, or is damaged, and was left out"
    assert ("warning", said) in context.log.lines


@pytest.mark.parametrize(("name", "options"), [("1.jpg", {}), ("1.png", {}), ("1.bmp", {})])
def test_half_a_file_never_becomes_a_result(
    draw: Draw, source: Path, tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    path = draw(name, **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(JobFailedError, match=f"^{name}: "):
        run_plugin(Jp2Plugin(), source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        ("RGB", "tiff_adobe_deflate"),
        ("RGB", "tiff_lzw"),
        ("RGB", "packbits"),
        ("RGB", "jpeg"),
        ("1", "group4"),
    ],
)
def test_damaged_image_data_in_a_tiff_never_becomes_a_result(
    draw: Draw, source: Path, tmp_path: Path, mode: str, compression: str
) -> None:
    path = draw("1.tif", mode, compression=compression)
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    path.write_bytes(data)
    with pytest.raises(JobFailedError, match=r"^1.tif: "):
        run_plugin(Jp2Plugin(), source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_name_is_only_a_name(draw: Draw, source: Path, tmp_path: Path) -> None:
    names = ["-o.tif", "a[0].jpg", "%d.png", "@x.tif", "a b.tif", "ä:ö.tif"]
    for name in names:
        draw(name)
    run_plugin(Jp2Plugin(), source, tmp_path / "out")
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {f"{Path(name).stem}.jp2" for name in names}


def test_parameters_are_refused(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif")
    with pytest.raises(JobFailedError, match="parameter rate: Extra inputs"):
        run_plugin(Jp2Plugin(), source, tmp_path / "out", parameters={"rate": 5})
