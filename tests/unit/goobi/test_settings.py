"""The TOML file about Goobi: what may stand in it, and what is said of what may not."""

import os
from pathlib import Path

import pytest

from taskmanager.goobi.secrets import SecretFile, SecretUnreadableError
from taskmanager.goobi.settings import GoobiSettings, GoobiSettingsError, load, parse

WEBAPI = {"dialect": "webapi", "url": "https://goobi.example.org/goobi/", "token_file": "/run/secrets/goobi"}
REST = {"dialect": "rest", "url": "http://10.0.0.7:8080/goobi", "token_file": "/run/secrets/rest"}


def refused(document: dict[str, object]) -> list[str]:
    with pytest.raises(GoobiSettingsError) as caught:
        parse(document, "goobi.toml")
    return str(caught.value).splitlines()


def test_without_a_file_there_are_no_installations() -> None:
    settings = load(None)
    assert settings.find(None) is None
    assert settings.misfit(None) is None
    assert settings.misfit("main") == "no Goobi installation is called 'main' (known: none is configured)"


def test_the_only_installation_is_the_default_one() -> None:
    settings = parse({"installations": {"main": WEBAPI}}, "goobi.toml")
    assert settings.name_of(None) == "main"
    found = settings.find(None)
    assert found is not None
    assert found.base == "https://goobi.example.org/goobi"
    assert found.by_ipv4


def test_of_several_installations_the_default_one_must_be_named() -> None:
    both = {"main": WEBAPI, "old": REST}
    assert refused({"installations": both}) == [
        "goobi.toml: default must name the installation of jobs that name none"
    ]
    assert parse({"default": "old", "installations": both}, "f").name_of(None) == "old"
    assert refused({"default": "new", "installations": both}) == [
        "goobi.toml: default names 'new', but there is no such installation"
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"dialect": "wi"}, "dialect: Input should be 'webapi', 'rest' or 'core'"),
        ({"token": "secret"}, "token: there is no such key"),
        (
            {"url": "https://me:word@goobi/goobi"},
            "url: must hold no name, password, query or fragment; secrets belong into files",
        ),
        ({"token_file": "token"}, "token_file: 'token' is not absolute: give the full path of the file"),
        ({"timeout_seconds": 0}, "timeout_seconds: Input should be greater than 0"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_table_and_key(change: dict[str, object], line: str) -> None:
    lines = refused({"installations": {"main": {**WEBAPI, **change}}})
    assert lines == [f"goobi.toml: [installations.main] {line}"]


def test_a_place_in_a_text_that_nobody_fills_is_refused() -> None:
    (line,) = refused({"installations": {"main": {**WEBAPI, "on_done": {"entry": "{file}"}}}})
    assert line.startswith("goobi.toml: [installations.main.on_done] entry: {file} is not known; known are ")
    (line,) = refused({"installations": {"main": {**WEBAPI, "on_done": {"entry": "{files"}}}})
    assert "the braces do not match" in line


def test_an_installation_has_one_way_of_access() -> None:
    (line,) = refused({"installations": {"main": {**WEBAPI, "api_token_file": "/run/secrets/b"}}})
    assert line.endswith("give one of token_file, api_token_file and jwt, not several")
    (line,) = refused({"installations": {"main": {"dialect": "webapi", "url": "http://goobi/goobi"}}})
    assert line.endswith("dialect webapi needs token_file, the password of goobi_webapi.xml")


def test_the_value_of_a_wrong_key_is_never_repeated() -> None:
    lines = refused({"installations": {"main": {**REST, "token": "s3cret", "url": "x://s3cret"}}})
    assert not [line for line in lines if "s3cret" in line]


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(GoobiSettingsError, match=r"gone\.toml: cannot be read: No such file"):
        load(tmp_path / "gone.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[installations")
    with pytest.raises(GoobiSettingsError, match=r"broken\.toml: is no TOML"):
        load(broken)


def test_callbacks_go_to_the_hosts_of_installations_and_to_those_that_are_named() -> None:
    settings = parse(
        {"callback_hosts": ["OCR.example.org", "[::1]"], "installations": {"main": WEBAPI}}, "goobi.toml"
    )
    for url in ("http://goobi.example.org/x", "https://ocr.example.org:8443/y", "http://[::1]:9/"):
        assert settings.callback_misfit(url) is None
    assert "callbacks to host '169.254.169.254' are not allowed" in str(
        settings.callback_misfit("http://169.254.169.254/latest")
    )
    assert GoobiSettings().callback_misfit("http://localhost/") is not None


def test_a_secret_is_read_again_when_its_file_changes_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    secret = SecretFile(file)
    assert secret.read() == "first"
    file.write_text("second, longer\n")
    os.utime(file, ns=(1, 1))
    assert secret.read() == "second, longer"
    assert "second" not in repr(secret)


def test_a_secret_that_cannot_be_read_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(SecretUnreadableError, match=r"gone cannot be read: No such file"):
        SecretFile(tmp_path / "gone").read()
    empty = tmp_path / "empty"
    empty.write_text(" \n")
    with pytest.raises(SecretUnreadableError, match="empty is empty"):
        SecretFile(empty).read()
