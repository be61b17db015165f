"""Orders about users, tokens and sessions; and when tokens were used.

No secret passes here: passwords and the secrets of tokens were hashed by the gateway. Whoever sends an order
has checked that the actor may give it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from taskmanager.messages.wire import Message
from taskmanager.model.access import Right, Role, TokenName, UserName
from taskmanager.model.jobs import PluginName, Record, ShortText


class AddUser(Record):
    """Somebody new. `plugins` None: all of them; `password_hash` None: no log-in with a password."""

    type: Literal["add_user"] = "add_user"
    name: UserName
    role: Role
    plugins: tuple[PluginName, ...] | None = None
    password_hash: ShortText | None = None
    one_time: bool = False
    action: Literal["add_user"] = "add_user"


class ChangeUser(Record):
    """What is None stays as it is, so that two admins do not undo each other's changes."""

    type: Literal["change_user"] = "change_user"
    name: UserName
    role: Role | None = None
    plugins: Literal["all"] | tuple[PluginName, ...] | None = None
    disabled: bool | None = None
    action: Literal["change_user"] = "change_user"


class SetPassword(Record):
    """A new password; all sessions of the user end.

    `rehash_of`: the same password hashed with newer settings. Then it is set only if that hash is still the
    stored one, and sessions go on.
    """

    type: Literal["set_password"] = "set_password"
    name: UserName
    password_hash: ShortText
    one_time: bool = False
    rehash_of: ShortText | None = None
    action: Literal["set_password"] = "set_password"


class EndSessions(Record):
    """Log the user out everywhere."""

    type: Literal["end_sessions"] = "end_sessions"
    name: UserName
    action: Literal["end_sessions"] = "end_sessions"


class RemoveUser(Record):
    """The user is gone; the name may be given again."""

    type: Literal["remove_user"] = "remove_user"
    name: UserName
    action: Literal["remove_user"] = "remove_user"


class AddToken(Record):
    """A token for a program. `secret_hash` is SHA-256 in hexadecimal; `plugins` None: all of them."""

    type: Literal["add_token"] = "add_token"
    id: ShortText
    name: TokenName
    secret_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[tuple[Right, ...], Field(min_length=1)]
    plugins: tuple[PluginName, ...] | None = None
    expires: datetime | None = None
    action: Literal["add_token"] = "add_token"


class RevokeToken(Record):
    """The token is good for nothing from now on."""

    type: Literal["revoke_token"] = "revoke_token"
    token: ShortText
    action: Literal["revoke_token"] = "revoke_token"


class EndSession(Record):
    """Log out: the session of `user` is void. It is forgotten when it would have ended anyway."""

    type: Literal["end_session"] = "end_session"
    user: UserName
    session: ShortText
    expires: datetime
    action: Literal["end_session"] = "end_session"


AccessOrder = (
    AddUser | ChangeUser | SetPassword | EndSessions | RemoveUser | AddToken | RevokeToken | EndSession
)


class LogInSeen(Record):
    """Somebody came in at a gateway or was refused; `times` more than once if the same happened again.

    `user` is empty for a name nobody has; `address` is where the request came from.
    """

    id: ShortText
    at: datetime
    user: ShortText = ""
    address: ShortText = ""
    way: Literal["password", "oidc"]
    outcome: Literal["done", "refused", "too_many"]
    times: Annotated[int, Field(ge=1)] = 1


class LogInsSeen(Message):
    """What happened at the doors of one gateway, for the audit."""

    type: Literal["log_ins_seen"] = "log_ins_seen"
    seen: Annotated[tuple[LogInSeen, ...], Field(min_length=1, max_length=1_000)]


class TokensUsed(Message):
    """When tokens, by id, were last used at one gateway; sent at most once a minute, and not persistent."""

    type: Literal["tokens_used"] = "tokens_used"
    uses: Mapping[ShortText, datetime]
