"""Reads what a soak has left behind: the database, its log of changes, the run log, the process folders."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bson import CodecOptions, Timestamp
from pymongo import MongoClient
from pymongo.database import Database
from tests.soak.evidence import Commit, Folder, Rest, RunLine
from tests.soak.scenes import Stage

END = {"_id": "end of the soak"}
COLLECTIONS = ("jobs", "plugins")
Store = Database[dict[str, Any]]
State = dict[tuple[str, str], dict[str, Any]]
"""Collection and key -> the document."""


def open_store(url: str) -> Store:
    """The database named by the URL; it is only read, except for one marker."""
    client: MongoClient[dict[str, Any]] = MongoClient(url, tz_aware=True, serverSelectionTimeoutMS=2_000)
    return client.get_default_database(codec_options=CodecOptions(tz_aware=True))


def beginning(store: Store) -> Timestamp:
    """The first entry of the database's own log (oplog)."""
    first = store.client["local"]["oplog.rs"].find_one(sort=[("$natural", 1)])
    assert first is not None, "a replica set has a log"
    stamp: Timestamp = first["ts"]
    return stamp


def known(store: Store) -> tuple[Timestamp, State]:
    """The state of all jobs and plugins, and a moment since which nothing changed it; nobody may write."""
    state = {(name, one["_id"]): one for name in COLLECTIONS for one in store[name].find()}
    moment: Timestamp = store.client["admin"].command("hello")["operationTime"]
    return Timestamp(moment.time, moment.inc + 1), state


def commits(store: Store, since: Timestamp, before: State | None = None) -> Iterator[Commit]:
    """Every change of a job or plugin since then, in the order in which it was stored.

    `before`: the state at that moment; None if there was nothing.
    """
    store["soak"].insert_one(END)
    state = dict(before or {})
    watched = [{"$match": {"ns.coll": {"$in": [*COLLECTIONS, "soak"]}}}]
    with store.watch(watched, start_at_operation_time=since, batch_size=1_000) as stream:
        for event in stream:
            collection, key = event["ns"]["coll"], event["documentKey"]["_id"]
            if collection == "soak":
                return
            earlier = state.get((collection, key))
            after = _after(earlier, event)
            state[collection, key] = after
            transaction = f"{event.get('lsid')}:{event.get('txnNumber')}:{event['clusterTime']}"
            yield Commit(transaction, collection, str(key), earlier, after)


def _after(before: dict[str, Any] | None, event: dict[str, Any]) -> dict[str, Any]:
    if "fullDocument" in event:
        return dict(event["fullDocument"])
    assert before is not None, f"a change of something that was never inserted: {event['documentKey']}"
    return applied(before, event["updateDescription"])


def applied(before: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The document after an update as a change stream describes it (dotted paths, cut arrays)."""
    after = copy.deepcopy(before)
    for cut in change.get("truncatedArrays", ()):
        parent, name = _place(after, cut["field"])
        del parent[name][cut["newSize"] :]
    for path, value in change["updatedFields"].items():
        parent, name = _place(after, path)
        if isinstance(parent, list) and name == len(parent):
            parent.append(value)
        else:
            parent[name] = value
    for path in change.get("removedFields", ()):
        parent, name = _place(after, path)
        del parent[name]
    return after


def _place(document: Any, path: str) -> tuple[Any, Any]:
    *parents, last = path.split(".")
    for name in parents:
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document, int(last) if isinstance(document, list) else last


def rest(store: Store, unacknowledged: dict[str, int]) -> Rest:
    """The current state of everything."""
    return Rest(
        jobs={job["_id"]: job for job in store["jobs"].find()},
        statistics=list(store["statistics"].find()),
        reports=list(store["reports"].find()),
        audit=list(store["audit"].find()),
        operations={one["_id"]: one for one in store["operations"].find()},
        unacknowledged=unacknowledged,
    )


def run_lines(path: Path) -> list[RunLine]:
    """The run log."""
    return [RunLine(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def folders(system: Stage, jobs: dict[str, Any]) -> dict[str, Folder]:
    """Job -> its process folder; one that belongs to no stored job is named by its number."""
    owners = {job["spec"]["destination"]: job for job in jobs.values() if job["spec"]["destination"]}
    found = {}
    for before in (system.processes.parent / "before").iterdir():
        process = system.processes / before.stem
        job = owners.get(str(process / "out"))
        found[job["_id"] if job else f"process {before.stem}"] = Folder(
            before=json.loads(before.read_text(encoding="utf-8")),
            after=_contents(process),
            sources=_sources(job),
            changed=_changed(process / "out"),
        )
    return found


def _contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") if path.is_file() else "(folder)"
        for path in sorted(folder.rglob("*"))
        if path.is_file() or not any(path.iterdir())
    }


def _sources(job: dict[str, Any] | None) -> dict[str, str]:
    if job is None:
        return {}
    files = Path(job["spec"]["source"]).iterdir()
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def _changed(folder: Path) -> float:
    """The last write to a result or change of a folder of them.

    Not of the outermost folder, where stages are cleared away later, and not the time of the inode, which
    changes when the workspace lets go of its link.
    """
    return max((path.lstat().st_mtime for path in folder.rglob("*")), default=0.0)
