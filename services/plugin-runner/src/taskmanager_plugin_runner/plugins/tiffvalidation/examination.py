"""Examines one TIFF file: its structure, every pixel of every image, the profile. Runs in a child process."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import starmap
from pathlib import Path
from typing import Final

import tifffile
from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures import formats
from taskmanager_plugin_runner.plugins.pictures.file_formats import tiff
from taskmanager_plugin_runner.plugins.tiffvalidation import mix, pixels, rules, texts
from taskmanager_plugin_runner.plugins.tiffvalidation.checks import failed_checks
from taskmanager_plugin_runner.plugins.tiffvalidation.mix import FileFacts, Message
from taskmanager_plugin_runner.plugins.tiffvalidation.profile import Profile
from taskmanager_plugin_runner.plugins.tiffvalidation.structure import (
    Directory,
    Place,
    Structure,
    read_structure,
)
from taskmanager_plugin_runner.plugins.tiffvalidation.tags import REQUIRED, STRIPS, TILES, ImageTags, tags_of
from taskmanager_plugin_runner.plugins.validation.verdicts import Examination, shortened

MODULE: Final = "tiffvalidation"


@dataclass(slots=True)
class _Findings:
    """What was found so far: against the structure, against the contents, against the profile, and notes."""

    structure: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    profile: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        """JHOVE's word for the format; the profile does not count."""
        if self.structure:
            return mix.NOT_WELL_FORMED
        return mix.NOT_VALID if self.contents else mix.VALID


def examine(path: Path, profile: Profile) -> tuple[Examination, str]:
    """The verdict about a file, and what its report says of the format: all that is wrong is in there."""
    found, images = _Findings(), list[ImageTags]()
    structure = Structure(little=True, big=False)
    try:
        structure = _structure(path)
        found.structure += structure.faults
        found.notes += structure.notes
        images += _images(path, structure, found)
    except JobFailedError as error:
        found.structure.append(told(error))
    if images:
        order = {"little": structure.little, "big": structure.big}
        found.profile += rules.faults_of_file(profile, len(images), **order)
    for number, image in enumerate(images, 1):
        found.profile += _of_page(number, len(images), rules.faults_of_image(profile, image))
    return _reported(path, profile, structure, images, found)


def _structure(path: Path) -> Structure:
    name = formats.sniff(path)
    if name != "tiff":
        raise JobFailedError(texts.NOT_TIFF(format=name))
    return read_structure(path)


def _images(path: Path, structure: Structure, found: _Findings) -> Iterator[ImageTags]:
    """The tags of all images; their pixels are decoded on the way."""
    directories = structure.images
    if not directories:
        return
    with tiff.opened(path) as file:
        in_chain = 0
        for number, directory in enumerate(directories, 1):
            place = in_chain if directory.place is Place.CHAIN else None
            in_chain += directory.place is Place.CHAIN
            faults = list(_missing_tags(directory))
            try:
                page = tiff.page_at(file, directory.offset)
                yield tags_of(page)
                notes = pixels.decode(path, page, place)
                found.notes += _of_page(number, len(directories), notes)
            except JobFailedError as error:
                faults.append(told(error))
            except tiff.UNREADABLE as error:
                faults.append(texts.UNREADABLE(detail=error or type(error).__name__))
            found.contents += _of_page(number, len(directories), faults)
        _compare_counts(file, in_chain, found)


def _compare_counts(file: tifffile.TiffFile, in_chain: int, found: _Findings) -> None:
    """Two readers must find as many pages; a loop or a broken link was found before."""
    if found.structure:
        return
    try:
        read = len(file.pages)
    except tiff.UNREADABLE as error:
        found.structure.append(texts.UNREADABLE(detail=error or type(error).__name__))
        return
    if read != in_chain:
        found.structure.append(texts.COUNTS_DIFFER(walked=in_chain, read=read))


def _missing_tags(directory: Directory) -> Iterator[str]:
    """The tags without which there is no image (TIFF 6.0, sections 3 to 6 and 15)."""
    places = TILES if TILES.keys() & directory.tags else STRIPS
    for tag, name in (REQUIRED | places).items():
        if tag not in directory.tags:
            yield texts.TAG_MISSING(tag=tag, name=name)


def _of_page(number: int, pages: int, sentences: Iterator[str] | list[str]) -> list[str]:
    """The sentences, with the number of the page if the file has several."""
    if pages <= 1:
        return list(sentences)
    return [picture_texts.OF_PAGE(number=number, error=sentence) for sentence in sentences]


def _reported(
    path: Path, profile: Profile, structure: Structure, images: list[ImageTags], found: _Findings
) -> tuple[Examination, str]:
    module = f"{MODULE} {version('taskmanager-plugin-runner')} (tifffile {tifffile.__version__})"
    facts = FileFacts(path.name, path.stat().st_size, structure.little, structure.big, module)
    root = mix.report(facts, found.status, images, datetime.now(UTC))
    found.profile += failed_checks(profile, root, path.name)
    faults = shortened([*found.structure, *found.contents, *found.profile])
    notes = shortened(found.notes)
    messages = [*(("error", text) for text in faults), *(("warning", text) for text in notes)]
    mix.add_messages(root, list(starmap(Message, messages)))
    brief = _brief(images)
    return Examination(mix.written(root), len(images), faults, notes, brief), found.status


def _brief(images: list[ImageTags]) -> dict[str, JsonValue]:
    if not images:
        return {}
    first = images[0]
    pages = {"pages": len(images)} if len(images) > 1 else {}
    size = {"format": "tiff", "size": f"{first.width} x {first.height}"}
    return {**size, "colour": first.photometric_name, "bits": first.bits[0] if first.bits else 0, **pages}
