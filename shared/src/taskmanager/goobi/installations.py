"""One Goobi installation as configured: where it is, which interface is used and what it is told."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AnyHttpUrl, Field, model_validator

from taskmanager.goobi.links import ProcessLink, StepLink
from taskmanager.goobi.templates import EntryTemplate
from taskmanager.model.jobs import Record
from taskmanager.model.log_types import LogType


class Dialect(StrEnum):
    """Which of Goobi's three interfaces is used."""

    WEBAPI = "webapi"
    """The classic servlet `/wi`; off by default since Goobi 22.11."""
    REST = "rest"
    """The older REST plugin below `/api`."""
    CORE = "core"
    """The REST interface of Goobi itself below `/api`."""


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"{str(path)!r} is not absolute: give the full path of the file")
    return path


FilePath = Annotated[Path, AfterValidator(_absolute)]
PositiveSeconds = Annotated[float, Field(gt=0)]


def _without_secrets(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.username or url.password or url.query or url.fragment:
        raise ValueError("must hold no name, password, query or fragment; secrets belong into files")
    return url


class Ending(Record):
    """What Goobi is told when a job has ended in a particular way."""

    entry: EntryTemplate | None
    """The text of the process log entry; if empty, none is written."""
    type: LogType = LogType.INFO
    step: bool = True
    """Whether the step is closed (DONE) or set to error (ERROR); has no effect for CANCELLED."""


class JwtAccess(Record):
    """Tokens signed with Goobi's own `jwtSecret`.

    Goobi's key changes daily: the secret followed by the start of the UTC day in milliseconds. With
    `daily_key` false, tokens are signed with the secret as it is.
    """

    secret_file: FilePath
    issuer: str = "Goobi"
    lifetime_seconds: PositiveSeconds = 300.0
    daily_key: bool = True


class Installation(Record):
    """One table `[installations.NAME]`; durations in seconds where the name says so."""

    dialect: Dialect
    url: Annotated[AnyHttpUrl, AfterValidator(_without_secrets)]
    """Goobi's own address, such as `https://goobi.example.org/goobi`, without `/wi` or `/api`."""
    token_file: FilePath | None = None
    """Password of `goobi_webapi.xml`, or token of `goobi_rest.xml`."""
    api_token_file: FilePath | None = None
    """A user's API token, sent as `Authorization: Basic`."""
    jwt: JwtAccess | None = None
    verify_tls: bool = True
    ca_file: FilePath | None = None
    """Certificates trusted instead of the system's."""
    ipv4_only: bool | None = None
    """Connect by IPv4 only; None: only for the classic web API, which refuses anything else."""
    connect_timeout_seconds: PositiveSeconds = 5.0
    timeout_seconds: PositiveSeconds = 30.0
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Simultaneous requests to this installation; those of one job are always sent one after another."""
    author: Annotated[str, Field(min_length=1, max_length=100)] = "TaskManager"
    """The author of entries. The older interfaces write their own user; there the text begins with this."""
    longest_wait_seconds: PositiveSeconds = 900.0
    """The longest wait between two tries of one report."""
    give_up_after_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    folders: dict[str, Annotated[str, Field(pattern=r"^[^/\x00-\x1f]{1,255}$")]] = Field(default_factory=dict)
    """For runners without the share: patterns of a folder's own name, and its name in the files API."""
    process_page: ProcessLink | None = None
    """The address at which people open a process in Goobi; the pages link to it."""
    step_page: StepLink | None = None
    """The same for a step."""
    on_done: Ending = Ending(
        entry="{plugin}: finished, {files} files, {volume}, in {duration}. {warnings}", type=LogType.INFO
    )
    on_error: Ending = Ending(entry="{plugin}: failed. {error}", type=LogType.ERROR)
    on_cancelled: Ending = Ending(
        entry="{plugin}: cancelled by {by}. {reason}", type=LogType.WARN, step=False
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        ways = [way for way in (self.token_file, self.api_token_file, self.jwt) if way is not None]
        if len(ways) > 1:
            raise ValueError("give one of token_file, api_token_file and jwt, not several")
        if self.dialect is Dialect.WEBAPI and self.token_file is None:
            raise ValueError("dialect webapi needs token_file, the password of goobi_webapi.xml")
        if self.ca_file is not None and not self.verify_tls:
            raise ValueError("ca_file has no meaning with verify_tls = false")
        return self

    @property
    def base(self) -> str:
        """The URL without a trailing slash."""
        return str(self.url).rstrip("/")

    @property
    def by_ipv4(self) -> bool:
        """Whether connections are made by IPv4 only."""
        return self.dialect is Dialect.WEBAPI if self.ipv4_only is None else self.ipv4_only

    @property
    def give_up_after(self) -> timedelta:
        """How long after it was made, or replayed, a report is given up."""
        return timedelta(days=self.give_up_after_days)

    @property
    def longest_wait(self) -> timedelta:
        """The longest wait between two tries of one report."""
        return timedelta(seconds=self.longest_wait_seconds)
