"""Runs one JP2 job: every image through opj_compress, labelled, and looked at before it counts."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager.existing import Existing
from taskmanager.plugins import JobContext
from taskmanager_plugin_runner.plugins import images, magick, workpieces
from taskmanager_plugin_runner.plugins.images import ImageFacts
from taskmanager_plugin_runner.plugins.jp2 import source
from taskmanager_plugin_runner.plugins.jp2.boxes import add_labels, fitting_profile
from taskmanager_plugin_runner.plugins.jp2.codestream import check_jp2
from taskmanager_plugin_runner.plugins.jp2.profile import Profile
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.workpieces import Workpiece

INPUTS: Final = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
_HARMLESS: Final = re.compile(
    r"^\s*$"
    r"|^TIFF(?:ReadDirectory|ReadDirectoryCheckOrder|ReadCustomDirectory|ReadEXIFDirectory|FetchNormalTag): "
    r"|^libpng warning: (?:iCCP|cHRM|tEXt|zTXt|iTXt|pHYs|tIME|bKGD|sBIT|hIST|eXIf|oFFs)\b"
)
"""What the readers inside opj_compress say of tags and chunks that do not concern the pixels."""
_SUFFIXES: Final = {"tiff": ".tif", "png": ".png"}
"""opj_compress judges by the suffix, these are what a file of that content must be called."""
_FAULTS_SHOWN: Final = 10


class Compression:
    """One job with its profile."""

    def __init__(self, context: JobContext, profile: Profile) -> None:
        self._context = context
        self._profile = profile
        self._time_limit = timedelta(seconds=profile.time_limit_seconds)
        self._parallel = profile.parallel or default_parallel()
        self._threads = 1

    def run(self, existing: Existing = Existing.KEEP) -> None:
        """Compress all images; raises JobFailedError if there is none or one fails."""
        taken = workpieces.take(self._context, INPUTS)
        self._targets = workpieces.targets(taken, self._context.output, ".jp2")
        self._context.existing(existing, self._targets.values())
        self._numbers = {file: number for number, file in enumerate(taken, start=1)}
        self._threads = max(1, len(os.sched_getaffinity(0)) // min(self._parallel, len(taken)))
        for_each_file(self._context, taken, self._compress, self._parallel)

    def _compress(self, file: Path) -> None:
        name, scratch, number = images.sniff(file), self._context.scratch, self._numbers[file]
        piece = workpieces.lay_out(scratch, number, file, self._targets[file], _SUFFIXES.get(name))
        facts = images.read_facts(file) or magick.ask(self._context, piece.input, name, self._time_limit)
        if facts.pages > 1:
            self._warn(f"{file.name} has {facts.pages} pages; only the first is compressed")
        image = self._readable(piece, name, facts)
        options = self._profile.arguments(facts.width, facts.height, self._threads)
        self._start(["opj_compress", "-i", str(image), "-o", str(piece.output), *options], piece)
        if image != piece.input:
            image.unlink()
        add_labels(piece.output, self._colour_profile(file, facts), facts.dots_per_inch)
        self._check(piece, facts)
        piece.finish()
        self._context.finished(piece.target)

    def _readable(self, piece: Workpiece, name: str, facts: ImageFacts) -> Path:
        """The image itself, or a TIFF made of it that opj_compress reads correctly."""
        if source.goes_straight(piece.source, name, facts):
            return piece.input
        result = piece.folder / "out" / "intermediate.tif"
        words = source.intermediate(facts, name, piece.input, result)
        magick.run(self._context, words, piece.folder, parallel=self._parallel, time_limit=self._time_limit)
        return result

    def _start(self, argv: list[str], piece: Workpiece) -> None:
        """Run a tool of OpenJPEG; raises ToolFailedError if it fails or speaks of damage."""
        try:
            result = self._context.run_tool(argv, cwd=piece.folder, time_limit=self._time_limit)
        except ToolFailedError as error:
            raise ToolFailedError(magick.explain(str(error), piece.folder)) from error
        faults = [line for line in result.stderr.splitlines() if not _HARMLESS.match(line)]
        if faults:
            text = "\n".join(["the image is damaged:", *faults[:_FAULTS_SHOWN]])
            raise ToolFailedError(magick.explain(text, piece.folder))

    def _colour_profile(self, file: Path, facts: ImageFacts) -> bytes | None:
        fitting = None
        if source.keeps_colours(facts):
            fitting = fitting_profile(facts.icc_profile, grey=facts.grey)
        if facts.icc_profile is not None and fitting is None:
            self._warn(f"{file.name}: its colour profile may not stand in a JP2 file and is left out")
        return fitting

    def _check(self, piece: Workpiece, facts: ImageFacts) -> None:
        if not piece.output.is_file():
            raise JobFailedError("opj_compress ended well but wrote no result")
        size = check_jp2(piece.output)
        images.require_same_size(facts, size.width, size.height)
        self._start(["opj_dump", "-i", str(piece.output)], piece)

    def _warn(self, text: str) -> None:
        self._context.log.warning(text)
