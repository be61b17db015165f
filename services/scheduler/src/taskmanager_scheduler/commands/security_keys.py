"""Commands for security keys as a second factor. Pure.

The gateway has verified the signature. This module checks what must be checked in one place for all gateways:
that a challenge is used only once, and that the counter of a key only grows.
"""

from taskmanager.messages import AddSecurityKey, RemoveSecurityKey, UseSecurityKey
from taskmanager.model.access import SecondFactor, User
from taskmanager.model.jobs import Attribution
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager.model.security_keys import KEYS_LIMIT, SecurityKey, counts_on, still_remembered
from taskmanager_scheduler.commands.access import AccessSpace, user_handler
from taskmanager_scheduler.commands.access_state import AccessGroupState
from taskmanager_scheduler.jobs.effects import CommandAnswer


def _add(space: AccessSpace, user: User, order: AddSecurityKey, note: Attribution) -> CommandAnswer:
    refusal = _not_added(space.register, user, order) or _used_up(space, user.second_factor, order)
    if refusal is not None:
        return "refused", refusal
    key = SecurityKey(
        id=order.key, name=order.label, public=order.public, counter=order.counter, since=note.at
    )
    factor = user.second_factor or SecondFactor(since=note.at, recovery=order.recovery)
    space.register.keep(_with(user, factor, (*factor.keys, key), _challenges(space, factor, order)))
    return "done", None


def _not_added(register: AccessGroupState, user: User, order: AddSecurityKey) -> Reason | None:
    keys = user.security_keys
    if user.password_hash is None:
        return refusals.HAS_NO_PASSWORD(name=user.name)
    if user.second_factor is not None and order.recovery:
        return refusals.FACTOR_CHANGED()
    if any(one.second_factor and one.second_factor.key(order.key) for one in register.users.values()):
        return refusals.KEY_KNOWN()
    if any(key.name == order.label for key in keys):
        return refusals.KEY_NAMED(key=order.label)
    return refusals.TOO_MANY_KEYS(count=len(keys)) if len(keys) >= KEYS_LIMIT else None


def _remove(space: AccessSpace, user: User, order: RemoveSecurityKey, _note: Attribution) -> CommandAnswer:
    factor = user.second_factor
    if factor is None or factor.key(order.key) is None:
        return "unchanged", None
    keys = tuple(key for key in factor.keys if key.id != order.key)
    left = factor.model_copy(update={"keys": keys}).left
    space.register.keep(user.model_copy(update={"second_factor": left}))
    return "done", None


def _use(space: AccessSpace, user: User, order: UseSecurityKey, _note: Attribution) -> CommandAnswer:
    factor = user.second_factor
    key = factor.key(order.key) if factor else None
    if factor is None or key is None:
        return "refused", refusals.NO_SECURITY_KEY()
    if (used := _used_up(space, factor, order)) is not None:
        return "refused", used
    if not counts_on(key.counter, order.counter):
        return "refused", refusals.COUNTER_WENT_BACK(before=key.counter, shown=order.counter)
    now = key.model_copy(update={"counter": order.counter, "last_used": space.now})
    keys = tuple(now if one.id == key.id else one for one in factor.keys)
    space.register.keep_quietly(_with(user, factor, keys, _challenges(space, factor, order)))
    return "done", None


def _used_up(
    space: AccessSpace, factor: SecondFactor | None, order: AddSecurityKey | UseSecurityKey
) -> Reason | None:
    """The reason to refuse the challenge if it has been used or has expired; None otherwise."""
    used = factor.challenges if factor else {}
    return refusals.CHALLENGE_USED() if order.challenge in used or order.ends <= space.now else None


def _challenges(
    space: AccessSpace, factor: SecondFactor, order: AddSecurityKey | UseSecurityKey
) -> dict[str, object]:
    used = still_remembered(factor.challenges, space.now)
    return {"challenges": {**used, order.challenge: order.ends}}


def _with(user: User, factor: SecondFactor, keys: tuple[SecurityKey, ...], more: dict[str, object]) -> User:
    return user.model_copy(update={"second_factor": factor.model_copy(update={"keys": keys, **more})})


ADD_SECURITY_KEY = user_handler(_add, lambda order: actions_taken.ADD_SECURITY_KEY(key=order.label))
REMOVE_SECURITY_KEY = user_handler(_remove, lambda order: actions_taken.REMOVE_SECURITY_KEY(key=order.label))
USE_SECURITY_KEY = user_handler(_use, lambda order: actions_taken.USE_SECURITY_KEY(key=order.label))
