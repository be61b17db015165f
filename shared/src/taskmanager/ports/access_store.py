"""What a decision about users and tokens sees, and what it may write: parts of `store`.

All of them are read and guarded together: there are few, and rules such as "one admin stays" concern all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from taskmanager.model.access import KnownSession, Token, User
from taskmanager.model.registry import AuditEntry


@dataclass(frozen=True, slots=True)
class AccessState:
    """All users by `user_key` and all tokens by id, as of `rev`.

    `heard` holds the ids of those of the current commands that were carried out before: they are not carried
    out again.
    """

    rev: int = 0
    users: Mapping[str, User] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)
    heard: Mapping[str, AuditEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessPlan:
    """What to write about access. Users and tokens only if all are still as of `rev`.

    `ended_sessions` says until when to remember each; `token_uses` and `session_uses` never go back in time.
    `used_codes` are users for whom nothing changed except the codes that are used up.
    """

    rev: int = 0
    users: Sequence[User] = ()
    removed_users: Sequence[str] = ()
    tokens: Sequence[Token] = ()
    ended_sessions: Mapping[str, datetime] = field(default_factory=dict)
    token_uses: Mapping[str, datetime] = field(default_factory=dict)
    session_uses: Sequence[KnownSession] = ()
    used_codes: Sequence[User] = ()

    @property
    def guarded(self) -> bool:
        """Whether it changes anything that rules depend on."""
        return bool(self.users or self.removed_users or self.tokens or self.used_codes)

    @property
    def changes_access(self) -> bool:
        """Whether anyone's permissions change."""
        return bool(self.users or self.removed_users or self.tokens or self.ended_sessions)
