"""File records of jobs, as documents and read page by page.

The key is job, attempt and number, written so that it sorts like them: a page is a range of keys.
"""

from taskmanager.model.jobs import FileRecord
from taskmanager.model.queries import FilePage, FileQuery, files_after
from taskmanager.model.registry import StoredFile
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.unreadable import readable

QUERY_MILLISECONDS = 5_000


def file_key(job: str, attempt: int, number: int) -> str:
    """The key of a document; its numbers have room for more digits than will ever be needed."""
    return f"{job}:{attempt:06d}:{number:09d}"


def file_document(one: StoredFile) -> Document:
    """All fields except the key. Facts become pairs, because MongoDB does not take every text as a name."""
    file = one.file.model_dump(mode="json")
    facts = {name: [list(fact) for fact in file[name].items()] for name in ("facts", "result_facts")}
    return {"job": one.job, "attempt": one.attempt, "number": one.number, "at": one.at, **file, **facts}


def from_file_document(document: Document) -> StoredFile:
    """The file behind a document."""
    fields = {name: document[name] for name in FileRecord.model_fields if name in document}
    facts = {name: dict(document[name]) for name in ("facts", "result_facts")}
    known = {name: document[name] for name in ("job", "attempt", "number", "at")}
    return StoredFile.model_validate({**known, "file": {**fields, **facts}})


def _number(document: Document) -> int:
    """The number of the file, from its key; raises ValueError if the key is not one of ours."""
    return int(document["_id"].rsplit(":", 1)[1])


class FileReads:
    """The part of `taskmanager.ports.readers.JobReader` about files."""

    _database: Database

    async def files(self, query: FileQuery) -> FilePage:
        """See the port."""
        after = file_key(query.job, query.attempt, files_after(query))
        wanted: Document = {"_id": {"$gt": after, "$lt": file_key(query.job, query.attempt + 1, 0)}}
        if query.state is not None:
            wanted |= {"job": query.job, "state": query.state.value}
        with translated_errors():
            cursor = self._database.job_files.find(wanted, max_time_ms=QUERY_MILLISECONDS)
            documents = await cursor.sort([("_id", 1)]).limit(query.limit + 1).to_list()
        files = readable("job_files", from_file_document, documents)
        numbers = readable("job_files", _number, documents)
        return FilePage.of(files, query, numbers)
