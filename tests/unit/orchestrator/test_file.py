"""The orchestrator's file: one engine, and a template in its terms for every plugin."""

from pathlib import Path

import pytest

from taskmanager_orchestrator.engine_choice import engine_of
from taskmanager_orchestrator.settings import OrchestratorFileError, load

DOCKER = """
place = "host-1"
[docker]
address = "unix:///run/podman/podman.sock"
[plugins.jp2]
most = 4
[plugins.jp2.docker]
image = "taskmanager-plugin-runner"
command = ["taskmanager-service", "--plugin", "jp2", "--slots", "2"]
mounts = ["/opt/digiverso:/opt/digiverso"]
memory_bytes = 4294967296
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "orchestrator.toml"
    path.write_text(text)
    return path


def test_a_file_names_place_engine_and_templates(tmp_path: Path) -> None:
    file = load(written(tmp_path, DOCKER))
    assert (file.place, file.engine, file.most) == ("host-1", "docker", {"jp2": 4})
    assert engine_of(file).name == "docker"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (DOCKER.replace("host-1", "Host 1"), "place"),
        (DOCKER + "\n[local]\nfolder = '/tmp/x'", "exactly one"),
        (DOCKER.replace("[docker]\n", "[none]\n").replace("address", "adress"), "none.adress"),
        (DOCKER.replace("[plugins.jp2.docker]", "[plugins.jp2.systemd]"), "plugins.jp2.systemd"),
        ("place = 'x'\n[docker]\n[plugins.jp2]\nmost = 1", "plugins.jp2 has no table docker"),
        ("place = ", "is no TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_the_error(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(OrchestratorFileError, match=told):
        load(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OrchestratorFileError, match=r"missing\.toml: cannot be read"):
        load(tmp_path / "missing.toml")


async def test_a_place_without_an_engine_has_no_runners(tmp_path: Path) -> None:
    file = load(written(tmp_path, "place = 'here'\n[none]\n[plugins.jp2]\n"))
    engine = engine_of(file)
    assert list(await engine.look()) == []
