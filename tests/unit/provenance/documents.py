"""Reads PREMIS records with lxml, which has no part in writing them."""

import os
from pathlib import Path

from lxml import etree

PREMIS = {"p": "http://www.loc.gov/premis/v3"}
_RULES = Path(__file__).parent / "premis.rng"
_SCHEMA = os.environ.get("TASKMANAGER_PREMIS_SCHEMA")


def valid(document: bytes) -> etree._Element:
    """The document if it keeps to the rules, and to the real schema where that is at hand."""
    root = etree.fromstring(document)
    etree.RelaxNG(etree.parse(_RULES)).assertValid(root)
    if _SCHEMA:
        etree.XMLSchema(etree.parse(_SCHEMA)).assertValid(root)
    return root


def texts(root: etree._Element, path: str) -> list[str]:
    """The texts of the elements at a path, whose names need no prefix."""
    prefixed = "/".join(f"p:{step}" if step and step[0].isalpha() else step for step in path.split("/"))
    return [str(found.text) for found in root.iterfind(prefixed, PREMIS)]


def digests(root: etree._Element) -> dict[str, str]:
    """The SHA-512 of every object by its original name."""
    return dict(zip(texts(root, "object/originalName"), texts(root, "object//messageDigest"), strict=True))
