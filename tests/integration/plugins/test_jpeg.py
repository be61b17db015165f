"""JPEG derivatives by the real ImageMagick, opened by another program (Pillow)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins import magick
from taskmanager_plugin_runner.plugins.shell import ShellPlugin
from taskmanager_testing.plugins import run_plugin

Draw = Callable[..., Path]


@pytest.mark.parametrize(
    ("name", "mode", "options", "expected"),
    [
        ("bilevel-lzw.tif", "1", {"compression": "tiff_lzw"}, "L"),
        ("bilevel-g4.tif", "1", {"compression": "group4"}, "L"),
        ("grey.tif", "L", {}, "L"),
        ("grey-16.tif", "I;16", {}, "L"),
        ("grey-16.png", "I;16", {}, "L"),
        ("grey-alpha.png", "LA", {}, "L"),
        ("rgb-lzw.tif", "RGB", {"compression": "tiff_lzw"}, "RGB"),
        ("rgb-jpeg.tif", "RGB", {"compression": "jpeg"}, "RGB"),
        ("ycbcr-jpeg.tif", "YCbCr", {"compression": "jpeg"}, "RGB"),
        ("palette.png", "P", {}, "RGB"),
        ("rgba.png", "RGBA", {}, "RGB"),
        ("rgba.tif", "RGBA", {}, "RGB"),
        ("cmyk.tif", "CMYK", {}, "RGB"),
        ("cmyk.jpg", "CMYK", {"quality": 95}, "RGB"),
        ("rgb.jpg", "RGB", {"quality": 95}, "RGB"),
        ("rgb.jp2", "RGB", {}, "RGB"),
    ],
)
def test_every_kind_of_page_becomes_a_jpeg_of_its_size(
    *,
    draw: Draw,
    source: Path,
    tmp_path: Path,
    name: str,
    mode: str,
    options: dict[str, object],
    expected: str,
) -> None:
    original = draw(name, mode, **options)
    run_plugin(ShellPlugin(), source, tmp_path / "out", template="jpeg.xml")
    with Image.open(tmp_path / "out" / f"{original.stem}.jpg") as image, Image.open(original) as drawn:
        image.load()
        assert (image.format, image.size, image.mode) == ("JPEG", drawn.size, expected)


def test_transparency_becomes_white(source: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (200, 0, 0, 0)).save(source / "1.png")
    run_plugin(ShellPlugin(), source, tmp_path / "out")
    with Image.open(tmp_path / "out" / "1.jpg") as image:
        assert image.convert("RGB").getpixel((32, 32)) == (255, 255, 255)


def test_resolution_and_profile_are_kept(
    draw: Draw, source: Path, tmp_path: Path, srgb_profile: bytes
) -> None:
    draw("1.tif", dpi=(300, 300), icc_profile=srgb_profile)
    draw("2.png", dpi=(400, 400))
    run_plugin(ShellPlugin(), source, tmp_path / "out")
    with Image.open(tmp_path / "out" / "1.jpg") as first, Image.open(tmp_path / "out" / "2.jpg") as second:
        assert first.info["dpi"] == pytest.approx((300, 300))
        assert first.info["icc_profile"] == srgb_profile
        assert second.info["dpi"] == pytest.approx((400, 400), rel=0.01)


def test_a_turned_picture_is_turned(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif", tiffinfo={274: 6})
    run_plugin(ShellPlugin(), source, tmp_path / "out")
    with Image.open(tmp_path / "out" / "1.jpg") as image:
        assert image.size == (430, 310)
        assert image.getexif().get(274, 1) == 1


def test_only_the_first_page_is_taken_and_the_job_says_so(draw: Draw, source: Path, tmp_path: Path) -> None:
    pages = [Image.new("L", (50, 60), grey) for grey in (0, 255, 128)]
    pages[0].save(source / "1.tif", save_all=True, append_images=pages[1:])
    context = run_plugin(ShellPlugin(), source, tmp_path / "out")
    said = "1.tif: the file has 3 pages; only the first was taken (`pages`: all takes every one)"
    assert ("warning", said) in context.log.lines
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1.jpg"]
    with Image.open(tmp_path / "out" / "1.jpg") as image:
        assert image.getpixel((25, 30)) == 0


def test_all_pages_of_a_file_are_numbered(source: Path, tmp_path: Path) -> None:
    pages = [Image.new("L", (50, 60), grey) for grey in (0, 255, 128)]
    pages[0].save(source / "1.tif", save_all=True, append_images=pages[1:])
    context = run_plugin(ShellPlugin(), source, tmp_path / "out", parameters={"pages": "all"})
    made = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in made] == ["1_0001.jpg", "1_0002.jpg", "1_0003.jpg"]
    for path, grey in zip(made, (0, 255, 128), strict=True):
        with Image.open(path) as image:
            assert image.getpixel((25, 30)) == pytest.approx(grey, abs=1)
    assert context.records[0].results == ("1_0001.jpg", "1_0002.jpg", "1_0003.jpg")
    assert context.records[0].warnings == ()


def test_several_sizes_come_from_one_read_and_go_where_goobi_looks(
    draw: Draw, source: Path, tmp_path: Path
) -> None:
    draw("1.tif", "RGB", (1000, 1400))
    run_plugin(ShellPlugin(), source, tmp_path / "out", template="goobi-thumbnails")
    for side in (400, 800):
        with Image.open(tmp_path / "out" / f"{source.name}_{side}" / "1.jpg") as image:
            assert max(image.size) == side


def test_a_job_may_name_its_own_derivatives(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif", "RGB", (1000, 1400))
    wanted: list[JsonValue] = [{"folder": "small", "longest_side": 100}, {"longest_side": 700}]
    run_plugin(ShellPlugin(), source, tmp_path / "out", parameters={"derivatives": wanted})
    for path, side in (("small/1.jpg", 100), ("1.jpg", 700)):
        with Image.open(tmp_path / "out" / path) as image:
            assert max(image.size) == side


def test_two_derivatives_never_share_a_place(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif")
    wanted: list[JsonValue] = [{"longest_side": 100}, {"longest_side": 200}]
    with pytest.raises(JobFailedError, match="two derivatives go to the same folder"):
        run_plugin(ShellPlugin(), source, tmp_path / "out", parameters={"derivatives": wanted})


def test_a_background_of_ones_own_stands_behind_transparent_pixels(source: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(source / "1.png")
    run_plugin(ShellPlugin(), source, tmp_path / "out", parameters={"background": "#0000ff"})
    with Image.open(tmp_path / "out" / "1.jpg") as image:
        assert image.getpixel((30, 30)) == pytest.approx((0, 0, 254), abs=3)


def test_a_picture_beyond_the_limit_of_memory_is_refused_with_the_numbers(
    draw: Draw, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("1.tif", "RGB", (4000, 4000))
    monkeypatch.setenv("TASKMANAGER_PICTURE_MEMORY_MB", "300")
    with pytest.raises(JobFailedError, match=r"4,000 x 4,000 pixels .*TASKMANAGER_PICTURE_MEMORY_MB allows"):
        run_plugin(ShellPlugin(), source, tmp_path / "out")


@pytest.mark.parametrize(("template", "side"), [("jpeg-small", 200), ("thumbnail", 100)])
def test_a_reduced_picture_has_the_longest_side_asked_for(
    draw: Draw, source: Path, tmp_path: Path, template: str, side: int
) -> None:
    draw("1.tif", "1")
    draw("2.jpg")
    draw("small.png", size=(40, 30))
    run_plugin(ShellPlugin(), source, tmp_path / "out", template=template, parameters={"size": side})
    sizes = {}
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as image:
            sizes[path.name] = image.size
    assert max(sizes["1.jpg"]) == max(sizes["2.jpg"]) == side
    assert sizes["small.jpg"] == (40, 30)


def test_quality_makes_a_difference(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif")
    for quality in (20, 95):
        run_plugin(ShellPlugin(), source, tmp_path / str(quality), parameters={"quality": quality})
    low, high = ((tmp_path / str(quality) / "1.jpg").stat().st_size for quality in (20, 95))
    assert low * 2 < high


@pytest.mark.parametrize(
    "name",
    [
        "-resize.png",
        "a[0].png",
        "a[1x1].png",
        "%d.png",
        "@1.png",
        "msl:1.png",
        "a*?.png",
        "a b.png",
        "ä.png",
        "~.png",
    ],
)
def test_a_file_name_is_only_a_name(draw: Draw, source: Path, tmp_path: Path, name: str) -> None:
    draw(name)
    run_plugin(ShellPlugin(), source, tmp_path / "out [%d]")
    result = tmp_path / "out [%d]" / f"{Path(name).stem}.jpg"
    with Image.open(result) as image:
        assert image.size == (310, 430)
    assert list((tmp_path / "out [%d]").iterdir()) == [result]


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0"?><image><read filename="label:x"/><write filename="/tmp/x.png"/></image>',
        b"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 '/etc/passwd'\npop graphic-context",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        b"%!PS\n(/etc/passwd) run",
        b"",
    ],
)
def test_a_script_with_the_name_of_an_image_is_no_image(source: Path, tmp_path: Path, content: bytes) -> None:
    (source / "1.tif").write_bytes(content)
    with pytest.raises(JobFailedError, match=r"^1.tif: it is (empty|not a TIFF)"):
        run_plugin(ShellPlugin(), source, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "options"),
    [("1.jpg", {}), ("1.png", {}), ("1.jp2", {}), ("prog.jpg", {"progressive": True})],
)
def test_half_a_file_never_becomes_a_result(
    draw: Draw, source: Path, tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    path = draw(name, **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(JobFailedError, match=f"^{name}: "):
        run_plugin(ShellPlugin(), source, tmp_path / "out")
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
        run_plugin(ShellPlugin(), source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_unknown_tags_do_no_harm(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif", tiffinfo={65000: "a scanner's own"})
    run_plugin(ShellPlugin(), source, tmp_path / "out")
    assert (tmp_path / "out" / "1.jpg").is_file()


def test_a_header_that_claims_a_terabyte_ends_at_once(draw: Draw, source: Path, tmp_path: Path) -> None:
    path = draw("1.png", "L")
    data = bytearray(path.read_bytes())
    data[16:24] = (1_000_000).to_bytes(4) * 2
    path.write_bytes(data)
    with pytest.raises(JobFailedError, match=r"^1.png: "):
        run_plugin(ShellPlugin(), source, tmp_path / "out")


def test_the_imagemagick_in_use_is_one() -> None:
    assert magick._is_imagemagick(magick.program("magick"))
    assert magick._is_imagemagick(magick.program("identify"))
