"""Where a command goes and which token it shows there."""

from pathlib import Path

import pytest

from taskmanager_cli.errors import UsageError
from taskmanager_cli.settings.connection import LOCAL, Options, checked_address, connection_of
from taskmanager_cli.settings.profiles import Profile, configuration_file, load, parse

HERE = "https://here.example.org"


def environment(folder: Path, text: str, **more: str) -> dict[str, str]:
    file = folder / "config.toml"
    file.write_text(text)
    return {"TASKMANAGER_CLI_CONFIG": str(file), **more}


def test_without_anything_it_is_a_gateway_on_this_machine(tmp_path: Path) -> None:
    found = connection_of(Options(), {"XDG_CONFIG_HOME": str(tmp_path)})

    assert (found.address, found.token, found.actor, found.ca_file) == (LOCAL, None, None, None)


def test_options_come_before_the_environment_and_that_before_the_profile(tmp_path: Path) -> None:
    for name in ("option", "variable", "profile"):
        (tmp_path / name).write_text(f"tm_{name}\n")
    kept = f'token_file = "{tmp_path / "profile"}"\nactor = "anna"'
    text = f'default = "a"\n[profiles.a]\naddress = "{HERE}"\n{kept}'
    known = environment(tmp_path, text)

    assert connection_of(Options(), known).token == "tm_profile"
    assert connection_of(Options(), known).actor == "anna"
    known |= {"TASKMANAGER_TOKEN_FILE": str(tmp_path / "variable"), "TASKMANAGER_ACTOR": "berta"}
    assert connection_of(Options(), known).token == "tm_variable"
    known |= {"TASKMANAGER_TOKEN": "tm_itself"}
    assert connection_of(Options(), known).token == "tm_itself"
    chosen = connection_of(Options(token_file=str(tmp_path / "option"), actor="carla"), known)
    assert (chosen.token, chosen.actor, chosen.address) == ("tm_option", "carla", HERE)


def test_the_token_of_a_profile_is_for_its_own_address(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("tm_x")
    text = f'default = "a"\n[profiles.a]\naddress = "{HERE}"\ntoken_file = "{tmp_path / "token"}"'
    known = environment(tmp_path, text)

    assert connection_of(Options(address=f"{HERE}/"), known).token == "tm_x"
    assert connection_of(Options(address="https://there.example.org"), known).token is None
    assert connection_of(Options(), {**known, "TASKMANAGER_ADDRESS": "http://here.example.org"}).token is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "TOML|Expected|Invalid"),
        ("profile = 1", "'profile' is not known"),
        ("profiles = 1", "must be tables"),
        ('default = "b"\n[profiles.a]\naddress = "http://a"', "not one of the profiles"),
        ("[profiles.a]", "needs an 'address'"),
        ('[profiles.a]\naddress = "http://a"\ntoken = "x"', "'token' of profile 'a' is not known"),
        ('[profiles.a]\naddress = "http://a"\ntoken_command = "pass x"', "a list of words"),
        ('[profiles.a]\naddress = "http://a"\ntoken_command = []', "a list of words"),
        ('[profiles.a]\naddress = "http://a"\nactor = 1', "must be a text"),
        ('[profiles.a]\naddress = "http://a"\ntoken_file = "x"\ntoken_command = ["x"]', "keep one"),
    ],
)
def test_a_wrong_configuration_file_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load(environment(tmp_path, text))


def test_profiles_are_chosen_by_name(tmp_path: Path) -> None:
    found = parse('[profiles.a]\naddress = "http://a"\ntoken_command = ["pass", "x"]')

    assert found.chosen(None) is None
    assert found.chosen("a") == Profile("http://a", token_command=("pass", "x"))
    with pytest.raises(UsageError, match="it has: a"):
        found.chosen("b")
    with pytest.raises(UsageError, match="does not exist"):
        load({"TASKMANAGER_CLI_CONFIG": str(tmp_path / "none")})
    assert configuration_file({"XDG_CONFIG_HOME": "/c"}) == Path("/c/taskmanager/config.toml")


@pytest.mark.parametrize("token", ["", " \n", "two words", "tm_\x1b[0m", "tm_ü"])
def test_what_cannot_be_a_token_is_refused(tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(token)

    with pytest.raises(UsageError, match="no token in the file"):
        connection_of(Options(token_file=str(tmp_path / "token")), {"XDG_CONFIG_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    "address",
    [
        "",
        "here",
        "ftp://here",
        "http://",
        "http://a:b@c",
        "http://a?b",
        "http://a#b",
        "http://a:x",
        "http://[::1",
    ],
)
def test_what_cannot_be_an_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not the address of a gateway"):
        checked_address(address)


def test_addresses_are_taken_as_people_copy_them() -> None:
    assert {checked_address(f"{HERE}{end}") for end in ("", "/", "/api/v1", "/api/v1/")} == {HERE}
    assert checked_address("http://[::1]:8080") == "http://[::1]:8080"
