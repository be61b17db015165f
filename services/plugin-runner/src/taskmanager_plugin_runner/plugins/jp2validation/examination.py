"""Examines one JPEG 2000 file: jpylyzer, every pixel, the profile. Runs in a child process."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager_plugin_runner.plugins.jp2validation import pixels, report, rules, texts
from taskmanager_plugin_runner.plugins.jp2validation.pixels import Decoded
from taskmanager_plugin_runner.plugins.jp2validation.profile import Profile
from taskmanager_plugin_runner.plugins.jp2validation.report import Opinion
from taskmanager_plugin_runner.plugins.pictures import formats
from taskmanager_plugin_runner.plugins.validation.verdicts import Examination, shortened

_TESTS_NAMED = 5
_FORMATS = {"jp2": "jp2", "j2k": "j2c"}
_BRAND_END = 24
"""Bytes of a file until the end of the brand in its second box (I.5.2)."""


def examine(path: Path, profile: Profile) -> tuple[Examination, str]:
    """The verdict about a file, and what its report says of the format: all that is wrong is in there."""
    faults, notes, kind = list[str](), list[str](), "jp2"
    try:
        kind = format_of(path)
        if kind not in profile.formats:
            faults.append(texts.FORMAT(found=kind, wanted=", ".join(profile.formats)))
    except JobFailedError as error:
        faults.append(told(error))
    opinion = report.ask(path, kind)
    faults += _against_format(opinion)
    notes += opinion.notes
    decoded = pixels.decode(path)
    pixel_faults = list(_against_pixels(decoded, profile, notes))
    faults += pixel_faults
    complete = decoded is not None and not decoded.error
    report.add_decoding(opinion.root, complete=complete, faults=pixel_faults)
    faults += [texts.RULE(message=said) for said in rules.broken_rules(profile.rules, opinion.root)]
    found = Examination(
        report.written(opinion.root),
        int(complete),
        shortened(faults),
        shortened(notes),
        _brief(decoded, kind),
    )
    return found, str(opinion.valid)


def format_of(path: Path) -> str:
    """`jp2`, `jph` or `j2c`, by the first bytes; raises JobFailedError for anything else."""
    name = formats.sniff(path)
    if name not in _FORMATS:
        raise JobFailedError(texts.NOT_JPEG_2000(format=name))
    with path.open("rb") as file:
        brand = file.read(_BRAND_END)[20:_BRAND_END]
    return "jph" if name == "jp2" and brand == b"jph " else _FORMATS[name]


def _against_format(opinion: Opinion) -> Iterator[str]:
    if opinion.given_up:
        yield texts.GIVEN_UP(detail=opinion.given_up)
    elif not opinion.valid:
        more = ", ..." if opinion.failed[_TESTS_NAMED:] else ""
        names = ", ".join(opinion.failed[:_TESTS_NAMED]) + more
        yield texts.TEST_FAILED(number=len(opinion.failed), tests=names or "-")


def _against_pixels(decoded: Decoded | None, profile: Profile, notes: list[str]) -> Iterator[str]:
    if decoded is None:
        yield texts.NO_CODESTREAM()
        return
    if decoded.error:
        yield texts.NOT_DECODED(detail=decoded.error)
        return
    size = decoded.size
    if size and not size.subsampled and (size.width, size.height) != (decoded.width, decoded.height):
        found = f"{decoded.width} x {decoded.height}"
        yield texts.OTHER_SIZE(found=found, wanted=f"{size.width} x {size.height}")
    if decoded.damaged_blocks:
        said = texts.CODE_BLOCKS(number=decoded.damaged_blocks)
        if profile.changed_bits == "error":
            yield said
        else:
            notes.append(said)
    notes += [texts.DECODER_SAYS(detail=line) for line in decoded.warnings]


def _brief(decoded: Decoded | None, kind: str) -> dict[str, JsonValue]:
    if decoded is None or decoded.size is None:
        return {"format": kind}
    size = decoded.size
    return {"format": kind, "size": f"{size.width} x {size.height}", "components": size.components}
