"""The fake Goobi beside a local stack: its files, and the screen that shows what arrives there."""

from pathlib import Path

import pytest

from taskmanager.goobi.installations import Dialect
from taskmanager.goobi.settings import load
from taskmanager_local.demo.process_folder import ProcessFolder
from taskmanager_local.demo.reports import GoobiScreen
from taskmanager_local.goobi import DIALECTS, fake_goobi
from taskmanager_local.state import Ports, StackFolder
from taskmanager_testing.goobi import Endpoint, running_goobi
from taskmanager_testing.goobi.settings import read_settings


@pytest.mark.parametrize(("choice", "dialect"), DIALECTS.items())
def test_its_token_is_the_one_the_services_find(tmp_path: Path, choice: str, dialect: str) -> None:
    folder = StackFolder(tmp_path)
    command, settings = fake_goobi(folder, Ports(folder), choice)
    installation = load(settings).find(None)
    assert installation is not None
    assert installation.dialect is Dialect(dialect)
    assert installation.base == f"http://127.0.0.1:{command.port}/goobi"
    assert installation.token_file is not None
    token = installation.token_file.read_text()
    rules = read_settings(Path(command.arguments[-1]))
    assert isinstance(rules.rest.endpoints[0], Endpoint)
    assert [one.password for one in rules.webapi.credentials] == [token]
    assert {allow.token for one in rules.rest.endpoints[0].methods.values() for allow in one} == {token}
    assert token not in settings.read_text()


def test_the_screen_shows_what_happens_to_the_process_of_the_demo_until_its_steps_have_ended(
    tmp_path: Path,
) -> None:
    process = ProcessFolder(tmp_path, 17, "basement")
    with running_goobi() as server, GoobiScreen(server.url, process) as screen:
        assert [line.split()[-1] for line in screen.news()] == ["derivatives", "2000", "OCR"]
        workflow = server.goobi.workflow
        workflow.close(screen.step_of("jp2"))
        workflow.close(11)
        workflow.close(screen.step_of("ocr"))
        workflow.fail(screen.step_of("shell"))
        lines = [" ".join(line.split()) for line in screen.rest_of_news()]
    assert lines == [
        "Goobi step closed JPEG 2000",
        "Goobi step closed OCR",
        "Goobi step in error JPEG derivatives",
    ]
