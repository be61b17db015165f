"""`taskmanager-jp2-example GOOD.jp2`: prints a profile that demands of others what this file is like.

The file must be sound itself. Sizes in pixels and the number of components are not demanded: pages differ in
them.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager_plugin_runner.plugins.jp2validation import examination, report
from taskmanager_plugin_runner.plugins.jp2validation.profile import Profile

_NAMESPACES: Final = {"j": report.NAMESPACE}
_LIKE: Final = (
    "j:jp2HeaderBox/j:imageHeaderBox/j:bPCDepth",
    "j:jp2HeaderBox/j:colourSpecificationBox/j:meth",
    "j:contiguousCodestreamBox/j:cod/j:transformation",
    "j:contiguousCodestreamBox/j:cod/j:order",
    "j:contiguousCodestreamBox/j:cod/j:layers",
    "j:contiguousCodestreamBox/j:cod/j:levels",
    "j:contiguousCodestreamBox/j:cod/j:codeBlockWidth",
    "j:contiguousCodestreamBox/j:cod/j:codeBlockHeight",
    "j:contiguousCodestreamBox/j:cod/j:precincts",
    "j:contiguousCodestreamBox/j:cod/j:sop",
    "j:contiguousCodestreamBox/j:cod/j:eph",
    "j:contiguousCodestreamBox/j:cod/j:codingBypass",
    "j:contiguousCodestreamBox/j:cod/j:segmentationSymbols",
)
"""What is demanded as it is, below the properties in the report of jpylyzer."""
_SIZ: Final = "j:contiguousCodestreamBox/j:siz"


def profile_like(path: Path) -> str:
    """A profile file that demands what this file is like; raises JobFailedError if the file is not sound."""
    found, _ = examination.examine(path, Profile(title="sound", formats=("jp2", "jph", "j2c")))
    if not found.valid:
        raise JobFailedError(f"{path.name}: {found.reason}")
    kind = examination.format_of(path)
    properties = report.ask(path, kind).root.find("j:file/j:properties", _NAMESPACES)
    asserts = "\n".join(_asserts(properties))
    rules = f"""<s:schema xmlns:s="http://purl.oclc.org/dsdl/schematron">
  <s:ns prefix="j" uri="{report.NAMESPACE}"/>
  <s:pattern>
    <s:rule context="/j:jpylyzer/j:file/j:properties">
{asserts}
    </s:rule>
  </s:pattern>
</s:schema>"""
    title = json.dumps(f"Like {path.name}", ensure_ascii=False)
    return f"title = {title}\nformats = [\"{kind}\"]\nrules = '''\n{rules}\n'''\n"


def _asserts(properties: etree._Element) -> Iterator[str]:
    for where in _LIKE:
        value = properties.findtext(where, namespaces=_NAMESPACES)
        if value is not None:
            name = where.rpartition(":")[2]
            yield _assert(f"{where} = {_literal(value)}", f"{name} is {{{where}}}, not {value}")
    yield _tiling(properties)


def _tiling(properties: etree._Element) -> str:
    width, height, across, down = (
        int(properties.findtext(f"{_SIZ}/j:{name}", "0", _NAMESPACES))
        for name in ("xsiz", "ysiz", "xTsiz", "yTsiz")
    )
    if across >= width and down >= height:
        return _assert(f"{_SIZ}/j:numberOfTiles = 1", f"it has {{{_SIZ}/j:numberOfTiles}} tiles, not one")
    test = f"{_SIZ}/j:xTsiz = {across} and {_SIZ}/j:yTsiz = {down}"
    return _assert(test, f"its tiles are {{{_SIZ}/j:xTsiz}} x {{{_SIZ}/j:yTsiz}}, not {across} x {down}")


def _assert(test: str, said: str) -> str:
    """An assertion; a path in braces becomes the value found there."""
    text = escape(said).replace("{", '<s:value-of select="').replace("}", '"/>')
    return f"      <s:assert test={quoteattr(test)}>{text}</s:assert>"


def _literal(value: str) -> str:
    """A text as XPath writes it; none of jpylyzer's words has both kinds of quotes."""
    return f'"{value}"' if "'" in value else f"'{value}'"


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit with 0, or with 1 and one line on stderr if the file is not sound."""
    parser = argparse.ArgumentParser("taskmanager-jp2-example", description=__doc__)
    parser.add_argument("file", type=Path, metavar="GOOD.jp2")
    path = parser.parse_args(arguments).file
    try:
        sys.stdout.write(profile_like(path))
    except (JobFailedError, OSError) as error:
        sys.stderr.write(f"taskmanager-jp2-example: {told(error)}\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
