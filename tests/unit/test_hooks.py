"""What helps contributors works: the checks before a commit, and the container for editors."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS = {hook["id"]: hook for repository in CONFIGURATION["repos"] for hook in repository["hooks"]}


def run(hook: str, file: Path) -> int:
    """The exit code of a hook for one file."""
    return subprocess.run(
        [*shlex.split(HOOKS[hook]["entry"]), str(file)], cwd=ROOT, capture_output=True, check=False
    ).returncode


def test_every_hook_is_a_program_of_this_project() -> None:
    assert [repository["repo"] for repository in CONFIGURATION["repos"]] == ["local"]
    for hook in HOOKS.values():
        assert hook["language"] == "system"
        assert (ROOT / shlex.split(hook["entry"])[0]).exists(), hook["entry"]


@pytest.mark.parametrize(
    ("hook", "text"),
    [
        ("secrets", "token = 'ghp_" + "a1B2" * 9 + "'"),
        ("passwords", "pass" + "word = 'Tr0ub4dor-and-3'"),
        ("private-keys", "-----BEGIN " + "RSA PRIVATE KEY-----"),
        ("toml", "a = = 1"),
    ],
)
def test_a_hook_finds_what_it_is_there_for(hook: str, text: str, tmp_path: Path) -> None:
    harmless, bad = tmp_path / "harmless.toml", tmp_path / "bad.toml"
    harmless.write_text("a = 1\n")
    bad.write_text(f"{text}\n")
    assert run(hook, harmless) == 0
    assert run(hook, bad) == 1


def test_the_container_for_editors_is_set_up_as_every_machine_is() -> None:
    described = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    program, script = shlex.split(described["postCreateCommand"])
    assert program == "sh"
    assert (ROOT / script).exists()
