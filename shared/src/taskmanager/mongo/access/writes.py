"""Users, tokens and sessions between rules and documents: what a decision loads, and what is written for it.

Users and tokens are guarded together by one `rev` in `settings`: a rule such as "one admin stays" concerns
all of them, so two writers must never each decide about what the other is changing.
"""

import contextlib
import secrets
from collections.abc import Mapping

from pymongo import DeleteOne, ReplaceOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from taskmanager.model.access import KnownSession, Token, User, user_key
from taskmanager.model.registry import AuditEntry
from taskmanager.mongo.access.audit import audit_entry
from taskmanager.mongo.base.client import Database, Document, translated_errors, without_key
from taskmanager.mongo.base.statements import Statement, change
from taskmanager.mongo.base.unreadable import readable
from taskmanager.ports.access_store import AccessPlan, AccessState

GUARD = "access"
SESSION_KEY = "session_key"
FACTOR_KEY = "second_factor_key"
KEY_BYTES = 32


def user_of(document: Document) -> User:
    """The user behind a document, whose key is `user_key`."""
    return User.model_validate(without_key(document))


def token_of(document: Document) -> Token:
    """The token behind a document."""
    return Token.model_validate({"id": document["_id"], **without_key(document)})


def session_of(document: Document) -> KnownSession:
    """The session behind a document."""
    return KnownSession.model_validate({"id": document["_id"], **without_key(document)})


def secrets_database(database: str) -> str:
    """The separate database with the session key: an account that may read jobs may not read this one."""
    return f"{database}_secrets"


def session_keys(database: Database) -> AsyncCollection[Document]:
    """The collection of the keys for sessions and second factors."""
    beside = database.client.get_database(
        secrets_database(database.name),
        read_concern=database.read_concern,
        write_concern=database.write_concern,
    )
    return beside.settings


async def ensure_keys(database: Database) -> None:
    """Create the keys that sessions are signed and second factors encrypted with, once each.

    Earlier releases kept a session key among the jobs, where it may have been read: it is removed, not taken
    over. Raises StoreUnavailableError.
    """
    with translated_errors():
        await database.settings.delete_one({"_id": SESSION_KEY})
        for name in (SESSION_KEY, FACTOR_KEY):
            key = {"value": secrets.token_bytes(KEY_BYTES)}
            with contextlib.suppress(DuplicateKeyError):  # another process has just made it
                await session_keys(database).update_one({"_id": name}, {"$setOnInsert": key}, upsert=True)


class AccessWrites:
    """What `MongoStore` does for access."""

    def __init__(self, database: Database) -> None:
        """Writes to this database."""
        self._database = database

    async def load(self, commands: frozenset[str]) -> AccessState:
        """All users and tokens, and those of the commands that were carried out before.

        The `rev` is read first: changes made while the rest is read are found when the plan is written.
        """
        if not commands:
            return AccessState()
        guard = await self._database.settings.find_one({"_id": GUARD})
        users = await self._database.users.find({}).to_list()
        tokens = await self._database.tokens.find({}).to_list()
        return AccessState(
            rev=guard["rev"] if guard else 0,
            users={user_key(user.name): user for user in readable("users", user_of, users)},
            tokens={token.id: token for token in readable("tokens", token_of, tokens)},
            heard=await self._heard(commands),
        )

    async def _heard(self, commands: frozenset[str]) -> Mapping[str, AuditEntry]:
        found = await self._database.audit.find({"_id": {"$in": list(commands)}}).to_list()
        return {entry.id: entry for entry in readable("audit", audit_entry, found)}

    def guard_of(self, plan: AccessPlan) -> tuple[list[Document], list[Statement]]:
        """What must be inserted into `settings`, or changed there under the `rev` the plan was made on."""
        if not plan.guarded:
            return [], []
        if plan.rev == 0:
            return [{"_id": GUARD, "rev": 1}], []
        return [], [change({"_id": GUARD, "rev": plan.rev}, {"$set": {"rev": plan.rev + 1}})]

    async def write(self, session: AsyncClientSession, plan: AccessPlan) -> None:
        """Write all of a plan except its guard."""
        users = [DeleteOne({"_id": key}) for key in plan.removed_users]
        writes: dict[str, list[DeleteOne | ReplaceOne[Document] | UpdateOne]] = {
            "users": [*users, *(_user(user) for user in (*plan.users, *plan.used_codes))],
            "tokens": [
                *(_token(token) for token in plan.tokens),
                *(_used(token, {"last_used": moment}) for token, moment in plan.token_uses.items()),
            ],
            "ended_sessions": [
                UpdateOne({"_id": key}, {"$setOnInsert": {"expires": expires}}, upsert=True)
                for key, expires in plan.ended_sessions.items()
            ],
            "sessions": [_seen(session) for session in plan.session_uses],
        }
        for collection, updates in writes.items():
            if updates:
                await self._database[collection].bulk_write(updates, session=session)


def _user(user: User) -> ReplaceOne[Document]:
    key = user_key(user.name)
    return ReplaceOne({"_id": key}, {"_id": key, **user.model_dump(mode="python")}, upsert=True)


def _token(token: Token) -> UpdateOne:
    """Without its last use: only uses set that, and it may be newer than what was loaded."""
    fields = token.model_dump(mode="python", exclude={"id", "last_used"})
    return UpdateOne({"_id": token.id}, {"$set": fields}, upsert=True)


def _used(token: str, use: Document) -> UpdateOne:
    return UpdateOne({"_id": token}, {"$max": use})


def _seen(session: KnownSession) -> UpdateOne:
    """Gateways report the same session in any order."""
    changes = {
        "$setOnInsert": {"user": session.user, "begun": session.begun},
        "$max": {"last_used": session.last_used, "ends": session.ends},
        "$set": {"address": session.address, "browser": session.browser},
    }
    return UpdateOne({"_id": session.id}, changes, upsert=True)
