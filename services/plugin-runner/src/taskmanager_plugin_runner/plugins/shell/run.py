"""Runs one job of a shell template: fills its argument list, runs the program, checks its results."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.job_texts import picture_texts, tool_texts
from taskmanager.plugin_api.interface import ExistingParameters, JobContext, parse_parameters
from taskmanager_plugin_runner.plugins import magick, workpieces
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.pictures import derivatives, formats, memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts
from taskmanager_plugin_runner.plugins.shell.placeholders import PlaceholderValue, fill
from taskmanager_plugin_runner.plugins.shell.template import ResultCheck, Template, is_magick
from taskmanager_plugin_runner.plugins.workpieces import Workpiece


class ToolRunner:
    """What file runs and job runs share: the values of the job, and how a program is started."""

    def __init__(self, context: JobContext, template: Template) -> None:
        self.context = context
        self.template = template
        self.parallel = template.parallel or default_parallel()
        self.time_limit = timedelta(seconds=template.time_limit_seconds)
        self._values = _job_values(context) | _parameter_values(context, template)

    def start(self, argv: Sequence[str], values: Mapping[str, PlaceholderValue], folder: Path) -> None:
        """Run one program in `folder`; raises ToolFailedError if it fails or its warnings mean damage."""
        name = argv[0].strip("{}") if is_magick(argv) else argv[0]
        words = [name, *fill(argv[1:], {**self._values, **values}, magick=is_magick(argv))]
        if not is_magick(argv):
            self.context.run_tool(words, cwd=folder, time_limit=self.time_limit, log_stdout=True)
            return
        magick.run(
            self.context,
            words,
            folder,
            parallel=self.parallel,
            time_limit=self.time_limit,
            accepted=self.template.accepted_warnings,
        )


class FileRun(ToolRunner):
    """Runs the program once for each file of the source."""

    def run(self) -> None:
        """Convert all files the template accepts; raises JobFailedError if there are none or one fails."""
        taken = workpieces.take(self.context, self.template.inputs)
        folder = self.context.output / (self.template.folder or "")
        self._targets = workpieces.targets(taken, folder, self.template.output_suffix or "")
        chosen = parse_parameters(self.template.parameters_model, self.context.spec.parameters)
        if isinstance(chosen, ExistingParameters):
            self.context.existing(chosen.existing, self._targets.values())
        self._numbers = {file: number for number, file in enumerate(taken, start=1)}
        if not self.template.about_images:
            for_each_file(self.context, taken, self._convert, self.parallel)
            return
        parallel = min(self.parallel, len(taken))
        with DecodingPool(parallel, memory.allowed(), self.context.checkpoint) as self._pool:
            for_each_file(self.context, taken, self._convert, parallel)

    def _convert(self, file: Path) -> None:
        began = time.monotonic()
        piece = workpieces.lay_out(self.context.scratch, self._numbers[file], file, self._targets[file])
        facts = self._facts(piece.source) if self.template.about_images else None
        values = _file_values(piece) | (_image_values(facts) if facts else {})
        self.start(self.template.argv, values, piece.folder)
        result = self._check(piece, facts)
        if self.template.verify:
            self.start(self.template.verify, values, piece.folder)
        piece.finish()
        self.context.finished(piece.target)
        self.context.record(
            FileRecord(
                name=file.name,
                state=FileState.DONE,
                results=(str(piece.target.relative_to(self.context.output)),),
                facts=facts.as_record() if facts else {},
                result_facts=result.as_record() if result else {},
                bytes=file.stat().st_size,
                result_bytes=piece.target.stat().st_size,
                seconds=time.monotonic() - began,
                warnings=_warnings(facts),
            )
        )

    def _facts(self, file: Path) -> PictureFacts:
        found: list[PictureFacts] = self._pool.call(formats.read_facts, file, time_limit=self.time_limit)
        return found[0]

    def _check(self, piece: Workpiece, source: PictureFacts | None) -> PictureFacts | None:
        """The facts of an image result, or None; raises JobFailedError if it fails the template's check."""
        if not piece.output.is_file() or not piece.output.stat().st_size:
            raise JobFailedError(tool_texts.NO_RESULT())
        if self.template.check is ResultCheck.NOT_EMPTY or source is None:
            return None
        try:
            result = self._facts(piece.output)
        except JobFailedError as error:
            raise JobFailedError(picture_texts.RESULT_NOT_OPENED(error=error)) from error
        if self.template.check is ResultCheck.SAME_SIZE and (result.width, result.height) != (
            source.width,
            source.height,
        ):
            raise JobFailedError(
                picture_texts.RESULT_SIZE(
                    width=result.width,
                    height=result.height,
                    source_width=source.width,
                    source_height=source.height,
                )
            )
        look = (
            derivatives.require_alike
            if self.template.check is ResultCheck.ALIKE
            else derivatives.require_decodable
        )
        self._pool.call(look, piece.source, source, piece.output, result, time_limit=self.time_limit)
        return result


class JobRun(ToolRunner):
    """Runs the program once for the whole job; it reads `{source}` and writes to `{destination}`."""

    def run(self) -> None:
        """Run the program; raises JobFailedError if it fails or produces nothing."""
        self.context.checkpoint()
        for file in self.context.files():
            self.context.wait_for(file)
        self.context.progress(0, 1, self.template.title)
        self.start(self.template.argv, {}, self.context.scratch)
        if not any(path.is_file() and path.stat().st_size for path in self.context.output.rglob("*")):
            raise JobFailedError(tool_texts.NO_RESULT())
        if self.template.verify:
            self.start(self.template.verify, {}, self.context.scratch)
        self.context.progress(1, 1)


def _job_values(context: JobContext) -> dict[str, PlaceholderValue]:
    spec, goobi = context.spec, context.spec.goobi
    words = {
        "job_id": context.job_id,
        "process_id": goobi.process_id if goobi else None,
        "process_title": goobi.process_title if goobi else None,
        "step_id": goobi.step_id if goobi else None,
        "title": spec.title,
        "project": spec.project,
    }
    paths = {"source": context.source, "destination": context.output}
    return {name: PlaceholderValue("" if word is None else str(word)) for name, word in words.items()} | {
        name: PlaceholderValue(str(path), path=True) for name, path in paths.items() if path is not None
    }


def _file_values(piece: Workpiece) -> dict[str, PlaceholderValue]:
    return {
        "input": PlaceholderValue(str(piece.input), foreign=False),
        "output": PlaceholderValue(str(piece.output), foreign=False),
        "name": PlaceholderValue(piece.source.name),
        "stem": PlaceholderValue(piece.source.stem),
    }


def _image_values(facts: PictureFacts) -> dict[str, PlaceholderValue]:
    """`colorspace` is what a derivative should have: grey stays grey and keeps its profile."""
    space = "Gray" if facts.grey else "sRGB"
    return {
        "format": PlaceholderValue(facts.format, foreign=False),
        "colorspace": PlaceholderValue(space, foreign=False),
    }


def _warnings(facts: PictureFacts | None) -> tuple[str, ...]:
    if facts is None or facts.pages == 1:
        return facts.notes if facts else ()
    return (
        *facts.notes,
        picture_texts.ALL_PAGES_GIVEN(number=facts.pages),
    )


def _parameter_values(context: JobContext, template: Template) -> dict[str, PlaceholderValue]:
    chosen: BaseModel = parse_parameters(template.parameters_model, context.spec.parameters)
    return {
        f"parameters.{name}": PlaceholderValue(
            _text(getattr(chosen, name)), foreign=not declared.choices, signed=declared.signed
        )
        for name, declared in template.parameters.items()
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
