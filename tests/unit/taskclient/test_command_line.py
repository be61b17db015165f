"""What is no call is refused with one line that says what to change; our own options; the file itself."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.taskclient import PROGRAM, run

ITM = ("-itm", "http://itm/itm/service")
JP2 = (*ITM, "-t", "JP2")

MISTAKES = [
    (["-t", "JP2"], "no address: add -itm"),
    ([*ITM], "no job type: add -t"),
    ([*JP2, "-s"], "-s has no value"),
    ([*JP2, "-s", "-d", "/x"], "-s has no value"),
    ([*JP2, "-s", "/a", "--source", "/b"], "--source is given twice"),
    ([*JP2, "-x", "1", "-x", "2"], "-x is given twice"),
    ([*JP2, "-s", "/a", "b"], "'b' belongs to no option; a value with blanks needs double quotes"),
    ([*JP2, "-p", "--5"], "the priority (-p)"),
    ([*JP2, "-p", "high"], "the priority (-p) is a number from 0 to 10, not 'high'"),
    ([*JP2, "-p", "٣"], "the priority (-p)"),
    ([*ITM, "--status", ""], "--status needs the id of a job"),
    ([*JP2, "--then"], "no job type: add -t"),
    ([*JP2, "--then", "-t", "OCR", "-s", "{tiffpath}"], "Goobi did not replace the variable in '{tiffpath}'"),
    ([*JP2, "--wiat"], "there is no option --wiat"),
    ([*JP2, "--budget", "soon"], "--budget needs a number"),
    ([*JP2, "--budget", "nan"], "--budget needs a number"),
    ([*JP2, "--wait-code", "256"], "--wait-code needs a whole number from 0 to 255"),
    ([*JP2, "-s", "{tiffpath}"], "Goobi did not replace the variable in '{tiffpath}'"),
    ([*JP2, "-d", "/a/${folder.ALTO}/b"], "Goobi did not replace the variable"),
    ([*JP2, "-gid", "$(processid)"], "Goobi did not replace the variable"),
    ([*JP2, "-T", "M\udcfcnchen"], "'M?nchen' is not UTF-8"),
    (["-t", "JP2", "-itm", "itm:8080"], "'itm:8080' is no address like http://HOST:PORT/itm/service"),
    (["-t", "JP2", "-itm", "http://itm:port/"], "is no address"),
    (["-t", "JP2", "-itm", "ftp://itm/"], "is no address"),
    (["-t", "JP2", "-itm", "http://itm/\u00fc"], "is no address"),
    (["-t", "JP2", "-itm", "http://itm/a b"], "is no address"),
    (["-t", "JP2", "-itm", "http://u:secret@itm/"], "an address must not hold a password"),
]


@pytest.mark.parametrize(("arguments", "line"), MISTAKES)
def test_a_wrong_call_ends_with_code_2_and_says_what_to_change(
    taskclient: ModuleType, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    assert taskclient.main(arguments, {}) == 2
    output = capsys.readouterr()
    assert line in output.err
    assert output.err.count("\n") == 1
    assert "secret" not in output.err
    assert output.out == ""


def test_addresses_are_parted_by_commas_or_given_again(taskclient: ModuleType) -> None:
    arguments = ["-itm", "http://a:8080/itm/service/, http://b", "-itm=https://c/x/itm/service", "-t", "JP2"]
    addresses = taskclient.parse(arguments, {}).addresses
    assert addresses == ["http://a:8080/itm/service", "http://b/itm/service", "https://c/x/itm/service"]
    apis = [taskclient.api_address(address) for address in addresses]
    assert apis == ["http://a:8080/api/v1", "http://b/api/v1", "https://c/x/api/v1"]


def test_the_environment_stands_in_for_options(taskclient: ModuleType) -> None:
    environment = {
        "TASKCLIENT_ITM": "http://a,http://b",
        "TASKCLIENT_WAIT_CODE": "97",
        "TASKCLIENT_INSTALLATION": "maps",
    }
    call = taskclient.parse(["-t", "JP2", "-e"], environment)
    assert len(call.addresses) == 2
    assert call.sent_code == 97
    assert taskclient.body_of(call) == {"jobtype": "JP2", "installation": "maps"}
    assert taskclient.parse([*JP2, "-e", "--wait-code", "3"], environment).sent_code == 3


def test_an_unknown_option_is_a_parameter_whose_value_may_look_like_anything(taskclient: ModuleType) -> None:
    arguments = [*JP2, "-quality", "80", "-flat", "-size=-e", "-n2", "-5", "-status", "x"]
    parameters = taskclient.body_of(taskclient.parse(arguments, {}))["parameters"]
    assert parameters == {"quality": "80", "flat": True, "size": "-e", "n2": "-5", "status": "x"}


def key(taskclient: ModuleType, *arguments: str) -> str | None:
    unique: str | None = taskclient.body_of(taskclient.parse([*JP2, *arguments], {})).get("unique")
    return unique


def test_a_step_started_again_has_the_same_unique_key(taskclient: ModuleType) -> None:
    first = key(taskclient, "-i", "42", "-s", "/a", "-p", "3")
    assert first
    assert first.startswith("goobi/default/42/JP2/")
    assert key(taskclient, "-p", "7", "-s", "/a", "-i", "42", "-T", "x") == first


@pytest.mark.parametrize(
    "other", [("-i", "43"), ("-s", "/b"), ("-n", "x"), ("-q", "1"), ("--installation", "x")]
)
def test_other_work_has_another_unique_key(taskclient: ModuleType, other: tuple[str, str]) -> None:
    given = {"-i": "42", "-s": "/a"}
    changed = given | {other[0]: other[1]}
    first = key(taskclient, *(word for pair in given.items() for word in pair))
    assert key(taskclient, *(word for pair in changed.items() for word in pair)) != first


def test_a_job_without_a_step_is_compared_with_none_unless_told_so(taskclient: ModuleType) -> None:
    assert key(taskclient, "-gid", "17") is None
    assert key(taskclient, "--unique", "mine") == "mine"


@pytest.mark.parametrize("content", ["", "two words", "line\nline", "geh\xe4im"])
def test_a_token_file_that_holds_no_token_ends_with_code_5(
    taskclient: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = tmp_path / "token"
    file.write_text(content, encoding="latin-1")
    assert taskclient.main([*JP2, "--token-file", str(file)], {}) == 5
    assert str(file) in capsys.readouterr().err
    assert taskclient.main([*JP2, "--token-file", str(tmp_path / "none")], {}) == 5
    assert "no such file" in capsys.readouterr().err.lower()


def test_help_is_the_manual_page_and_names_every_option(taskclient: ModuleType) -> None:
    shown = run(["--help"])
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, taskclient.MANUAL, "")
    options = [
        f"-{name}" for name in ("itm", "ocr", "gid", "st", "s", "d", "e", "p", "i", "T", "t", "n", "f", "l")
    ]
    options += [f"--{name}" for name in (*taskclient.OWN_FLAGS, *taskclient.OWN_VALUES)]
    for option in options:
        assert f"    {option}" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 104


def test_it_is_one_executable_file_for_python_3_8(taskclient: ModuleType) -> None:
    assert os.access(PROGRAM, os.X_OK)
    ast.parse(PROGRAM.read_text(), feature_version=(3, 8))
    names = {name.split(".")[0] for name in imported(PROGRAM)}
    assert names <= sys.stdlib_module_names


def imported(program: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(program.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_it_starts_with_nothing_imported_that_it_does_not_need() -> None:
    """`make bench` measures speed; this test prevents what would reduce it."""
    before = modules_after("import os")
    loaded = modules_after(f"exec(open({str(PROGRAM)!r}, encoding='utf-8').read(), {{'__name__': 'x'}})")
    assert loaded - before <= {"time", "__future__"}


def modules_after(code: str) -> set[str]:
    bare = [sys.executable, "-I", "-S", "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    return set(subprocess.run(bare, check=True, capture_output=True, text=True).stdout.split())


def test_what_comes_after_then_is_another_job_of_the_chain(taskclient: ModuleType) -> None:
    arguments = [*JP2, "-s", "/a", "-i", "42", "-e", "--then", "-t", "OCR", "-s", "/b", "-dpi", "300"]
    call = taskclient.parse([*arguments, "--then", "-t", "PDF", "--wait-code", "3"], {})
    body = taskclient.body_of(call)
    assert body["after"] == [
        {"jobtype": "OCR", "sourceDir": "/b", "parameters": {"dpi": "300"}},
        {"jobtype": "PDF"},
    ]
    assert (body["jobtype"], body["stepId"], call.sent_code) == ("JP2", "42", 3)
    alone = taskclient.body_of(taskclient.parse([*JP2, "-s", "/a", "-i", "42"], {}))
    assert "after" not in alone
    assert alone["unique"] != body["unique"]


def test_of_a_chain_each_job_is_watched_until_one_fails(taskclient: ModuleType) -> None:
    chain = ["a", "b"]
    assert taskclient.next_in_chain({"status": "DONE", "chain": chain}, "a") == "b"
    assert taskclient.next_in_chain({"status": "DONE", "chain": chain}, "b") is None
    assert taskclient.next_in_chain({"status": "ERROR", "chain": chain}, "a") is None
    assert taskclient.next_in_chain({"status": "DONE"}, "a") is None


def test_each_job_of_a_chain_may_have_a_preset_and_another_preset_is_other_work(
    taskclient: ModuleType,
) -> None:
    chain = [*JP2, "-i", "3", "--preset", "Reading room", "--then", "-t", "OCR", "--preset=Old prints"]
    body = taskclient.body_of(taskclient.parse(chain, {}))
    assert (body["preset"], body["after"][0]["preset"]) == ("Reading room", "Old prints")
    keys = {
        taskclient.unique_key(taskclient.parse([*JP2, "-i", "3", *more], {}))
        for more in ((), ("--preset", "a"), ("--preset", "b"))
    }
    assert len(keys) == 3
