"""The configuration file: named profiles, each with an address and where its token is kept."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from taskmanager_cli.errors import UsageError


@dataclass(frozen=True, slots=True)
class Profile:
    """One TaskManager as the configuration file describes it.

    `token_command` is a program whose output is the token: that of a keyring, for example. `actor` is the
    person on whose behalf the token is used; `ca_file` has the certificates to trust for the address.
    """

    address: str
    token_file: str | None = None
    token_command: tuple[str, ...] | None = None
    actor: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Profiles:
    """The content of the configuration file; `default` is the profile used when none is named."""

    named: Mapping[str, Profile]
    default: str | None = None

    def chosen(self, name: str | None) -> Profile | None:
        """The profile of that name, or the default one; raises UsageError if there is none of that name."""
        wanted = name or self.default
        if wanted is None:
            return None
        if wanted not in self.named:
            known = ", ".join(sorted(self.named)) or "none"
            raise UsageError(f"There is no profile {wanted!r} in the configuration file; it has: {known}.")
        return self.named[wanted]


def configuration_file(environment: Mapping[str, str]) -> Path:
    """Where the configuration file is, whether it exists or not."""
    if named := environment.get("TASKMANAGER_CLI_CONFIG"):
        return Path(named).expanduser()
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "taskmanager" / "config.toml"


def load(environment: Mapping[str, str] = os.environ) -> Profiles:
    """The profiles; none if there is no file. Raises UsageError if the file cannot be used."""
    file = configuration_file(environment)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if environment.get("TASKMANAGER_CLI_CONFIG"):
            raise UsageError(f"The configuration file {file} does not exist.") from None
        return Profiles({})
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The configuration file {file} cannot be read: {error}.") from error
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"The configuration file {file} is wrong: {error}") from error


def parse(text: str) -> Profiles:
    """The profiles of a TOML text; raises UsageError with what is wrong."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{error}.") from error
    unknown = content.keys() - {"default", "profiles"}
    if unknown:
        raise UsageError(f"{min(unknown)!r} is not known; use 'default' and [profiles.NAME].")
    tables = content.get("profiles", {})
    if not isinstance(tables, dict):
        raise UsageError("'profiles' must be tables: [profiles.NAME].")
    default = content.get("default")
    if default is not None and default not in tables:
        raise UsageError(f"'default' names {default!r}, which is not one of the profiles.")
    return Profiles({name: _profile(name, table) for name, table in tables.items()}, default)


def _profile(name: str, table: Any) -> Profile:
    if not isinstance(table, dict) or not isinstance(table.get("address"), str):
        raise UsageError(f"profile {name!r} needs an 'address', such as \"https://jobs.example.org\".")
    known = {field.name for field in fields(Profile)}
    for key, value in table.items():
        if key not in known:
            raise UsageError(f"{key!r} of profile {name!r} is not known; use {', '.join(sorted(known))}.")
        if not (_words(value) if key == "token_command" else isinstance(value, str)):
            kind = "a list of words" if key == "token_command" else "a text"
            raise UsageError(f"{key!r} of profile {name!r} must be {kind}.")
    if "token_file" in table and "token_command" in table:
        raise UsageError(f"profile {name!r} has both 'token_file' and 'token_command'; keep one.")
    command = tuple(table["token_command"]) if "token_command" in table else None
    return Profile(**{**table, "token_command": command})


def _words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) and word for word in value)
