"""A way in: the first admin, and a new one-time password for a user who lost theirs. Pure.

For anyone who has the database's credentials. Goes through the same rules, and into the same audit, as
commands over HTTP.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from taskmanager.messages import (
    AccessOrder,
    AddUser,
    ChangeUser,
    Command,
    RemoveSecondFactor,
    SetPassword,
)
from taskmanager.model.access import Role, User, user_key
from taskmanager.ports.store import Needs, Snapshot
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide

FIRST_ADMIN = "admin"

LINE = "=" * 72


@dataclass(frozen=True, slots=True)
class Rescue:
    """One run of a command line tool: `id` names it in the audit, as done by `actor` at `now`."""

    id: str
    actor: str
    reason: str
    now: datetime
    password_hash: str

    @property
    def needs(self) -> Needs:
        """What has to be loaded: all users."""
        return Needs(access=frozenset({self.id}))

    def first_admin(self) -> Callable[[Snapshot], Decision]:
        """Create an admin with a one-time password if there are no users at all; otherwise change nothing."""
        return lambda snapshot: Decision() if snapshot.access.users else self._do(snapshot, [self._admin()])

    def reset(self, name: str) -> Callable[[Snapshot], Decision]:
        """Give the user a one-time password and remove the second factor.

        If necessary, `admin` is also created, made an admin and enabled.

        Nothing changes if there is no such user.
        """

        def decided(snapshot: Snapshot) -> Decision:
            user = snapshot.access.users.get(user_key(name))
            if user is not None:
                return self._do(snapshot, self._restored(user))
            if user_key(name) == FIRST_ADMIN:
                return self._do(snapshot, [self._admin()])
            return Decision()

        return decided

    def _admin(self) -> AccessOrder:
        return AddUser(name=FIRST_ADMIN, role=Role.ADMIN, password_hash=self.password_hash, one_time=True)

    def _restored(self, user: User) -> list[AccessOrder]:
        orders: list[AccessOrder] = [
            SetPassword(name=user.name, password_hash=self.password_hash, one_time=True)
        ]
        if user.second_factor is not None:
            orders.append(RemoveSecondFactor(name=user.name))
        whole = user.role is Role.ADMIN and user.plugins is None and user.disabled is None
        if user_key(user.name) != FIRST_ADMIN or whole:
            return orders
        return [*orders, ChangeUser(name=user.name, role=Role.ADMIN, plugins="all", disabled=False)]

    def _do(self, snapshot: Snapshot, orders: Sequence[AccessOrder]) -> Decision:
        commands = [
            Command(
                id=f"{self.id}-{number}",
                gateway="",
                actor=self.actor,
                reason=self.reason,
                at=self.now,
                order=order,
            )
            for number, order in enumerate(orders)
        ]
        return decide(commands, snapshot, self.now)


def changed_user(outcome: Decision) -> User | None:
    """The user with the new password, if any."""
    users = outcome.access.users if outcome.access is not None else ()
    return users[0] if users else None


def block(name: str, password: str) -> str:
    """The text shown on the terminal, once."""
    return "\n".join(
        [
            LINE,
            "  Goobi TaskManager: log in with this password and choose your own",
            "",
            f"    user      {name}",
            f"    password  {password}",
            "",
            "  It is shown this once and stored nowhere. If it is lost:",
            f"    taskmanager-users reset {name}",
            LINE,
            "",
        ]
    )
