"""The XPath checks of a profile on a report, with the meaning they have in Goobi's own validation of TIFFs.

Elements are compared by their text without blanks around it, numbers as Java writes them (`1.0`).
"""

import re
from collections.abc import Iterator
from string import Template

from lxml import etree

from taskmanager.errors import PermanentError
from taskmanager_plugin_runner.plugins.tiffvalidation import texts
from taskmanager_plugin_runner.plugins.tiffvalidation.profile import Check, Profile

_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*")


def compile_checks(name: str, profile: Profile) -> list[etree.XPath]:
    """The expressions of a profile; raises PermanentError naming the first that is none."""
    found = []
    for check in profile.checks:
        try:
            found.append(etree.XPath(check.xpath, namespaces=profile.namespaces))
            re.compile(check.wanted)
        except (etree.XPathError, re.error, ValueError) as error:
            raise PermanentError(f"profile {name}: {check.xpath}: {error}") from error
    return found


def failed_checks(profile: Profile, report: etree._Element, image: str) -> Iterator[str]:
    """A sentence for each check that the report of the file `image` does not pass."""
    for check in profile.checks:
        path = etree.XPath(check.xpath, namespaces=profile.namespaces)
        try:
            found = value_of(path(report))
        except etree.XPathError as error:
            found = f"({error})"
        if not passes(check, found):
            yield _sentence(check, found, image)


def value_of(result: object) -> str:
    """What an XPath expression gives, as text: the first of several nodes; empty if there is none."""
    if isinstance(result, list):
        result = result[0] if result else ""
    if isinstance(result, etree._Element):  # noqa: SLF001 - its only name
        return "".join(map(str, result.itertext())).strip()
    if isinstance(result, bool):
        return str(result).lower()
    return str(result)


def passes(check: Check, found: str) -> bool:
    """Whether a value is the wanted one, matches it as an expression, or lies within its range."""
    if found == check.wanted:
        return True
    if limits := _RANGE.fullmatch(check.wanted):
        try:
            return float(limits[1]) <= float(found) <= float(limits[2])
        except ValueError:
            return False
    return re.fullmatch(check.wanted, found) is not None


def _sentence(check: Check, found: str, image: str) -> str:
    if not check.error_message:
        return texts.CHECK(xpath=check.xpath, found=found or "-", wanted=check.wanted)
    values = {"image": image, "wanted": check.wanted, "expected": check.wanted, "found": found}
    return Template(check.error_message).safe_substitute(values).strip()
