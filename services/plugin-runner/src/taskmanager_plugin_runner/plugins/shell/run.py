"""Runs one job of a shell template: fills its argument list, runs the program, looks at what it made."""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager.plugins import JobContext, parse_parameters
from taskmanager_plugin_runner.plugins import images, magick
from taskmanager_plugin_runner.plugins.images import ImageFacts
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.shell import files
from taskmanager_plugin_runner.plugins.shell.files import Workpiece
from taskmanager_plugin_runner.plugins.shell.placeholders import Value, fill
from taskmanager_plugin_runner.plugins.shell.template import PROGRAMS, Check, Template

_NAMES_SHOWN = 10


class Runner:
    """What file runs and job runs share: the values of the job, and how a program is started."""

    def __init__(self, context: JobContext, template: Template, time_limit: timedelta) -> None:
        self.context = context
        self.template = template
        self.parallel = template.parallel or default_parallel()
        self._time_limit = time_limit
        self._values = _job_values(context) | _parameter_values(context, template)

    def start(self, argv: Sequence[str], values: Mapping[str, Value], scratch: Path) -> None:
        """Run one program; raises ToolFailedError if it fails or its warnings mean damage."""
        name = argv[0].strip("{}")
        is_magick = name in PROGRAMS
        words = fill(argv[1:], {**self._values, **values}, magick=is_magick)
        try:
            result = self.context.run_tool(
                [*(magick.program(name) if is_magick else (argv[0],)), *words],
                cwd=scratch,
                environment=magick.limits(self.parallel, str(scratch)),
                time_limit=self._time_limit,
            )
        except ToolFailedError as error:
            raise ToolFailedError(magick.explain(str(error), scratch)) from error
        faults = magick.damage(result.stderr, self.template.accepted_warnings) if is_magick else []
        if faults:
            text = "\n".join(["the image is damaged:", *faults[:_NAMES_SHOWN]])
            raise ToolFailedError(magick.explain(text, scratch))


class FileRun(Runner):
    """One program run for each file of the source."""

    def run(self) -> None:
        """Convert all files the template takes; raises JobFailedError if there is none or one fails."""
        taken = self._choose()
        folder = self.context.output / (self.template.folder or "")
        self._targets = files.targets(taken, folder, self.template.output_suffix or "")
        self._numbers = {file: number for number, file in enumerate(taken, start=1)}
        for_each_file(self.context, taken, self._convert, self.parallel)

    def _choose(self) -> list[Path]:
        taken, left = files.choose(self.context.files(), self.template.inputs)
        names = ", ".join(file.name for file in left[:_NAMES_SHOWN]) + (
            ", ..." if left[_NAMES_SHOWN:] else ""
        )
        if not taken:
            wanted = ", ".join(self.template.inputs) or "any"
            raise JobFailedError(
                f"the source has no file to work on (wanted: {wanted}; found: {names or 'nothing'})"
            )
        if left:
            note = f"{len(left)} file(s) left out, which the template does not take: {names}"
            self.context.log.warning(note)
        return taken

    def _convert(self, file: Path) -> None:
        facts = images.read_facts(file) if self._is_about_images() else None
        if facts is not None and facts.pages > 1:
            note = f"{file.name} has {facts.pages} pages; only the first is converted"
            self.context.log.warning(note)
        piece = files.lay_out(self.context.scratch, self._numbers[file], file, self._targets[file])
        values = self._file_values(piece, facts)
        self.start(self.template.argv, values, piece.input.parent.parent)
        self._check(piece, facts)
        if self.template.verify:
            self.start(self.template.verify, values, piece.input.parent.parent)
        piece.finish()

    def _is_about_images(self) -> bool:
        return self.template.argv[0].strip("{}") in PROGRAMS or self.template.check is not Check.NOT_EMPTY

    def _file_values(self, piece: Workpiece, facts: ImageFacts | None) -> dict[str, Value]:
        values = {
            "input": Value(str(piece.input), foreign=False),
            "output": Value(str(piece.output), foreign=False),
            "name": Value(piece.source.name),
            "stem": Value(piece.source.stem),
        }
        if self._is_about_images():
            values["format"] = Value(images.sniff(piece.source), foreign=False)
            values["colorspace"] = Value("Gray" if facts and facts.grey else "sRGB", foreign=False)
        return values

    def _check(self, piece: Workpiece, source: ImageFacts | None) -> None:
        if not piece.output.is_file() or not piece.output.stat().st_size:
            raise JobFailedError("the program ended well but wrote no result")
        if self.template.check is Check.NOT_EMPTY:
            return
        result = images.read_facts(piece.output)
        if result is None:
            raise JobFailedError("the result cannot be opened as an image")
        if result.format == "JPEG":
            images.require_complete_jpeg(piece.output)
        if self.template.check is Check.SAME_SIZE:
            images.require_same_size(source or self._ask_identify(piece), result.width, result.height)

    def _ask_identify(self, piece: Workpiece) -> ImageFacts:
        """The size of a source whose header Pillow does not know but ImageMagick does."""
        words = [
            *magick.program("identify"),
            "-ping",
            "-format",
            "%w %h",
            f"{images.sniff(piece.source)}:{piece.input}[0]",
        ]
        width, height = self.context.run_tool(words, time_limit=self._time_limit).stdout.split()
        return ImageFacts("", int(width), int(height), "", 1, 1, None, None, {}, {})


class JobRun(Runner):
    """One program run for the whole job; it reads `{source}` and writes into `{destination}`."""

    def run(self) -> None:
        """Run the program; raises JobFailedError if it fails or leaves nothing."""
        self.context.checkpoint()
        self.context.progress(0, 1, self.template.title)
        self.start(self.template.argv, {}, self.context.scratch)
        if not any(path.is_file() and path.stat().st_size for path in self.context.output.rglob("*")):
            raise JobFailedError("the program ended well but wrote no result")
        if self.template.verify:
            self.start(self.template.verify, {}, self.context.scratch)
        self.context.progress(1, 1)


def _job_values(context: JobContext) -> dict[str, Value]:
    spec, goobi = context.spec, context.spec.goobi
    words = {
        "job_id": context.job_id,
        "process_id": goobi.process_id if goobi else None,
        "process_title": goobi.process_title if goobi else None,
        "step_id": goobi.step_id if goobi else None,
        "title": spec.title,
        "project": spec.project,
        "source": context.source and os.fspath(context.source),
        "destination": os.fspath(context.output),
    }
    return {name: Value("" if word is None else str(word)) for name, word in words.items()}


def _parameter_values(context: JobContext, template: Template) -> dict[str, Value]:
    chosen: BaseModel = parse_parameters(template.parameters_model, context.spec.parameters)
    return {
        f"parameters.{name}": Value(_text(getattr(chosen, name)), signed=declared.signed)
        for name, declared in template.parameters.items()
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
