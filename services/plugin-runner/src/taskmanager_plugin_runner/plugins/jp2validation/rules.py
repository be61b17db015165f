"""Schematron rules on a report, by lxml. Knows no profile and no picture."""

from functools import cache

from lxml import etree, isoschematron

from taskmanager_plugin_runner.plugins.xml_parser import hardened_parser

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


@cache
def compiled(rules: str) -> isoschematron.Schematron:
    """The schema, compiled once in each process; raises ValueError with what is wrong."""
    parser = hardened_parser()
    try:
        return isoschematron.Schematron(etree.fromstring(rules.encode(), parser), store_report=True)
    except (etree.LxmlError, TypeError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def broken_rules(rules: str, report: etree._Element) -> list[str]:
    """What the rules say against the report, in their own words; empty if nothing."""
    if not rules:
        return []
    schema = compiled(rules)
    if schema.validate(etree.ElementTree(report)):
        return []
    found = schema.validation_report.iter(f"{_SVRL}failed-assert", f"{_SVRL}successful-report")
    return [" ".join("".join(one.itertext()).split()) for one in found]
