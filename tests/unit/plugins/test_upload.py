"""Uploads without a server: names, what distinguishes two folders, bags, targets."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import bagit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import GoobiReference, JobSpec
from taskmanager_plugin_runner.plugins.upload import UploadPlugin, consignment
from taskmanager_plugin_runner.plugins.upload.bags import bagged
from taskmanager_plugin_runner.plugins.upload.command import CommandSending
from taskmanager_plugin_runner.plugins.upload.consignment import Arrived, Piece
from taskmanager_plugin_runner.plugins.upload.target import CommandTarget, SftpTarget, read_target
from taskmanager_testing.plugins import LocalContext

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJpZ"
SFTP = {"title": "x", "kind": "sftp", "host": "a.org", "user": "u", "host_key": KEY}
COMMAND = {"title": "x", "kind": "command", "argv": ["true"]}
ONE, TWO = Piece("1", Path("1"), 3, "a" * 64), Piece("2", Path("2"), 5, "b" * 64)


@pytest.fixture
def context(tmp_path: Path) -> LocalContext:
    source = tmp_path / "source"
    for folder in (source, tmp_path / "out", tmp_path / "scratch"):
        folder.mkdir()
    goobi = GoobiReference(process_id=17, step_id=2, process_title="a title")
    spec = JobSpec(plugin="upload", source=str(source), goobi=goobi, title="of the job")
    return LocalContext(spec, None, source, tmp_path / "out", tmp_path / "scratch")


@pytest.mark.parametrize(
    ("pattern", "wanted", "name"),
    [
        ("{process_title}", None, "a title"),
        ("{process_id}_{title}", None, "17_of the job"),
        ("{process_title}", "PPN 1", "PPN 1"),
    ],
)
def test_the_folder_at_the_target_is_named_by_target_or_job(
    context: LocalContext, pattern: str, wanted: str | None, name: str
) -> None:
    assert consignment.name_of(context, pattern, wanted) == name


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "_temp_x", "-rf", " ", "a\nb", "a\\b", "ä" * 101])
def test_names_that_lead_elsewhere_or_look_unfinished_are_refused(context: LocalContext, name: str) -> None:
    with pytest.raises(JobFailedError, match="cannot be the name of a folder"):
        consignment.name_of(context, "{process_title}", name)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"1": Arrived(3, "a" * 64), "2": Arrived(5, "b" * 64)}, None),
        ({"1": Arrived(3), "2": Arrived(5)}, None),
        ({"1": Arrived(3)}, "2 is missing"),
        ({"1": Arrived(4, "a" * 64), "2": Arrived(5)}, "1 has 4 bytes instead of 3"),
        (
            {"1": Arrived(3, "c" * 64), "2": Arrived(5)},
            f"the SHA-256 of 1 is {'c' * 64} instead of {'a' * 64}",
        ),
        ({"1": Arrived(3), "2": Arrived(5), "0": Arrived(1)}, "0 does not belong to it"),
    ],
)
def test_two_folders_are_told_apart(found: Mapping[str, Arrived], said: str | None) -> None:
    assert consignment.difference([ONE, TWO], found) == said


def test_lists_of_checksums_are_read_as_sha256sum_writes_them() -> None:
    text = f"{'A' * 64}  ./a b\n{'b' * 64} *2\nsha256sum: x: No such file\n{'c' * 63}  short\n"
    assert consignment.read_checksums(text) == {"a b": "a" * 64, "2": "b" * 64}
    assert consignment.read_checksums(consignment.checksums([ONE, TWO])) == {"1": "a" * 64, "2": "b" * 64}


NAMES = st.text(
    st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="/%~"), min_size=1, max_size=12
)


@settings(max_examples=30)
@given(names=st.sets(NAMES.filter(lambda name: name == name.strip() and name not in {".", ".."}), max_size=4))
def test_a_bag_of_any_names_is_valid_for_another_program(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    usable = sorted(names)
    tmp_path = tmp_path_factory.mktemp("bag")
    (tmp_path / "scratch").mkdir()
    context = LocalContext(JobSpec(plugin="upload"), None, None, tmp_path, tmp_path / "scratch")
    (tmp_path / "bag" / "data").mkdir(parents=True)
    pieces = []
    for number, name in enumerate(usable):
        path = tmp_path / f"{number}"
        path.write_bytes(bytes(number))
        pieces.append(consignment.piece(path, name, context))
    made = bagged(pieces, {"Contact-Name": "X"}, tmp_path / "scratch", date(2026, 11, 28), context)
    for one in made:
        (tmp_path / "bag" / one.name).write_bytes(one.path.read_bytes())
    bag = bagit.Bag(str(tmp_path / "bag"))
    bag.validate()
    assert bag.info["Payload-Oxum"] == f"{sum(range(len(usable)))}.{len(usable)}"


def test_a_percent_sign_is_written_as_the_standard_says_though_not_every_reader_knows(
    context: LocalContext,
) -> None:
    """RFC 8493, 2.1.3; the package `bagit` decodes line ends only."""
    made = bagged(
        [Piece("50%\n.txt", Path("1"), 3, "a" * 64)], {}, context.scratch, date(2026, 1, 1), context
    )
    manifest = next(one for one in made if one.name == "manifest-sha256.txt")
    assert manifest.path.read_text(encoding="utf-8") == f"{'a' * 64}  data/50%25%0A.txt\n"


def test_a_command_is_not_run_again_unless_the_target_says_that_it_may(context: LocalContext) -> None:
    context.attempt = 2
    with pytest.raises(JobFailedError, match="this is attempt 2"):
        CommandSending(CommandTarget.model_validate(COMMAND), context).deliver([], "x")
    assert context.tool_runs == []
    repeatable = CommandTarget.model_validate({**COMMAND, "repeatable": True})
    CommandSending(repeatable, context).deliver([], "x")
    assert context.tool_runs == [("true",)]


@pytest.mark.parametrize(
    "wrong",
    [
        {**SFTP, "host_key": ""},
        {**SFTP, "name": "{folder}"},
        {**SFTP, "password": "secret"},
        {**SFTP, "kind": "ftp"},
        {**SFTP, "bag_info": {"a:b": "c"}},
        {**SFTP, "bag_info": {"a": "b\nc: d"}},
        {**COMMAND, "argv": []},
        {**COMMAND, "argv": ["cp", "{destination}"]},
        {"title": "x", "kind": "s3", "bucket": "archive"},
    ],
)
def test_a_wrong_target_is_refused(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_target(wrong)


def test_a_target_is_of_its_kind_and_the_plugin_declares_that_it_acts_outside() -> None:
    assert isinstance(read_target(SFTP), SftpTarget)
    manifest = UploadPlugin().manifest
    assert (manifest.job_type, manifest.outside_effects, manifest.templates) == ("EWIG", True, ())


def test_without_a_target_a_job_says_so(context: LocalContext) -> None:
    with pytest.raises(JobFailedError, match="names no target; known: -"):
        UploadPlugin().run(context)


def test_the_only_target_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "upload"
    folder.mkdir()
    (folder / "ours.toml").write_text('title = "x"\nkind = "command"\nargv = ["true"]\n', encoding="utf-8")
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(tmp_path))
    assert UploadPlugin().manifest.choose_template("none") == "ours"
    assert UploadPlugin().manifest.choose_template(None) == "ours"
