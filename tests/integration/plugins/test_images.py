"""Images with the real libraries: every format, straightened and cropped pages, watermarks, damage."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFont
from pydantic import JsonValue
from tests.integration.plugins.conftest import page

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.images import ImagesPlugin
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

TITLE = "title_of_a_process"
SIZE = (620, 860)
ALL_FORMATS: JsonValue = [
    {"format": "jpeg", "folder": "jpeg", "quality": 90},
    {"format": "png", "folder": "png"},
    {"format": "tiff", "folder": "tiff", "longest_side": 400},
    {"format": "webp", "folder": "webp", "longest_side": 300, "keep_profile": False},
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "master_book_media"
    folder.mkdir()
    return folder


def job(source: Path, output: Path, template: str | None = None, **parameters: JsonValue) -> LocalContext:
    return run_plugin(ImagesPlugin(), source, output, template=template, parameters=parameters)


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        image.load()
        return image.size


@pytest.mark.parametrize("mode", ["1", "I;16", "RGBA", "CMYK"])
def test_every_format_is_made_of_every_kind_of_picture(source: Path, tmp_path: Path, mode: str) -> None:
    page(mode, SIZE).save(source / "1.tif", dpi=(300, 300))
    context = job(source, tmp_path / "out", derivatives=ALL_FORMATS)
    made = {kind: next((tmp_path / "out" / kind).iterdir()) for kind in ("jpeg", "png", "tiff", "webp")}
    assert [path.name for path in made.values()] == ["1.jpg", "1.png", "1.tif", "1.webp"]
    assert size(made["jpeg"]) == size(made["png"]) == SIZE
    assert max(size(made["tiff"])) == 400
    assert max(size(made["webp"])) == 300
    with Image.open(made["png"]) as png, Image.open(made["jpeg"]) as jpeg:
        assert png.mode == jpeg.mode == ("L" if mode in {"1", "L", "I;16"} else "RGB")
        assert png.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        near = np.abs(np.asarray(png, dtype=float) - np.asarray(jpeg, dtype=float)).mean()
    assert near < 8
    assert context.records[0].results == ("jpeg/1.jpg", "png/1.png", "tiff/1.tif", "webp/1.webp")


def test_a_lossless_derivative_of_a_plain_page_has_its_pixels_and_its_profile(
    source: Path, tmp_path: Path, srgb_profile: bytes
) -> None:
    drawn = page("RGB", SIZE)
    drawn.save(source / "1.tif", icc_profile=srgb_profile)
    job(source, tmp_path / "out", derivatives=[{"format": "png"}, {"format": "tiff"}])
    for name in ("1.png", "1.tif"):
        with Image.open(tmp_path / "out" / name) as found:
            assert found.tobytes() == drawn.tobytes()
            assert found.info["icc_profile"] == srgb_profile


def test_a_grey_profile_does_not_get_into_a_webp(source: Path, tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = profile[:16] + b"GRAY" + profile[20:]
    page("L", SIZE).save(source / "1.tif", icc_profile=grey)
    job(source, tmp_path / "out", derivatives=[{"format": "webp"}])
    with Image.open(tmp_path / "out" / "1.webp") as found:
        assert "icc_profile" not in found.info


def test_the_default_template_fills_the_folders_that_goobi_looks_for(source: Path, tmp_path: Path) -> None:
    page("RGB", (900, 1200)).save(source / "1.tif")
    job(source, tmp_path / "out")
    made = {
        str(path.relative_to(tmp_path / "out")): max(size(path)) for path in (tmp_path / "out").rglob("*.jpg")
    }
    assert made == {
        f"images/{TITLE}_media/1.jpg": 1200,
        f"thumbs/{TITLE}_media_400/1.jpg": 400,
        f"thumbs/{TITLE}_media_800/1.jpg": 800,
    }


def skew_scan(angle: float) -> Image.Image:
    """A page of lines that lies skew on a black ground."""
    paper = Image.new("RGB", (1200, 1600), (240, 235, 220))
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(size=44)
    for line in range(28):
        pen.text((100, 100 + 50 * line), "Der Mond ist aufgegangen, die goldnen", (30, 20, 10), font)
    turned = paper.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(10, 10, 10))
    scan = Image.new("RGB", (turned.width + 300, turned.height + 300), (10, 10, 10))
    scan.paste(turned, (100, 180))
    return scan


def test_a_skew_scan_on_a_black_ground_becomes_an_upright_page(source: Path, tmp_path: Path) -> None:
    skew_scan(1.5).save(source / "1.tif", dpi=(300, 300))
    context = job(source, tmp_path / "out", "straight")
    path = tmp_path / "out" / "images" / f"{TITLE}_media" / "1.jpg"
    width, height = size(path)
    assert width == pytest.approx(1200, abs=50)
    assert height == pytest.approx(1600, abs=50)
    with Image.open(path) as found:
        grey = np.asarray(found.convert("L"), dtype=float)
        assert found.info["dpi"] == (300, 300)
    dark_rows = (grey[100:-100, 100:-100] < 100).mean(axis=1)
    assert (dark_rows == 0).sum() > 100, "between straight lines there are rows without any ink"
    assert not context.records[0].warnings


def test_a_watermark_is_on_the_picture_and_not_on_the_thumbnails(source: Path, tmp_path: Path) -> None:
    Image.new("L", (1000, 1000), 255).save(source / "1.tif")
    job(source, tmp_path / "out", watermark_text="(c) {title}")
    with Image.open(tmp_path / "out" / "images" / f"{TITLE}_media" / "1.jpg") as found:
        assert np.asarray(found)[900:, 400:].min() < 240
        assert np.asarray(found)[:800].min() > 240
    with Image.open(tmp_path / "out" / "thumbs" / f"{TITLE}_media_400" / "1.jpg") as found:
        assert np.asarray(found).min() > 240


def test_a_watermark_that_cannot_be_seen_is_a_warning(source: Path, tmp_path: Path) -> None:
    Image.new("L", (1000, 1000), 128).save(source / "1.tif")
    context = job(source, tmp_path / "out", watermark_text="grey on grey")
    assert context.records[0].warnings == ("the watermark can hardly be seen there",)


def test_a_damaged_picture_ends_the_job_and_names_it(source: Path, tmp_path: Path) -> None:
    page("RGB", SIZE).save(source / "1.tif")
    whole = (source / "1.tif").read_bytes()
    (source / "2.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JobFailedError, match=r"^2\.tif: "):
        job(source, tmp_path / "out")


def test_all_pages_of_a_file_are_taken_on_request(source: Path, tmp_path: Path) -> None:
    page("L", SIZE).save(source / "1.tif", save_all=True, append_images=[page("L", SIZE)])
    job(source, tmp_path / "out", "web", pages="all")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1_0001.webp", "1_0002.webp"]


def test_a_page_too_large_for_the_memory_is_refused_before_it_is_read(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page("RGB", (3000, 4000)).save(source / "1.tif")
    monkeypatch.setenv("TASKMANAGER_PICTURE_MEMORY_MB", "420")
    job(source, tmp_path / "out", "web")
    with pytest.raises(JobFailedError, match="TASKMANAGER_PICTURE_MEMORY_MB"):
        job(source, tmp_path / "again", "web", deskew=True)


def test_a_cancelled_job_begins_no_further_page(source: Path, tmp_path: Path) -> None:
    for number in range(6):
        page("L", SIZE).save(source / f"{number}.tif")
    with pytest.raises(CancelledInTestError):
        run_plugin(ImagesPlugin(), source, tmp_path / "out", cancel_at=2)


@pytest.mark.parametrize("book", ["1002", "1004"])
def test_real_pages_are_straightened_without_loss_of_content(
    samples: Path, tmp_path: Path, book: str
) -> None:
    copied = tmp_path / "master"
    shutil.copytree(next((samples / "books" / book / "images").glob("master_*")), copied)
    for surplus in sorted(copied.iterdir())[1:]:
        surplus.unlink()
    context = job(copied, tmp_path / "out", "straight")
    made = next((tmp_path / "out" / "images").rglob("*.jpg"))
    before, after = size(next(copied.iterdir())), size(made)
    assert 0.7 < after[0] * after[1] / (before[0] * before[1]) < 1.2, (before, after, context.records)
