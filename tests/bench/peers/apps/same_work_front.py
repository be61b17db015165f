"""The work of our gateway built from FastAPI and Dramatiq: validates a job, stores it, and sends its message.

`uvicorn same_work_front:app`. The job is stored before its message is sent. Dramatiq's interface blocks until
the broker confirms, so it is called in a thread; each thread has a connection of its own.

Runs in the peers' environment, without any module of ours.
"""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import dramatiq
from database import DURABLE
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from same_work_actor import QUEUED, entry, run
from starlette.concurrency import run_in_threadpool


class NewJob(BaseModel):
    """A submission: the fields of ours that a job which does nothing can have."""

    model_config = ConfigDict(extra="forbid")
    plugin: Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,63}$")]
    title: Annotated[str, Field(max_length=500)] = ""
    parameters: dict[str, JsonValue] = {}
    priority: Annotated[int, Field(ge=0, le=9)] = 0


class Batch(BaseModel):
    """Many submissions."""

    model_config = ConfigDict(extra="forbid")
    jobs: Annotated[list[NewJob], Field(min_length=1, max_length=1000)]


class Submitted(BaseModel):
    """The answer for one job."""

    id: str
    status: str = QUEUED


class SubmittedBatch(BaseModel):
    """The answer for many jobs."""

    jobs: list[Submitted]


@asynccontextmanager
async def _connected(served: FastAPI) -> AsyncIterator[None]:
    async with AsyncMongoClient[dict[str, Any]](os.environ["PEER_MONGODB_URL"]) as client:
        served.state.jobs = client.get_default_database(write_concern=DURABLE)["jobs"]
        yield


app = FastAPI(lifespan=_connected)


def _document(new: NewJob) -> dict[str, Any]:
    return {"_id": str(uuid.uuid4()), **new.model_dump(), "status": QUEUED, "history": [entry(QUEUED)]}


def _jobs(request: Request) -> AsyncCollection[dict[str, Any]]:
    jobs: AsyncCollection[dict[str, Any]] = request.app.state.jobs
    return jobs


@app.post("/jobs", status_code=201)
async def submit(new: NewJob, request: Request) -> Submitted:
    """Accept one job."""
    document = _document(new)
    await _jobs(request).insert_one(document)
    await run_in_threadpool(run.send, document["_id"])
    return Submitted(id=document["_id"])


@app.post("/jobs/batch", status_code=201)
async def submit_batch(batch: Batch, request: Request) -> SubmittedBatch:
    """Accept many jobs."""
    documents = [_document(new) for new in batch.jobs]
    await _jobs(request).insert_many(documents)
    messages = dramatiq.group(run.message(document["_id"]) for document in documents)
    await run_in_threadpool(messages.run)
    return SubmittedBatch(jobs=[Submitted(id=document["_id"]) for document in documents])
