"""Images without a job: which way a page is turned, where it is cut, where a watermark goes."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import JobSpec
from taskmanager_plugin_runner.plugins.folders import filled
from taskmanager_plugin_runner.plugins.images import ImagesPlugin, geometry, watermark
from taskmanager_plugin_runner.plugins.images.geometry import Geometry
from taskmanager_plugin_runner.plugins.images.job import treatment_of
from taskmanager_plugin_runner.plugins.images.parameters import ImageDerivative, ImagesParameters
from taskmanager_plugin_runner.plugins.images.profile import Profile, Watermark
from taskmanager_plugin_runner.plugins.images.treatment import Mark, Position, Treatment

Pixels = NDArray[Any]
LIMIT = timedelta(seconds=60)
WHITE = (255, 255, 255)
STRAIGHT = Treatment(deskew=True)
CROPPED = Treatment(crop=True)


def page(
    angle: float = 0.0, mode: str = "L", ground: int = 255, size: tuple[int, int] = (900, 1200)
) -> Image.Image:
    """A page of lines, turned counterclockwise by that many degrees on a ground."""
    drawn = Image.new("L", size, 255)
    pen = ImageDraw.Draw(drawn)
    for line in range(24):
        pen.text(
            (80, 80 + 44 * line), "Der Mond ist aufgegangen, die goldnen", 0, ImageFont.load_default(size=36)
        )
    return drawn.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=ground).convert(mode)


def on_ground(drawn: Image.Image, brightness: int, edge: int = 120) -> Image.Image:
    around = Image.new(drawn.mode, (drawn.width + 2 * edge, drawn.height + 3 * edge), brightness)
    around.paste(drawn, (edge, 2 * edge))
    return around


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image).reshape(image.height, image.width, -1)


class Apart:
    """Calls in a process of their own, which is not forked from this one.

    libvips and OpenCV keep threads. A process that has them cannot fork safely, and other tests fork.
    """

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> None:
        self._executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown()

    def call(self, work: Callable[..., Any], *arguments: Any) -> Any:
        assert self._executor is not None
        return self._executor.submit(work, *arguments).result(LIMIT.total_seconds())


_APART = Apart()


@pytest.fixture(scope="module", autouse=True)
def apart() -> Iterator[None]:
    with _APART:
        yield


def find(source: Pixels, treatment: Treatment) -> tuple[Geometry, list[str]]:
    found: tuple[Geometry, list[str]] = _APART.call(geometry.find, source, treatment)
    return found


def applied(source: Pixels, shape: Geometry, background: tuple[int, int, int]) -> Pixels:
    made: Pixels = _APART.call(geometry.applied, source, shape, background)
    return made


def require_applied(made: Pixels, source: Pixels, shape: Geometry, background: tuple[int, int, int]) -> None:
    _APART.call(geometry.require_applied, made, source, shape, background)


@pytest.mark.parametrize("angle", [-4.0, -1.3, 0.5, 2.2])
def test_a_skew_page_is_turned_back_whichever_way_it_leans(angle: float) -> None:
    source = pixels(page(angle))
    found, notes = find(source, STRAIGHT)
    assert found.angle == pytest.approx(-angle, abs=0.2)
    assert not notes
    turned = applied(source, found, WHITE)
    require_applied(turned, source, found, WHITE)
    assert abs(find(turned, STRAIGHT)[0].angle) <= 0.2


def test_a_straight_page_is_left_as_it_is() -> None:
    assert find(pixels(page()), Treatment(deskew=True, crop=True)) == (Geometry(), [])


def test_a_blank_page_is_left_as_it_is() -> None:
    blank = np.full((1200, 900, 1), 255, np.uint8)
    assert find(blank, Treatment(deskew=True, crop=True)) == (Geometry(), [])


def test_a_page_that_is_too_skew_is_left_as_it_is_with_a_note() -> None:
    found, notes = find(pixels(page(8)), STRAIGHT)
    assert not found.changes
    assert "more than the limit of 5" in notes[0]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_dark_ground_is_cut_off(mode: str) -> None:
    source = pixels(on_ground(page(), 30).convert(mode))
    found, notes = find(source, CROPPED)
    assert found.box is not None
    assert np.allclose(found.box, (120, 240, 900, 1200), atol=4)
    assert not notes
    result = applied(source, found, WHITE)
    require_applied(result, source, found, WHITE)
    assert result[5:-5, 5:-5].min(initial=255) < 50 < np.median(result)


def test_a_margin_is_kept_but_never_more_than_there_is() -> None:
    source = pixels(on_ground(page(), 30, edge=20))
    found, _ = find(source, Treatment(crop=True, crop_margin=20))
    assert found.box is None


def test_a_skew_page_on_a_dark_ground_is_turned_and_then_cut() -> None:
    source = pixels(on_ground(page(2, ground=30), 30))
    found, notes = find(source, Treatment(deskew=True, crop=True))
    assert found.angle == pytest.approx(-2, abs=0.2)
    assert found.box is not None
    assert np.allclose(found.box[2:], (900, 1200), atol=20)
    assert not notes


def test_something_else_than_a_page_on_a_dark_ground_is_not_cut() -> None:
    drawn = Image.new("L", (800, 1000), 20)
    ImageDraw.Draw(drawn).ellipse((300, 300, 420, 420), fill=250)
    found, notes = find(pixels(drawn), CROPPED)
    assert not found.changes
    assert "no page of a plausible shape" in notes[0]


@pytest.mark.parametrize(
    "wrong", [Geometry(2.0), Geometry(box=(0, 0, 450, 1200)), Geometry(box=(0, 300, 900, 900))]
)
def test_a_picture_that_was_turned_or_cut_otherwise_is_noticed(wrong: Geometry) -> None:
    source = pixels(page())
    with pytest.raises(JobFailedError, match="another program"):
        require_applied(source, source, wrong, WHITE)


def mark(text: str = "Library", **more: object) -> Mark:
    given: dict[str, object] = {
        "text": text,
        "picture": None,
        "font": None,
        "position": Position.BOTTOM_RIGHT,
        "height": 5.0,
        "opacity": 1.0,
        "colour": (0, 0, 0),
    }
    return Mark(**(given | more))  # type: ignore[arg-type] # as given


@pytest.mark.parametrize("position", Position)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_watermark_is_where_it_is_wanted_and_nowhere_else(position: Position, channels: int) -> None:
    blank = np.full((600, 800, channels), 255, np.uint8)
    made, seen = watermark.applied(blank, mark(position=position))
    assert seen
    rows, columns = np.nonzero((made != blank).any(axis=2))
    middle = columns.mean() / 800, rows.mean() / 600
    wanted = {
        Position.TOP_LEFT: (True, True),
        Position.TOP_RIGHT: (False, True),
        Position.BOTTOM_LEFT: (True, False),
        Position.BOTTOM_RIGHT: (False, False),
    }
    if position is Position.CENTRE:
        assert np.allclose(middle, 0.5, atol=0.05)
    else:
        assert (middle[0] < 0.4, middle[1] < 0.4) == wanted[position]
    assert rows.max() - rows.min() <= 40


def test_a_watermark_of_the_colour_of_the_page_is_reported() -> None:
    blank = np.full((600, 800, 3), 255, np.uint8)
    assert watermark.applied(blank, mark(colour=WHITE))[1] is False


def test_a_watermark_is_made_smaller_where_it_is_wider_than_the_page() -> None:
    made, seen = watermark.applied(
        np.full((300, 60, 3), 255, np.uint8), mark("A long text for a narrow page")
    )
    assert seen
    assert made.shape == (300, 60, 3)


def test_a_picture_as_a_watermark_keeps_its_transparency(tmp_path: Path) -> None:
    logo = Image.new("RGBA", (40, 20), (255, 0, 0, 0))
    ImageDraw.Draw(logo).rectangle((20, 0, 39, 19), fill=(255, 0, 0, 255))
    logo.save(tmp_path / "logo.png")
    blank = np.full((400, 400, 3), 255, np.uint8)
    made, _ = watermark.applied(blank, mark("", picture=tmp_path / "logo.png", position=Position.CENTRE))
    columns = np.nonzero((made != blank).any(axis=(0, 2)))[0]
    assert columns.min() >= 199
    with pytest.raises(JobFailedError, match="cannot be read"):
        watermark.applied(blank, mark("", picture=tmp_path / "none.png"))


def test_a_letter_that_the_font_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watermark, "FONTS", ())
    with pytest.raises(JobFailedError, match="has no ü"):
        watermark.applied(np.zeros((100, 100, 3), np.uint8), mark("für"))


def test_folders_of_derivatives_are_filled_and_lead_nowhere_else() -> None:
    spec = JobSpec(plugin="images", source="/files/17/master", title="a/book")
    assert filled("thumbs/{title}_{source}_400", spec) == "thumbs/book_master_400"
    assert filled(None, spec) == ""
    for wrong in ("../x", "a/../b", "/a", "a//b", "a/.b", "a b", "{other}"):
        with pytest.raises(ValidationError):
            ImageDerivative(folder=wrong)


def test_a_job_overrides_its_template() -> None:
    profile = Profile(
        title="x", derivatives=(ImageDerivative(),), deskew=True, watermark=Watermark(text="A {title}")
    )
    made = treatment_of(profile, ImagesParameters(), "book")
    assert made.deskew
    assert made.mark is not None
    assert made.mark.text == "A book"
    other = treatment_of(profile, ImagesParameters(deskew=False, crop=True, watermark_text="B"), "book")
    assert (other.deskew, other.crop, other.mark and other.mark.text) == (False, True, "B")
    assert treatment_of(profile, ImagesParameters(watermark_text=""), "book").mark is None


def test_two_derivatives_may_share_a_folder_only_in_different_formats() -> None:
    Profile.model_validate({"title": "x", "derivatives": [{"format": "jpeg"}, {"format": "png"}]})
    with pytest.raises(ValidationError, match="same folder"):
        Profile.model_validate({"title": "x", "derivatives": [{"quality": 80}, {"quality": 90}]})


def test_a_watermark_is_a_text_or_a_picture() -> None:
    for wrong in ({}, {"text": "x", "picture": "/x.png"}):
        with pytest.raises(ValidationError, match="either a text or a picture"):
            Watermark.model_validate(wrong)


def test_the_shipped_templates_are_offered() -> None:
    assert set(ImagesPlugin().manifest.templates) == {"media-and-thumbnails", "straight", "web"}
