"""A template of the plugin `checksums`, as values that can be validated. Runs nothing."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from taskmanager_plugin_runner.plugins.checksums.manifests import FOLDER, Algorithm
from taskmanager_plugin_runner.plugins.titled import Titled

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500)]
BagField = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,99}$")]
OneLine = Annotated[str, StringConstraints(pattern=r"^[^\r\n]{1,1000}$")]


class Task(StrEnum):
    """What a job does with the files of its source."""

    LIST = "list"
    """It writes a list of their checksums."""
    BAG = "bag"
    """It packs copies of them as a BagIt bag."""
    VERIFY = "verify"
    """It compares them with the lists of checksums that lie beside them."""
    VERIFY_BAG = "verify-bag"
    """It examines a bag."""


class Profile(Titled):
    """The keys of a template file; `docs/plugins/checksums.md` explains them.

    `takes` are patterns of what is read of the source (`taskmanager.files.parts`).
    """

    description: str = ""
    task: Task
    takes: tuple[Pattern, ...] = Field(default=("images/**|**",), min_length=1, max_length=50)
    algorithm: Algorithm = Algorithm.SHA512
    allow_new: bool = False
    bag_info: dict[BagField, OneLine] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.bag_info and self.task is not Task.BAG:
            raise ValueError("bag_info belongs to templates with task = 'bag'")
        if self.allow_new and self.task is not Task.VERIFY:
            raise ValueError("allow_new belongs to templates with task = 'verify'")
        return self

    @property
    def patterns(self) -> tuple[str, ...]:
        """What is read of the source, the lists of checksums included where they are needed."""
        if self.task is Task.VERIFY_BAG:
            return ("**", "**/.*")
        return (*self.takes, f"{FOLDER}/*") if self.task is Task.VERIFY else self.takes
