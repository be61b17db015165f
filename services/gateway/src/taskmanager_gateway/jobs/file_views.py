"""The files of a job as the API shows them."""

from pydantic import ConfigDict, Field

from taskmanager.model.jobs import FileRecord, Job, Record
from taskmanager.model.queries import FilePage
from taskmanager.model.registry import StoredFile
from taskmanager_gateway.http.examples import FILES


class FileView(FileRecord):
    """One file of a job and its result."""

    number: int = Field(description="Position in the attempt's files, from 1.")

    @classmethod
    def of(cls, one: StoredFile) -> "FileView":
        """The public form; the values are not validated again."""
        return cls.model_construct(**one.file.__dict__, number=one.number)


class FilesView(Record):
    """One page of the files of a job's last attempt; `next_cursor` is null on the last."""

    model_config = ConfigDict(json_schema_extra={"examples": [FILES]})

    job: str
    attempt: int
    files: list[FileView]
    next_cursor: str | None
    cut: bool = Field(description="Whether the attempt had more files than the 100,000 that are kept.")
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job, page: FilePage, links: dict[str, str]) -> "FilesView":
        """The public form."""
        return cls.model_construct(
            job=job.id,
            attempt=job.attempt,
            files=[FileView.of(one) for one in page.files],
            next_cursor=page.next_cursor,
            cut=page.cut,
            links=links,
        )
