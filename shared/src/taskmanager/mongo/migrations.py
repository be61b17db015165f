"""The indexes, each with the query it serves. Explicit and repeatable; services never run this at start.

MongoDB checks every index of a job at each change of an indexed field, and within a transaction MongoDB 6.0
reads for each of them the catalogue of all, so there are few: a search over all plugins names them all
(`scope`), one index serves words, projects, processes and warnings, and one all that few jobs are in. Indexes
that are no longer listed here are dropped.
"""

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from taskmanager.model.hourly_figures import FIGURES_KEPT
from taskmanager.model.notifications.deliveries import KEPT
from taskmanager.model.reports import REPORTS_KEPT
from taskmanager.model.states import Tab
from taskmanager.mongo.access.writes import ensure_keys
from taskmanager.mongo.base.client import Database, translated_errors
from taskmanager.mongo.base.indexes import (
    CREATED_INDEX,
    ENDED,
    FAILED,
    FAILED_INDEX,
    HOLDS_A_KEY,
    RARE,
    RARE_INDEX,
    TERM_INDEX,
    TURN_INDEX,
    UNIQUE_INDEX,
    WITH_TERMS,
)
from taskmanager.mongo.error_groups import group_earlier

LOG_TTL_SECONDS = 90 * 24 * 3600
"""How long a job's log is kept; its history stays with the job."""

OPERATION_TTL_SECONDS = 90 * 24 * 3600
"""How long an ended operation is kept; its effect on a job stays in the job's history."""

_FIGURES_TTL_SECONDS = int(FIGURES_KEPT.total_seconds())
_DELIVERY_TTL_SECONDS = int(KEPT.total_seconds())
_REPORT_TTL_SECONDS = int(REPORTS_KEPT.total_seconds())


_TURN = [("turn", DESCENDING), ("queued_at", ASCENDING), ("_id", ASCENDING)]
_FINISHED = [("finished", DESCENDING), ("_id", DESCENDING)]
_WARNED = [
    ("warned.plugin", ASCENDING),
    ("warned.tab", ASCENDING),
    ("warned.finished", DESCENDING),
    ("_id", DESCENDING),
]
_CREATED = [("created", DESCENDING), ("_id", DESCENDING)]
_NEWEST = [("at", DESCENDING), ("_id", DESCENDING)]

_QUEUED = {"tab": Tab.QUEUE.value}


NAMESPACE_EXISTS = 48

_WITHOUT_INDEXES = (
    *("plugins", "statistics", "settings", "installations", "users", "dead_letters"),
    *("notification_rules", "notification_state"),
)

INDEXES: dict[str, list[IndexModel]] = {
    "jobs": [
        IndexModel([("plugin", 1), ("tab", 1), *_TURN], name=TURN_INDEX, partialFilterExpression=_QUEUED),
        IndexModel(
            [("plugin", 1), ("tab", 1), *_FINISHED], name="tab_by_finish", partialFilterExpression=ENDED
        ),
        IndexModel(
            [("plugin", 1), ("tab", 1), *_FINISHED],
            name=FAILED_INDEX,
            partialFilterExpression=FAILED,
        ),
        IndexModel([("plugin", 1), *_CREATED], name=CREATED_INDEX),
        IndexModel([("terms", 1), *_CREATED], name=TERM_INDEX, partialFilterExpression=WITH_TERMS),
        IndexModel(
            [("spec.unique", 1)],
            name=UNIQUE_INDEX,
            unique=True,
            partialFilterExpression=HOLDS_A_KEY,
        ),
        IndexModel([("ticket_due", 1), *_WARNED], name=RARE_INDEX, partialFilterExpression=RARE),
    ],
    "hourly": [IndexModel([("hour", 1)], name="old_figures", expireAfterSeconds=_FIGURES_TTL_SECONDS)],
    "job_logs": [
        IndexModel([("job", 1), ("attempt", 1), ("seq", 1)], name="log_of_a_job", unique=True),
        IndexModel([("at", 1)], name="old_logs", expireAfterSeconds=LOG_TTL_SECONDS),
    ],
    "job_files": [
        IndexModel([("job", 1), ("state", 1), ("_id", 1)], name="files_of_a_job_by_state"),
        IndexModel([("at", 1)], name="old_files", expireAfterSeconds=LOG_TTL_SECONDS),
    ],
    "reports": [
        IndexModel([("job", 1), ("seq", 1)], name="reports_of_a_job"),
        IndexModel(
            [("goobi.installation", 1), ("next_try", 1), ("_id", 1)],
            name="reports_due",
            partialFilterExpression={"state": "pending"},
        ),
        IndexModel([("state", 1), ("goobi.installation", 1), ("created", 1)], name="backlogs"),
        IndexModel([("state", 1), *_CREATED], name="reports_by_state"),
        IndexModel([("kind", 1), *_CREATED], name="reports_by_kind"),
        IndexModel(_CREATED, name="newest_reports"),
        IndexModel([("delivered_at", 1)], name="old_reports", expireAfterSeconds=_REPORT_TTL_SECONDS),
        IndexModel(
            [("withdrawn_at", 1)], name="old_withdrawn_reports", expireAfterSeconds=_REPORT_TTL_SECONDS
        ),
    ],
    "audit": [
        IndexModel(_NEWEST, name="newest_audit"),
        IndexModel([("job", 1), *_NEWEST], name="newest_audit_of_a_job"),
        IndexModel([("plugin", 1), *_NEWEST], name="newest_audit_of_a_plugin"),
        IndexModel([("runner", 1), *_NEWEST], name="newest_audit_of_a_runner"),
        IndexModel([("subject", 1), *_NEWEST], name="newest_audit_of_a_user_or_token"),
    ],
    "tokens": [IndexModel([("secret_hash", 1)], name="token_by_secret", unique=True)],
    "sessions": [
        IndexModel([("user", 1)], name="sessions_of_a_user"),
        IndexModel([("ends", 1)], name="unused_sessions", expireAfterSeconds=0),
    ],
    "ended_sessions": [IndexModel([("expires", 1)], name="old_sessions", expireAfterSeconds=0)],
    "runners": [IndexModel([("plugin", 1)], name="runners_of_a_plugin")],
    "replicas": [IndexModel([("plugin", 1)], name="replicas_of_a_plugin")],
    "presets": [IndexModel([("owner", 1)], name="presets_of_an_owner")],
    "operations": [
        IndexModel([("asked.at", DESCENDING), ("_id", DESCENDING)], name="newest_operations"),
        IndexModel([("open", 1)], name="operations_to_do", partialFilterExpression={"open": True}),
        IndexModel([("finished", 1)], name="old_operations", expireAfterSeconds=OPERATION_TTL_SECONDS),
    ],
    "operation_failures": [
        IndexModel([("operation", 1), ("number", 1)], name="failures_of_an_operation"),
        IndexModel([("at", 1)], name="old_failures", expireAfterSeconds=OPERATION_TTL_SECONDS),
    ],
    "notes": [IndexModel([("on", 1), ("key", 1), *_NEWEST], name="notes_on_a_thing")],
    "notices": [IndexModel([("rule", 1), ("due", 1), ("_id", 1)], name="notices_due")],
    "notification_deliveries": [
        IndexModel(
            [("next_try", 1), ("_id", 1), ("rule", 1)],
            name="deliveries_due",
            partialFilterExpression={"state": "pending"},
        ),
        IndexModel([("rule", 1), *_CREATED], name="newest_deliveries"),
        IndexModel([("ended", 1)], name="old_deliveries", expireAfterSeconds=_DELIVERY_TTL_SECONDS),
    ],
    "operation_pages": [
        IndexModel([("at", 1)], name="old_pages", expireAfterSeconds=OPERATION_TTL_SECONDS),
    ],
}


async def migrate(database: Database) -> list[str]:
    """Make every missing index and key, drop unlisted indexes. May run twice at the same time.

    Returns the names of all. Raises StoreUnavailableError.
    """
    made = []
    with translated_errors():
        for collection, indexes in INDEXES.items():
            await _drop_unlisted(database, collection, indexes)
            made += await database[collection].create_indexes(indexes)
        for collection in _WITHOUT_INDEXES:
            await _ensure_collection(database, collection)
        await group_earlier(database)
    await ensure_keys(database)
    return made


async def _drop_unlisted(database: Database, collection: str, indexes: list[IndexModel]) -> None:
    """Includes those that are listed with other keys: an index cannot be changed."""
    listed = {index.document["name"]: list(index.document["key"].items()) for index in indexes}
    async for index in await database[collection].list_indexes():
        if index["name"] != "_id_" and list(index["key"].items()) != listed.get(index["name"]):
            await database[collection].drop_index(index["name"])


async def _ensure_collection(database: Database, name: str) -> None:
    """Create it before the first transaction: not every server version can create collections in one."""
    if name not in await database.list_collection_names(filter={"name": name}):
        try:
            await database.create_collection(name)
        except CollectionInvalid:
            return
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:  # another migration was faster
                raise
