"""A target of the plugin `upload`: one of the operator's TOML files, as values that can be validated.

Secrets are never in it, only the names of files that hold one. Connects to nothing.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, field_validator

from taskmanager_plugin_runner.plugins.shell.placeholders import names_in
from taskmanager_plugin_runner.plugins.titled import Titled

NAME_PLACES: Final = frozenset({"process_id", "process_title", "title", "job_id"})
COMMAND_PLACES: Final = NAME_PLACES | {"source", "name"}


def _require_places(text: str, places: frozenset[str]) -> str:
    if unknown := set(names_in(text)) - places:
        raise ValueError(f"unknown placeholder: {', '.join(sorted(unknown))}")
    return text


class Target(Titled):
    """What all targets have: `docs/plugins/upload.md` explains the keys.

    `name` is that of the folder made for a job. `bag`: what is sent is a bag (RFC 8493).
    """

    description: str = ""
    name: str = "{process_title}"
    bag: bool = False
    bag_info: dict[str, str] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _known_places(cls, name: str) -> str:
        return _require_places(name, NAME_PLACES)

    @field_validator("bag_info")
    @classmethod
    def _one_line(cls, info: dict[str, str]) -> dict[str, str]:
        if any(":" in label or not label.strip() or "\n" in label + value for label, value in info.items()):
            raise ValueError("labels without a colon, and values of one line")
        return info


class SftpTarget(Target):
    """A folder on an SSH server; `host_key` is the public key it must show, as OpenSSH writes it."""

    kind: Literal["sftp"]
    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=22, ge=1, le=65535)
    user: str = Field(min_length=1, max_length=255)
    host_key: str = Field(pattern=r"^[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$")
    key_file: Path | None = None
    passphrase_file: Path | None = None
    password_file: Path | None = None
    folder: PurePosixPath = PurePosixPath()
    connect_timeout_seconds: float = Field(default=30.0, gt=0, le=600)


class S3Target(Target):
    """A bucket. `endpoint` is the address of the service; without it, that of Amazon."""

    kind: Literal["s3"]
    bucket: str = Field(min_length=3, max_length=63)
    prefix: str = Field(default="", pattern=r"^([^/].*/)?$")
    endpoint: str | None = Field(default=None, pattern=r"^https?://")
    region: str = "us-east-1"
    access_key_file: Path
    secret_key_file: Path
    ca_file: Path | None = None
    timeout_seconds: float = Field(default=60.0, gt=0, le=3_600)
    tries: int = Field(default=4, ge=1, le=20)


class CommandTarget(Target):
    """A program that sends a folder; `read_back` prints what has arrived, as `sha256sum` does.

    `repeatable`: it may be run again after an attempt whose end is not known.
    """

    kind: Literal["command"]
    argv: tuple[str, ...] = Field(min_length=1)
    read_back: tuple[str, ...] = ()
    repeatable: bool = False
    time_limit_seconds: float = Field(default=6 * 3_600.0, gt=0, le=604_800)

    @field_validator("argv", "read_back")
    @classmethod
    def _known_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            _require_places(word, COMMAND_PLACES)
        return words


_ANY: Final[TypeAdapter[Target]] = TypeAdapter(
    Annotated[SftpTarget | S3Target | CommandTarget, Field(discriminator="kind")]
)


def read_target(values: Mapping[str, Any]) -> Target:
    """The target that a file describes; raises ValidationError."""
    return _ANY.validate_python(values)
