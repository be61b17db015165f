"""An account of a job as PREMIS 3 (XML). Knows the standard, not where files are.

The order of elements is that of the schema. Objects, event and agents refer to each other in both directions,
as Archivematica demands of what it imports.
"""

import re
from typing import Final
from xml.etree import ElementTree as ET

from taskmanager.model.printable import printable
from taskmanager_plugin_runner.provenance.account import Account, FileAccount, Part
from taskmanager_plugin_runner.provenance.event_types import VOCABULARY

NAMESPACE: Final = "http://www.loc.gov/premis/v3"
SCHEMA: Final = "http://www.loc.gov/standards/premis/v3/premis.xsd"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
AGENT_TYPES: Final = "http://id.loc.gov/vocabulary/preservation/agentType"
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ROLES: Final = {Part.READ: "source", Part.WRITTEN: "outcome"}


def as_premis(account: Account) -> bytes:
    """The document in UTF-8."""
    ET.register_namespace("premis", NAMESPACE)
    ET.register_namespace("xsi", XSI)
    root = ET.Element(
        _name("premis"), {"version": "3.0", f"{{{XSI}}}schemaLocation": f"{NAMESPACE} {SCHEMA}"}
    )
    for part, files in ((Part.READ, account.read), (Part.WRITTEN, account.written)):
        for file in files:
            _object(root, account, part, file)
    agents = _agents(account)
    _event(root, account, [identifier for identifier, *_ in agents])
    for agent in agents:
        _agent(root, account, *agent)
    ET.indent(root, " ")
    told: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return told + b"\n"


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


def _add(parent: ET.Element, local: str, text: str | None = None, **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, _name(local), attributes)
    if text is not None:
        made.text = _xml_text(text)
    return made


def _xml_text(text: str) -> str:
    """The text without what XML cannot hold: names of files may have any byte."""
    return _NO_XML.sub("\ufffd", printable(text))


def _identified(parent: ET.Element, element: str, prefix: str, value: str) -> ET.Element:
    """An identifier of type UUID: `<element>` with `<prefix>Type` and `<prefix>Value`."""
    made = _add(parent, element)
    _add(made, f"{prefix}Type", "UUID")
    _add(made, f"{prefix}Value", value)
    return made


def _object(root: ET.Element, account: Account, part: Part, file: FileAccount) -> None:
    made = _add(root, "object", **{f"{{{XSI}}}type": "premis:file"})
    _identified(made, "objectIdentifier", "objectIdentifier", account.file_identifier(part, file.name))
    facts = _add(made, "objectCharacteristics")
    _add(facts, "compositionLevel", "0")
    fixity = _add(facts, "fixity")
    _add(fixity, "messageDigestAlgorithm", "SHA-512")
    _add(fixity, "messageDigest", file.content.sha512)
    _add(fixity, "messageDigestOriginator", "Goobi TaskManager")
    _add(facts, "size", str(file.content.bytes))
    designation = _add(_add(facts, "format"), "formatDesignation")
    _add(designation, "formatName", file.content.kind)
    if part is Part.WRITTEN:
        application = _add(facts, "creatingApplication")
        _add(application, "creatingApplicationName", f"Goobi TaskManager, plugin {account.plugin}")
        _add(application, "creatingApplicationVersion", account.plugin_version)
        _add(application, "dateCreatedByApplication", account.at.isoformat())
    _add(made, "originalName", file.name)
    event = account.identifier("event")
    if file.made_from:
        relationship = _add(made, "relationship")
        _add(relationship, "relationshipType", "derivation")
        _add(relationship, "relationshipSubType", "has source")
        for source in file.made_from:
            value = account.file_identifier(Part.READ, source)
            _identified(relationship, "relatedObjectIdentifier", "relatedObjectIdentifier", value)
        _identified(relationship, "relatedEventIdentifier", "relatedEventIdentifier", event)
    _identified(made, "linkingEventIdentifier", "linkingEventIdentifier", event)


def _event(root: ET.Element, account: Account, agents: list[str]) -> None:
    made = _add(root, "event")
    _identified(made, "eventIdentifier", "eventIdentifier", account.identifier("event"))
    vocabulary = {"authority": "eventType", "authorityURI": VOCABULARY, "valueURI": account.event.uri}
    _add(made, "eventType", account.event.label, **vocabulary)
    _add(made, "eventDateTime", account.at.isoformat())
    _add(_add(made, "eventDetailInformation"), "eventDetail", account.detail)
    outcome = _add(made, "eventOutcomeInformation")
    _add(outcome, "eventOutcome", "success")
    _add(_add(outcome, "eventOutcomeDetail"), "eventOutcomeDetailNote", account.outcome_note)
    for agent in agents:
        linked = _identified(made, "linkingAgentIdentifier", "linkingAgentIdentifier", agent)
        _add(linked, "linkingAgentRole", "executing program")
    for part, files in ((Part.READ, account.read), (Part.WRITTEN, account.written)):
        for file in files:
            value = account.file_identifier(part, file.name)
            linked = _identified(made, "linkingObjectIdentifier", "linkingObjectIdentifier", value)
            _add(linked, "linkingObjectRole", _ROLES[part])


def _agents(account: Account) -> list[tuple[str, str, str, str | None]]:
    """Identifier, name, version and note of each: the software, the plugin, its tools."""
    note = f"job {account.job}, attempt {account.attempt}, runner {account.runner} on {account.host}"
    named = [
        ("Goobi TaskManager", account.software_version, note),
        (f"Goobi TaskManager, plugin {account.plugin}", account.plugin_version, None),
        *((tool.name, tool.version, tool.kind.value) for tool in account.tools),
    ]
    return [
        (account.identifier(f"agent/{index}"), name, version, told)
        for index, (name, version, told) in enumerate(named)
    ]


def _agent(
    root: ET.Element, account: Account, identifier: str, name: str, version: str, note: str | None
) -> None:
    made = _add(root, "agent")
    _identified(made, "agentIdentifier", "agentIdentifier", identifier)
    _add(made, "agentName", name)
    uris = {"authority": "agentType", "authorityURI": AGENT_TYPES, "valueURI": f"{AGENT_TYPES}/sof"}
    _add(made, "agentType", "software", **uris)
    _add(made, "agentVersion", version)
    if note is not None:
        _add(made, "agentNote", note)
    _identified(made, "linkingEventIdentifier", "linkingEventIdentifier", account.identifier("event"))
