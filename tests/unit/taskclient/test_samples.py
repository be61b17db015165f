"""The samples for Goobi's side are files their readers take, and allow what is called."""

import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from tests.taskclient import PROGRAM
from tests.unit.taskclient.test_calls import as_goobi_splits

from taskmanager.goobi import settings

FOLDER = PROGRAM.parent

CORE = [
    ("post", "/process/17/journal"),
    ("get", "/process/17/journal"),
    ("put", "/process/17/step/42/close"),
    ("put", "/process/17/step"),
    ("get", "/process/17/step/42"),
    ("get", "/process/17/steps"),
]
REST = [
    ("post", "/addtoprocesslog/steps/42/info"),
    ("post", "/addtoprocesslog/processes/17/error"),
    ("post", "/closestep/42"),
    ("post", "/seterrorstep/42"),
]
CALLBACK = [("post", "/plugins/ocr/7/done")]


def root_of(name: str) -> ET.Element:
    return ET.parse(FOLDER / name).getroot()  # noqa: S314 - our own files


@pytest.mark.parametrize(("method", "path"), CORE + REST + CALLBACK)
def test_the_sample_goobi_rest_allows_every_call_with_netmask_and_token(method: str, path: str) -> None:
    root = root_of("goobi_rest.xml")
    assert root.tag == "config"
    (endpoint,) = [one for one in root.iter("endpoint") if re.fullmatch(one.attrib["path"], path)]
    (allow,) = endpoint.findall(f"method[@name='{method}']/allow")
    assert set(allow.attrib) == {"netmask", "token"}


def test_the_sample_goobi_rest_allows_nothing_else() -> None:
    paths = [one.attrib["path"] for one in root_of("goobi_rest.xml").iter("endpoint")]
    for other in ("/process", "/process/17", "/process/17/properties", "/process/17/files/media", "/users"):
        assert not any(re.fullmatch(path, other) for path in paths)


def test_the_sample_goobi_webapi_allows_the_commands_of_a_report() -> None:
    root = root_of("goobi_webapi.xml")
    (credentials,) = root.findall("credentials")
    assert root.tag == "config_webapi"
    assert set(credentials.attrib) == {"ip", "password"}
    names = [command.attrib["name"] for command in credentials.findall("command")]
    assert names == ["addToProcessLog", "closeStep", "setErrorStep", "help"]


def test_the_sample_properties_switch_the_web_api_on() -> None:
    lines = (FOLDER / "goobi_config.properties").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["useWebApi=true"]


def test_the_sample_settings_are_taken_by_the_services() -> None:
    loaded = settings.load(FOLDER / "goobi.toml")
    assert set(loaded.installations) == {"main", "maps"}
    assert loaded.name_of(None) == "main"


def lines_of(readme: Path) -> list[str]:
    return [line for line in readme.read_text().splitlines() if line.startswith("/opt/") and "-t " in line]


@pytest.mark.parametrize("line", lines_of(FOLDER / "README.md"))
def test_a_line_of_the_readme_is_a_call_that_waits(taskclient: ModuleType, line: str) -> None:
    call = taskclient.parse(as_goobi_splits(line)[1:], {})
    assert call.sent_code == 99
    assert {"jobtype", "sourceDir", "targetDir", "goobiId", "stepId", "goobiTitle"} <= set(call.fields)


def test_the_readme_has_a_line_for_each_plugin_that_is_shipped() -> None:
    assert [re.search(r"-t (\w+)", line)[1] for line in lines_of(FOLDER / "README.md")] == ["JP2", "SHELL"]  # type: ignore[index]
