"""The files from npm packages: what is asked for is what is copied, and their absence has a clear message."""

import re
from pathlib import Path

import pytest

from taskmanager_gateway.web.vendored import NAMES, MissingFilesError, check_vendored

WEB_PACKAGES = Path(__file__).parents[3] / "services" / "gateway" / "web-packages"


def test_every_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    for name in NAMES[1:]:
        (tmp_path / name).touch()
    with pytest.raises(MissingFilesError, match=rf"lack {re.escape(NAMES[0])} in .*make setup"):
        check_vendored(tmp_path)


def test_complete_files_are_fine(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).touch()
    check_vendored(tmp_path)


def test_the_script_copies_what_the_gateway_asks_for_and_a_licence_of_each_package() -> None:
    copied = re.findall(r"^take \S+ (\S+)$", (WEB_PACKAGES / "vendor.sh").read_text(), re.MULTILINE)
    scripts = [name for name in copied if not name.endswith(".LICENSE.txt")]
    assert sorted(scripts) == sorted(NAMES)
    assert len(copied) - len(scripts) == 3
