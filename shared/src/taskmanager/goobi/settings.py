"""The TOML file about Goobi (`TASKMANAGER_GOOBI`): installations, what they are told, where callbacks may go.

Scheduler and gateway read the same file; it contains no secrets itself.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from taskmanager.errors import PermanentError
from taskmanager.files.roots import PathMapping
from taskmanager.files.toml_settings import document_of, parsed
from taskmanager.goobi.installations import Installation
from taskmanager.goobi.job_types import JobTypeTable
from taskmanager.goobi.path_mapping import PathTable
from taskmanager.model.jobs import InstallationName, Record
from taskmanager.model.reasons.job_texts import goobi_texts


class GoobiSettingsError(PermanentError):
    """The file cannot be used; one line for each error, naming table and key."""


Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:\[\]_-]{1,255}$", to_lower=True)]
"""A host name or address, without a port."""


class GoobiSettings(Record):
    """The whole file. Without one there are no installations: reports wait until there is a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    default: InstallationName | None = None
    """The installation of jobs that name none; may be omitted if there is only one."""
    callback_hosts: tuple[Host, ...] = ()
    """Hosts callbacks may go to, in addition to those of the installations."""
    installations: dict[InstallationName, Installation] = Field(default_factory=dict)
    job_types: JobTypeTable = Field(default_factory=dict)
    paths: PathTable = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.default is not None and self.default not in self.installations:
            raise ValueError(f"default names {self.default!r}, but there is no such installation")
        if self.default is None and len(self.installations) > 1:
            raise ValueError("default must name the installation of jobs that name none")
        return self

    @property
    def path_mapping(self) -> PathMapping:
        """From what Goobi calls its folders to where they are here."""
        return PathMapping.of(self.paths)

    def name_of(self, asked: str | None) -> str | None:
        """The installation a job refers to; None if it names none and there is no default."""
        if asked is not None:
            return asked
        return self.default or next(iter(self.installations), None)

    def find(self, asked: str | None) -> Installation | None:
        """The installation a job refers to, if there is one."""
        name = self.name_of(asked)
        return None if name is None else self.installations.get(name)

    def misfit(self, asked: str | None) -> str | None:
        """Why a job cannot name this installation, or None. A job that names none is always allowed."""
        if asked is None or asked in self.installations:
            return None
        known = {"known": ", ".join(self.installations)} if self.installations else {}
        return goobi_texts.INSTALLATION_NOT_CONFIGURED(name=repr(asked), **known)

    def callback_misfit(self, url: str) -> str | None:
        """Why this URL must not be called back, or None.

        A callback is a request our machine makes on behalf of a stranger, so only known hosts are called.
        """
        host = (urlsplit(url).hostname or "").lower()
        own = {(urlsplit(one.base).hostname or "").lower() for one in self.installations.values()}
        if host in own or host in {known.strip("[]") for known in self.callback_hosts}:
            return None
        return goobi_texts.CALLBACK_NOT_ALLOWED(host=repr(host))


def load(path: Path | None) -> GoobiSettings:
    """The settings in a file; empty settings without one. Raises GoobiSettingsError."""
    return GoobiSettings() if path is None else parse(document_of(path, GoobiSettingsError), str(path))


def parse(document: Mapping[str, object], name: str) -> GoobiSettings:
    """The settings in a document; `name` begins every line of a GoobiSettingsError."""
    return parsed(GoobiSettings, document, name, GoobiSettingsError)
