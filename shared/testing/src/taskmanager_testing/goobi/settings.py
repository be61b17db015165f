"""The TOML file of a fake Goobi that runs as a separate process: processes and access rules."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from taskmanager_testing.goobi.access import RestAccess, WebApiAccess
from taskmanager_testing.goobi.app import FakeGoobi, book
from taskmanager_testing.goobi.processes import Process
from taskmanager_testing.goobi.workflow import Workflow


@dataclass
class Settings:
    """What the file may contain; everything has a default.

    Attributes:
        books: how many processes are made, numbered from 1, in addition to those named.
    """

    books: int = 1
    processes: list[Process] = field(default_factory=list)
    webapi: WebApiAccess = field(default_factory=WebApiAccess)
    rest: RestAccess = field(default_factory=RestAccess)

    def goobi(self) -> FakeGoobi:
        """A fake Goobi with these settings."""
        made = [book(number) for number in range(1, self.books + 1)]
        return FakeGoobi(Workflow([*made, *self.processes]), self.webapi, self.rest)


_SETTINGS = TypeAdapter(Settings)


def read_settings(file: Path | None) -> Settings:
    """The settings of a file, or the defaults; raises pydantic's ValidationError and tomllib's."""
    if file is None:
        return Settings()
    return _SETTINGS.validate_python(tomllib.loads(file.read_text(encoding="utf-8")))
