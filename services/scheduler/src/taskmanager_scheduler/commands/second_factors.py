"""Commands for a user's second factor. Pure.

Only the gateway can read the secret, so it has already checked that a code is correct. Whether the code may
still be used is decided here, so that it counts once, whichever gateways it is presented to.
"""

from taskmanager.messages import RemoveDevice, RemoveSecondFactor, SetSecondFactor, UseCode
from taskmanager.model.access import SecondFactor, User
from taskmanager.model.jobs import Attribution
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager_scheduler.commands.access import AccessSpace, user_handler
from taskmanager_scheduler.jobs.effects import CommandAnswer


def _set(space: AccessSpace, user: User, order: SetSecondFactor, note: Attribution) -> CommandAnswer:
    if user.password_hash is None:
        return "refused", refusals.HAS_NO_PASSWORD(name=user.name)
    if user.has_device:
        return "refused", refusals.HAS_SECOND_FACTOR()
    before = user.second_factor
    if before is not None and order.recovery:
        return "refused", refusals.FACTOR_CHANGED()
    factor = before or SecondFactor(since=note.at, recovery=order.recovery)
    device = {"sealed": order.sealed, "step": order.step, "device_since": note.at}
    space.register.keep(user.model_copy(update={"second_factor": factor.model_copy(update=device)}))
    return "done", None


def _remove(space: AccessSpace, user: User, _order: RemoveSecondFactor, _note: Attribution) -> CommandAnswer:
    if user.second_factor is None:
        return "unchanged", None
    space.register.keep(user.model_copy(update={"second_factor": None}))
    return "done", None


def _remove_device(space: AccessSpace, user: User, _order: RemoveDevice, _note: Attribution) -> CommandAnswer:
    factor = user.second_factor
    if factor is None or not user.has_device:
        return "unchanged", None
    without = factor.model_copy(update={"sealed": None, "step": 0, "device_since": None})
    space.register.keep(user.model_copy(update={"second_factor": without.left}))
    return "done", None


def _use(space: AccessSpace, user: User, order: UseCode, _note: Attribution) -> CommandAnswer:
    factor = user.second_factor
    if factor is None or (order.step is not None and not user.has_device):
        return "refused", refusals.NO_SECOND_FACTOR()
    left = tuple(one for one in factor.recovery if one != order.recovery)
    step = factor.step if order.step is None else max(order.step, factor.step)
    if step == factor.step and left == factor.recovery:
        return "refused", refusals.CODE_USED()
    used = factor.model_copy(update={"step": step, "recovery": left})
    space.register.keep_quietly(user.model_copy(update={"second_factor": used}))
    return "done", None


def _describe_use(order: UseCode) -> Reason:
    return actions_taken.USE_CODE() if order.recovery is None else actions_taken.USE_RECOVERY_CODE()


SET_SECOND_FACTOR = user_handler(_set, lambda _: actions_taken.SET_SECOND_FACTOR())
REMOVE_DEVICE = user_handler(_remove_device, lambda _: actions_taken.REMOVE_DEVICE())
REMOVE_SECOND_FACTOR = user_handler(_remove, lambda _: actions_taken.REMOVE_SECOND_FACTOR())
USE_CODE = user_handler(_use, _describe_use)
