"""Reads the text of one page, and makes its picture small. Runs in a child process."""

from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.epub import paragraphs as flowing
from taskmanager_plugin_runner.plugins.epub import texts
from taskmanager_plugin_runner.plugins.epub.paragraphs import Paragraph
from taskmanager_plugin_runner.plugins.fulltext import alto_reading
from taskmanager_plugin_runner.plugins.pictures import colour, decoding, embedding, formats, memory


def paragraphs(path: Path, running_heads: bool) -> tuple[Paragraph, ...]:  # noqa: FBT001 - called by a pool
    """The paragraphs of a page, from ALTO or plain text; raises JobFailedError."""
    if path.suffix.lower() != ".txt":
        return tuple(flowing.of_page(alto_reading.read_page(path), running_heads=running_heads))
    try:
        return tuple(flowing.of_plain(path.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError as error:
        raise JobFailedError(texts.NOT_UTF8()) from error


def memory_of(picture: Path, allowed: int) -> int:
    """Bytes that making a picture small may take; raises JobFailedError if that is too much."""
    facts = formats.read_facts(picture)[0]
    needed = memory.estimate(facts, compressing=False)
    memory.require_room(facts, needed, allowed)
    return needed


def small_picture(picture: Path, target: Path, longest_side: int, quality: int) -> None:
    """Write a picture as JPEG in sRGB; raises JobFailedError for damage."""
    facts = formats.read_facts(picture)[0]
    decoded = decoding.decode(picture, facts, longest_side=longest_side)
    screen = colour.to_screen(decoded, bits=8, keep_profile=False, background=embedding.WHITE)
    embedding.write_jpeg(target, screen.samples, quality, longest_side)
