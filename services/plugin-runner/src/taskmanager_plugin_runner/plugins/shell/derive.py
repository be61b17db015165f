"""Runs one job of a derivative template."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from taskmanager.plugin_api.interface import JobContext, parse_parameters
from taskmanager_plugin_runner.plugins.deriving import Deriving, Pace
from taskmanager_plugin_runner.plugins.folders import filled
from taskmanager_plugin_runner.plugins.pages import Page
from taskmanager_plugin_runner.plugins.pictures import derivatives
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.derivatives import Derived, Wanted
from taskmanager_plugin_runner.plugins.shell.derivatives import Derivative, DerivativeTemplate


class DeriveRun(Deriving[Derivative]):
    """One job of a derivative template."""

    def __init__(self, context: JobContext, template: DerivativeTemplate) -> None:
        """Raises JobFailedError if the parameters are invalid."""
        chosen = parse_parameters(template.parameters_model, context.spec.parameters)
        wanted = [(one, _folder(context, one)) for one in template.chosen(chosen)]
        super().__init__(context, chosen, wanted, Pace(template.parallel, template.time_limit_seconds))
        self._background = chosen.background_rgb

    def suffix(self, derivative: Derivative) -> str:
        """All are JPEGs."""
        del derivative
        return ".jpg"

    def introduction(self) -> str:
        """The libraries, and what each page becomes."""
        made = "; ".join(
            f"{'full size' if one.longest_side is None else f'{one.longest_side} px'}, quality {one.quality}"
            + (f", in {folder.name}" if one.folder else "")
            for one, folder in self.wanted
        )
        return f"libvips {version('pyvips-binary')}, imagecodecs {version('imagecodecs')}: JPEG of {made}"

    def make(self, pool: DecodingPool, file: Path, page: Page, paths: Sequence[Path]) -> Derived:
        """All JPEGs of one page from one decoding."""
        wanted = tuple(
            Wanted(path, one.longest_side, one.quality, one.keep_profile)
            for path, (one, _) in zip(paths, self.wanted, strict=True)
        )
        with pool.room(page.memory_bytes):
            made: Derived = pool.call(
                derivatives.derive, file, page.facts, wanted, self._background, time_limit=self.time_limit
            )
        return made


def _folder(context: JobContext, derivative: Derivative) -> Path:
    """A folder below the output; `{source}` is the name Goobi knows, wherever the files are read from."""
    return context.output / filled(derivative.folder, context.spec)
