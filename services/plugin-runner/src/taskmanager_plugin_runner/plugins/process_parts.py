"""Finds, among what was brought of a process, what a template means by pictures, texts and metadata."""

from pathlib import Path, PurePosixPath

from taskmanager.errors import JobFailedError
from taskmanager.files.listing import natural
from taskmanager.files.parts import first_match
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.goobi_metadata import reading
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Work

RESULTS_FOLDER = "ocr"
"""Where Goobi expects texts and PDFs, in the folder of a process."""


def base_of(context: JobContext) -> Path:
    """The folder in which everything lies that was taken; raises JobFailedError without a source."""
    source = context.source
    if source is None:
        raise JobFailedError(file_texts.SOURCE_MISSING(path="-"))
    return source if source.is_dir() else source.parent


def found(context: JobContext, pattern: str, suffixes: tuple[str, ...] = ()) -> list[Path]:
    """The files that a pattern of the template means, in natural order; with suffixes, only those.

    They are of one folder: raises JobFailedError that names the folders if there are several.
    """
    base = base_of(context)
    stem = context.source.stem if context.source is not None and context.source != base else ""
    values = {"title": context.spec.work_title, "stem": stem}
    inside = "|".join(one.removeprefix("../") for one in pattern.split("|"))
    files = [
        part.path
        for part in first_match(base, inside, values)
        if not suffixes or part.path.suffix.lower() in suffixes
    ]
    folders = sorted({str(file.parent.relative_to(base)) for file in files})
    if len(folders) > 1:
        raise JobFailedError(file_texts.SEVERAL_FOLDERS(pattern=pattern, folders=", ".join(folders)))
    return sorted(files, key=natural)


def work(context: JobContext, pattern: str) -> Work:
    """What the metadata of a job say: the source if it is a file, else what the pattern means.

    An empty work if there are none; raises JobFailedError.
    """
    source = context.source
    if source is not None and source.is_file():
        return reading.read(source)
    files = found(context, pattern) if pattern else []
    if not files:
        context.log.info("no metadata: the order of pages is that of the names of files")
        return Work("-")
    return reading.read(files[0])


def place_of_results(context: JobContext, kind: str) -> Path:
    """The folder below `context.output` for results of a kind (`pdf`, `alto`).

    It is the destination itself, unless that is the folder of the process or its folder `ocr`: then
    `<title>_<kind>` in that, as Goobi expects it.
    """
    spec, title = context.spec, PurePosixPath(context.spec.work_title).name or "pages"
    if (spec.destination or "").rstrip("/") == (spec.source or "").rstrip("/"):
        return context.output / RESULTS_FOLDER / f"{title}_{kind}"
    if PurePosixPath(spec.destination or "").name == RESULTS_FOLDER:
        return context.output / f"{title}_{kind}"
    return context.output
