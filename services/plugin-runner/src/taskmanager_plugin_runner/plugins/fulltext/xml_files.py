"""Opens XML files that came from elsewhere: no entities, no network, no document type of theirs."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager.plugin_api.measures import volume
from taskmanager_plugin_runner.plugins.xml_parser import hardened_parser

BYTES_MAX: Final = 256 * 1024 * 1024
"""A larger file is no text of a book."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is said of a file that is not taken: a plugin may have words, and so codes, of its own.

    `with_dtd`: of one with any document type; None: it may have one without entities.
    """

    too_large: Callable[[Path, int, int], str] = lambda path, size, most: document_texts.TOO_LARGE(
        name=path.name, size=volume(size), most=volume(most)
    )
    """Of the file, with its size and the largest allowed, in bytes."""
    not_well_formed: Callable[[Path, Exception], str] = lambda path, error: document_texts.NOT_WELL_FORMED(
        name=path.name, error=error
    )
    with_entities: Callable[[Path], str] = lambda path: document_texts.DECLARES_ENTITIES(name=path.name)
    with_dtd: Callable[[Path], str] | None = None


def parse(
    path: Path, *, keep_blanks: bool = False, most: int = BYTES_MAX, refusals: Refusals = Refusals()
) -> etree._ElementTree:
    """A file as XML; raises JobFailedError if it is too large or not well-formed, or declares entities.

    `most` bytes are read. `keep_blanks`: text that is nothing but space counts, as in hOCR and in
    FineReader's XML.
    """
    if (size := path.stat().st_size) > most:
        raise JobFailedError(refusals.too_large(path, size, most))
    try:
        tree = etree.parse(str(path), hardened_parser(keep_blanks=keep_blanks))
    except etree.XMLSyntaxError as error:
        raise JobFailedError(refusals.not_well_formed(path, error)) from error
    declared = tree.docinfo.internalDTD
    if declared is not None and refusals.with_dtd is not None:
        raise JobFailedError(refusals.with_dtd(path))
    if declared is not None and any(True for _ in declared.iterentities()):
        raise JobFailedError(refusals.with_entities(path))
    return tree


def first_fault(tree: etree._Element | etree._ElementTree, rules: Path) -> etree._LogEntry | None:
    """The first place where a document does not keep to rules of ours (RELAX NG); None if it keeps to all."""
    made = _rules(rules)
    return None if made.validate(tree) else made.error_log[0]


@cache
def _rules(path: Path) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(path)))


def local(element: etree._Element) -> str:
    """The name of an element without its namespace; empty for comments and processing instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The child elements with one of these names, in any namespace, in order; all without names."""
    for child in element:
        if (name := local(child)) and (not names or name in names):
            yield child


def below(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The elements below with one of these names, in any namespace, in document order."""
    for found in element.iter(etree.Element):
        if found is not element and local(found) in names:
            yield found


def number(element: etree._Element, attribute: str, name: str) -> float | None:
    """An attribute as a number, None if it is missing; raises JobFailedError for anything else."""
    text = element.get(attribute)
    if text is None or not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise JobFailedError(
            document_texts.NO_NUMBER(
                line=element.sourceline, name=name, attribute=attribute, value=repr(text[:40])
            )
        )
    return value


def require_root(tree: etree._ElementTree, wanted: str, path: Path, *names: str) -> etree._Element:
    """The root element; raises JobFailedError if it has none of these names. `wanted` is for people."""
    root = tree.getroot()
    if local(root) not in names:
        raise JobFailedError(
            document_texts.OTHER_DOCUMENT(name=path.name, wanted=wanted, found=str(root.tag)[:100])
        )
    return root
