"""One place says which version this is."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from deploy.pins import OURS

from taskmanager import __version__

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("distribution", OURS)
def test_every_distribution_has_the_version_of_the_shared_one(distribution: str) -> None:
    assert version(distribution) == __version__, "run `make setup`"


def test_the_changelog_knows_the_version_and_what_comes_next() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", headings[1]), headings[1]
    assert headings[1].startswith(f"[{__version__}]")


def test_images_are_labelled_with_the_version() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r'image\.version="(.*)"', dockerfile) == [__version__]
