"""What is installed is what was looked at: by name, version and hash, and nothing beside it."""

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploy import pins

LISTS = sorted((pins.ROOT / "pins").glob("*.txt"))
PINNED = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)


def wheel(folder: Path) -> str:
    """A package in `folder`; returns the hash of its file."""
    file = folder / "tm_example-1.0-py3-none-any.whl"
    info = "tm_example-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("tm_example.py", "")
        packed.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tm-example\nVersion: 1.0\n")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def install(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """As the set-up does it, into `folder` and from `folder` alone."""
    (folder / "list.txt").write_text(f"{line}\n")
    command = ["sh", str(pins.ROOT / "deploy" / "pinned.sh"), sys.executable, "install", "list.txt"]
    only_here = ["--no-index", "--find-links", str(folder), "--target", str(folder / "installed")]
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [*command, *only_here], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_package_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    right = wheel(tmp_path)
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")

    refused = install(tmp_path, f"tm-example==1.0 --hash=sha256:{wrong}")
    assert refused.returncode != 0
    assert "HASHES" in refused.stderr
    assert install(tmp_path, "tm-example==1.0").returncode != 0
    assert not (tmp_path / "installed" / "tm_example.py").exists()

    taken = install(tmp_path, f"tm-example==1.0 --hash=sha256:{right}")
    assert taken.returncode == 0, taken.stderr
    assert (tmp_path / "installed" / "tm_example.py").exists()


def entries(text: str) -> list[str]:
    """The packages of a list, each with its hashes."""
    return re.split(r"\n(?=\S)", text.strip())


@pytest.mark.parametrize("name", pins.APART)
def test_a_list_apart_has_a_hash_for_each_package_and_the_versions_asked_for(name: str) -> None:
    """Such a list cannot heed the constraints: what it is for asks for older versions of what we use."""
    text = (pins.ROOT / "pins" / f"{name}.txt").read_text()
    for entry in entries(text):
        assert PINNED.match(entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
    found = {f"{package}=={version}" for package, version in PINNED.findall(text)}
    assert set(pins.APART[name]) <= found
    assert "://" not in text


@pytest.mark.parametrize(
    "file", [one for one in LISTS if one.stem not in pins.APART], ids=lambda file: file.stem
)
def test_a_list_has_a_hash_for_each_package_and_the_version_of_the_constraints(file: Path) -> None:
    text = file.read_text()
    constrained = dict(PINNED.findall((pins.ROOT / "constraints.txt").read_text()))
    found = dict(PINNED.findall(text))

    assert found
    for entry in entries(text):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
        name, version = PINNED.findall(entry)[0]
        assert constrained.get(name) == version or "sys_platform == 'win32'" in entry, name
    assert "://" not in text


def test_every_environment_has_a_list_with_all_that_it_asks_for() -> None:
    asked = {**pins.environments(), **pins.APART}

    assert {file.stem for file in LISTS} == set(asked)
    for name, requirements in asked.items():
        found = dict(PINNED.findall((pins.ROOT / "pins" / f"{name}.txt").read_text()))
        assert set(names(requirements)) <= found.keys()


def names(requirements: list[str]) -> Iterator[str]:
    """As the lists spell them."""
    for requirement in requirements:
        yield re.sub(r"[-_.]+", "-", re.sub(r"[\s;\[<>=!~].*", "", requirement)).lower()


def test_a_changed_file_of_the_web_pages_is_noticed(tmp_path: Path) -> None:
    source = pins.ROOT / "services" / "gateway" / "src" / "taskmanager_gateway" / "web" / "static" / "vendor"
    listed = (pins.ROOT / "services" / "gateway" / "web-packages" / "vendor.sha256").read_text().splitlines()
    assert sorted(line.split()[1] for line in listed) == sorted(one.name for one in source.iterdir())
    for line in listed:
        digest, name = line.split()
        assert hashlib.sha256((source / name).read_bytes()).hexdigest() == digest
