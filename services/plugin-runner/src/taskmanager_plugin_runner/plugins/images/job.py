"""Runs one job of the plugin `images`."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.deriving import Deriving, Pace
from taskmanager_plugin_runner.plugins.folders import TITLE, filled
from taskmanager_plugin_runner.plugins.images import making
from taskmanager_plugin_runner.plugins.images.parameters import ImageDerivative, ImagesParameters
from taskmanager_plugin_runner.plugins.images.profile import Profile, Watermark
from taskmanager_plugin_runner.plugins.images.treatment import Format, Mark, Order, Treatment
from taskmanager_plugin_runner.plugins.pages import Page
from taskmanager_plugin_runner.plugins.parameters import rgb
from taskmanager_plugin_runner.plugins.pictures import memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.derivatives import Derived

_RESHAPED_BYTES = 12
"""Per pixel: the screen picture turned, cut, and once more while it is compared."""


class ImagesJob(Deriving[ImageDerivative]):
    """One job with its template."""

    def __init__(self, context: JobContext, profile: Profile, parameters: ImagesParameters) -> None:
        spec = context.spec
        title = Path(spec.work_title).name or "pages"
        chosen = parameters.derivatives or profile.derivatives
        wanted = [(one, context.output / filled(one.folder, spec)) for one in chosen]
        super().__init__(context, parameters, wanted, Pace(profile.parallel, profile.time_limit_seconds))
        self._treatment = treatment_of(profile, parameters, title)

    def suffix(self, derivative: ImageDerivative) -> str:
        """That of its format."""
        return derivative.format.suffix

    def introduction(self) -> str:
        """The libraries, and what is done to each page."""
        done = [
            word
            for word, is_done in (("straightened", self._treatment.deskew), ("cropped", self._treatment.crop))
            if is_done
        ]
        libraries = f"libvips {version('pyvips-binary')}, OpenCV {version('opencv-python-headless')}"
        made = "; ".join(
            f"{one.format.value}, {'full size' if one.longest_side is None else f'{one.longest_side} px'}"
            + (f", in {one.folder}" if one.folder else "")
            for one, _ in self.wanted
        )
        return f"{libraries}: {' and '.join([*done, ''])}{made}"

    def make(self, pool: DecodingPool, file: Path, page: Page, paths: Sequence[Path]) -> Derived:
        """All derivatives of one page from one decoding."""
        orders = tuple(
            Order(
                path,
                one.format,
                one.longest_side,
                one.quality,
                # WebP knows no grey, so a profile for grey would not fit
                one.keep_profile and not (one.format is Format.WEBP and page.facts.grey),
                one.watermark,
            )
            for path, (one, _) in zip(paths, self.wanted, strict=True)
        )
        needed = page.memory_bytes
        if self._treatment.reshapes:
            needed += _RESHAPED_BYTES * page.facts.pixels
        try:
            memory.require_room(page.facts, needed, memory.allowed())
        except JobFailedError as error:
            raise JobFailedError(page.said(told(error))) from error
        with pool.room(needed):
            made: Derived = pool.call(
                making.make, file, page.facts, orders, self._treatment, time_limit=self.time_limit
            )
        return made


def treatment_of(profile: Profile, parameters: ImagesParameters, title: str) -> Treatment:
    """What the template says, unless the job says otherwise."""
    return Treatment(
        deskew=profile.deskew if parameters.deskew is None else parameters.deskew,
        deskew_limit=profile.deskew_limit,
        crop=profile.crop if parameters.crop is None else parameters.crop,
        crop_margin=profile.crop_margin,
        mark=_mark(profile.watermark, parameters.watermark_text, title),
        background=parameters.background_rgb,
    )


def _mark(watermark: Watermark | None, text: str | None, title: str) -> Mark | None:
    if text == "" or (text is None and watermark is None):
        return None
    told = watermark or Watermark(text=text or "")
    mark = Mark(
        text=told.text.replace(TITLE, title),
        picture=told.picture,
        font=told.font,
        position=told.position,
        height=told.height,
        opacity=told.opacity,
        colour=rgb(told.colour),
    )
    return mark if text is None else replace(mark, text=text.replace(TITLE, title), picture=None)
