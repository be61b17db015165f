"""The gateway's reads of users, tokens and sessions."""

from collections.abc import Sequence

from taskmanager.model.access import KnownSession, Token, User, user_key
from taskmanager.mongo.access.writes import (
    FACTOR_KEY,
    SESSION_KEY,
    session_keys,
    session_of,
    token_of,
    user_of,
)
from taskmanager.mongo.base.client import Database, translated_errors
from taskmanager.mongo.base.unreadable import readable, readable_or_none

SHOWN = 500
"""How many sessions of one user are read; anyone with more can end all of them."""


class AccessReads:
    """Implements `taskmanager.ports.readers.AccessReader`."""

    _database: Database

    async def user(self, name: str) -> User | None:
        """See the port."""
        with translated_errors():
            document = await self._database.users.find_one({"_id": user_key(name)})
        return readable_or_none("users", user_of, document)

    async def users(self) -> Sequence[User]:
        """See the port."""
        with translated_errors():
            documents = await self._database.users.find({}).sort("_id", 1).to_list()
        return readable("users", user_of, documents)

    async def token_by_hash(self, secret_hash: str) -> Token | None:
        """See the port."""
        with translated_errors():
            document = await self._database.tokens.find_one({"secret_hash": secret_hash})
        return readable_or_none("tokens", token_of, document)

    async def tokens(self) -> Sequence[Token]:
        """See the port."""
        with translated_errors():
            documents = await self._database.tokens.find({}).sort([("created.at", -1), ("_id", -1)]).to_list()
        return readable("tokens", token_of, documents)

    async def session_ended(self, session_id: str) -> bool:
        """See the port."""
        with translated_errors():
            return await self._database.ended_sessions.find_one({"_id": session_id}) is not None

    async def sessions(self, name: str) -> Sequence[KnownSession]:
        """See the port."""
        newest = [("last_used", -1), ("_id", 1)]
        with translated_errors():
            used = await self._database.sessions.find({"user": user_key(name)}).sort(newest).to_list(SHOWN)
            names = [one["_id"] for one in used]
            ended = await self._database.ended_sessions.find({"_id": {"$in": names}}).to_list()
        gone = {one["_id"] for one in ended}
        return readable("sessions", session_of, [one for one in used if one["_id"] not in gone])

    async def session_key(self) -> bytes | None:
        """See the port."""
        return await self._key(SESSION_KEY)

    async def second_factor_key(self) -> bytes | None:
        """See the port."""
        return await self._key(FACTOR_KEY)

    async def _key(self, name: str) -> bytes | None:
        with translated_errors():
            document = await session_keys(self._database).find_one({"_id": name})
        return bytes(document["value"]) if document else None
