"""What the shell plugin does around a program: files, folders, parallel runs, checks and errors."""

from pathlib import Path

import pytest

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager_plugin_runner.plugins.shell import ShellPlugin
from taskmanager_testing.plugins import CancelledInTestError, run_plugin


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "templates" / "shell" / "own.toml"
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(path.parent.parent))
    path.write_text(
        'title = "Copy"\nargv = ["cp", "{input}", "{output}"]\noutput_suffix = ".copy"\nparallel = 2\n'
    )
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


NASTY_NAMES = [
    "-rf.txt",
    "a b.txt",
    "a[0].txt",
    "%d.txt",
    "@x.txt",
    "msl:evil.txt",
    "ünïcode.txt",
    "$(id).txt",
    "*.txt",
]


def test_files_of_any_name_come_out_under_their_own_name(
    template: Path, source: Path, tmp_path: Path
) -> None:
    for name in NASTY_NAMES:
        (source / name).write_text(name)
    context = run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")
    assert names(tmp_path / "out") == sorted(name.replace(".txt", ".copy") for name in NASTY_NAMES)
    for name in NASTY_NAMES:
        assert (tmp_path / "out" / name.replace(".txt", ".copy")).read_text() == name
    for _, given, _ in context.tool_runs:
        assert given.isascii()
        assert not set("[]%@:*$ ") & set(Path(given).name)
        assert not Path(given).name.startswith("-")


def test_progress_goes_by_file_and_names_the_one_at_work(
    template: Path, source: Path, tmp_path: Path
) -> None:
    for number in range(1, 6):
        (source / f"page{number}.txt").write_text("x")
    context = run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")
    done = [call[0] for call in context.progress_calls]
    assert context.progress_calls[0] == (0, 5, "page1.txt")
    assert context.progress_calls[-1] == (5, 5, None)
    assert done == sorted(done)
    assert context.checkpoints == 5


def test_no_new_file_is_started_after_a_failure(template: Path, source: Path, tmp_path: Path) -> None:
    template.write_text(
        'title = "x"\noutput_suffix = ".copy"\nparallel = 1\n'
        "argv = ['sh', '-c', 'grep -q good \"$1\" && cp \"$1\" \"$2\"', 'sh', '{input}', '{output}']\n"
    )
    for number in range(1, 10):
        (source / f"{number}.txt").write_text("bad" if number == 3 else "good")
    with pytest.raises(ToolFailedError, match=r"^3.txt: sh ended with exit code 1"):
        run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")
    assert names(tmp_path / "out") == ["1.copy", "2.copy"]


def test_a_cancel_takes_effect_between_two_files(template: Path, source: Path, tmp_path: Path) -> None:
    template.write_text(template.read_text().replace("parallel = 2", "parallel = 1"))
    for number in range(1, 10):
        (source / f"{number}.txt").write_text("x")
    with pytest.raises(CancelledInTestError):
        run_plugin(ShellPlugin(), source, tmp_path / "out", template="own", cancel_at=4)
    assert names(tmp_path / "out") == ["1.copy", "2.copy", "3.copy"]


def test_a_program_that_writes_nothing_has_failed(template: Path, source: Path, tmp_path: Path) -> None:
    template.write_text(
        'title = "x"\nargv = ["test", "-e", "{input}", "-o", "{output}"]\noutput_suffix = ".copy"\n'
    )
    (source / "1.txt").write_text("x")
    with pytest.raises(JobFailedError, match=r"1.txt: the program succeeded but wrote no result"):
        run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")


def test_a_result_is_only_moved_after_its_verification(template: Path, source: Path, tmp_path: Path) -> None:
    template.write_text(f'{template.read_text()}verify = ["grep", "-q", "good", "{{output}}"]\n')
    (source / "1.txt").write_text("bad")
    with pytest.raises(ToolFailedError, match=r"1.txt: grep ended with exit code 1"):
        run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")
    assert names(tmp_path / "out") == []


def test_results_can_go_into_a_folder_of_the_destination(
    template: Path, source: Path, tmp_path: Path
) -> None:
    template.write_text(f'{template.read_text()}folder = "copies"\ninputs = [".txt"]\n')
    (source / "1.TXT").write_text("x")
    (source / "Thumbs.db").write_text("x")
    context = run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")
    assert names(tmp_path / "out") == ["copies", "copies/1.copy"]
    assert ("warning", "1 file(s) left out, which are not among .txt: Thumbs.db") in context.log.lines


def test_a_source_without_a_fitting_file_is_an_error(template: Path, source: Path, tmp_path: Path) -> None:
    template.write_text(f'{template.read_text()}inputs = [".tif"]\n')
    (source / "1.txt").write_text("x")
    with pytest.raises(JobFailedError, match=r"no file to work on \(wanted: .tif; found: 1.txt\)"):
        run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")


def test_two_files_never_share_a_result(template: Path, source: Path, tmp_path: Path) -> None:
    (source / "1.txt").write_text("x")
    (source / "1.text").write_text("x")
    with pytest.raises(JobFailedError, match=r"1.text and 1.txt would both become 1.copy"):
        run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")


def test_a_tool_that_hangs_ends_by_its_time_limit(template: Path, source: Path, tmp_path: Path) -> None:
    template.write_text(
        'title = "x"\noutput_suffix = ".x"\ntime_limit_seconds = 0.2\n'
        'argv = ["sh", "-c", "exec sleep 60", "{output}"]\n'
    )
    (source / "1.txt").write_text("x")
    with pytest.raises(ToolFailedError, match=r"1.txt: sh was stopped after .*, its time limit"):
        run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")


def test_one_program_may_do_the_whole_job(template: Path, source: Path, tmp_path: Path) -> None:
    template.write_text(
        'title = "Pack"\nmode = "job"\n'
        'argv = ["tar", "--create", "--file={destination}/{process_id}-{parameters.label}.tar",'
        ' "--directory={source}", "."]\n'
        'verify = ["tar", "--list", "--file={destination}/{process_id}-{parameters.label}.tar"]\n'
        '[parameters.label]\ntype = "string"\ndefault = "all"\npattern = "^[a-z]+$"\n'
    )
    (source / "1.txt").write_text("x")
    context = run_plugin(
        ShellPlugin(), source, tmp_path / "out", template="own", parameters={"label": "pages"}
    )
    assert names(tmp_path / "out") == ["1-pages.tar"]
    assert context.progress_calls[-1] == (1, 1, None)


def test_a_job_program_that_leaves_nothing_has_failed(template: Path, source: Path, tmp_path: Path) -> None:
    template.write_text('title = "Nothing"\nmode = "job"\nargv = ["true"]\n')
    with pytest.raises(JobFailedError, match="wrote no result"):
        run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")


@pytest.mark.parametrize("existing", ["keep", "replace", "refuse"])
def test_a_job_says_what_becomes_of_pages_that_are_gone(
    template: Path, source: Path, tmp_path: Path, existing: str
) -> None:
    (source / "1.txt").write_text("one")
    destination = tmp_path / "destination"
    destination.mkdir()
    for name in ("1.copy", "2.copy", "2.txt", ".2.copy"):
        (destination / name).write_text("old")

    def work() -> list[tuple[str, str]]:
        parameters = {"existing": existing}
        output = tmp_path / "out"
        return run_plugin(
            ShellPlugin(), source, output, template="own", parameters=parameters, destination=destination
        ).log.lines

    if existing == "refuse":
        with pytest.raises(JobFailedError, match=r"with the suffix of the results: 1\.copy, 2\.copy;"):
            work()
        return
    ((level, _),) = [line for line in work() if "2.copy" in line[1]]
    assert level == {"keep": "warning", "replace": "info"}[existing]
    assert names(destination) == [".2.copy", "1.copy", *(["2.copy"] if existing == "keep" else []), "2.txt"]
    assert (destination / "1.copy").read_text() == "one"


def test_every_file_is_waited_for_and_every_result_said_to_be_finished(
    template: Path, source: Path, tmp_path: Path
) -> None:
    for number in (1, 2):
        (source / f"{number}.txt").write_text("x")
    context = run_plugin(ShellPlugin(), source, tmp_path / "out", template="own")
    assert sorted(context.waited) == [source / "1.txt", source / "2.txt"]
    assert sorted(context.results) == [tmp_path / "out" / "1.copy", tmp_path / "out" / "2.copy"]


def test_a_template_declares_that_it_works_in_place(template: Path) -> None:
    template.write_text(template.read_text().replace("title", "in_place = true\ntitle", 1))
    manifest = ShellPlugin().manifest
    assert manifest.templates_in_place == ("own",)
    assert [manifest.works_in_place(name) for name in ("own.xml", "jpeg", None, "none")] == [
        True, False, False, False
    ]  # fmt: skip
