"""What happened to a job. `by` is an operator's name, `why` the reason given."""

from taskmanager.model.jobs import CancelMethod
from taskmanager.model.log_types import LogType
from taskmanager.model.reasons.catalogue import Code, Family

HISTORY = Family("history", "Entries of the history of a job.")
_code = HISTORY.code


def _done_by(name: str, what: str) -> Code:
    return _code(name, f"{what} by %(by)s: %(why)s", f"{what} by %(by)s")


ACCEPTED = _code("accepted", "accepted")
ACCEPTED_BEHIND = _code("accepted_behind", "accepted; starts when job %(job)s is done")
FOLLOWED = _code("followed", "job %(job)s is done")
WAITS_AGAIN = _done_by("waits_again", "retried, to start when the job before it is done,")
RELEASED_TO_FOLLOW = _done_by("released_to_follow", "made to wait for the job before it again")
DUPLICATE = _code(
    "duplicate",
    "duplicate of %(job)s, which holds the unique key '%(key)s'",
    "its chain is a duplicate of that of %(job)s",
)
GRANTED = _code("granted", "granted to %(runner)s")
COPYING = _code("copying", "the input is being copied")
WORKING = _code("working", "the plugin is working")
PLACING = _code("placing", "the results are being put into place")
DONE = _code("done", "done")
FAILED = _code("failed", "%(error)s")
SUSPENDED = _code("suspended", "suspended")
RESUMED = _code("resumed", "resumed")

CANCEL_ASKED = _done_by("cancel_asked", "cancellation requested")
HOLD_ASKED = _done_by("hold_asked", "hold requested")
HELD = _done_by("held", "held")
RELEASED = _done_by("released", "released")
PUT_NEXT_LATER = _done_by("put_next_later", "put next as of its release")
PUT_NEXT = _done_by("put_next", "put next")
TRIED_AGAIN = _done_by("tried_again", "retried")
PRIORITY = _done_by("priority", "priority %(old)s to %(new)s")
LOG_TYPES = {kind: _code(f"type_{kind.value}", kind.value) for kind in LogType}
"""The type of an entry in Goobi's process log, for the sentence below."""
MESSAGE = _code("message", "message to Goobi (%(type)s) by %(by)s: %(text)s")

CANCELLED = _code(
    "cancelled",
    "cancelled %(method)s by %(by)s: %(why)s (%(end)s)",
    "cancelled %(method)s by %(by)s (%(end)s)",
    "cancelled %(method)s by %(by)s: %(why)s",
    "cancelled %(method)s by %(by)s",
    "cancelled %(method)s (%(end)s)",
    "cancelled %(method)s",
)
METHODS = {method: _code(method.name.lower(), method.value) for method in CancelMethod}
"""How a cancelled job ended, for the sentence above."""
ENDED_MEANWHILE = _code("ended_meanwhile", "ended meanwhile: %(error)s")

RESTORED = _code(
    "restored",
    "restored from the backup of %(at)s; may have ended since, waits for an operator",
)
HANDED_BACK = _code("handed_back", "returned by %(runner)s, which is stopping")
UNCLAIMED = _code("unclaimed", "returned by %(runner)s, which could not start it soon")
GIVEN_BACK = _code("given_back", "returned: %(cause)s")
LOST = _code("lost", "lost with runner %(runner)s: %(cause)s")
LOST_UNBEGUN = _code("lost_unbegun", "lost with runner %(runner)s before it began: %(cause)s")
NOT_HEARD = _code("not_heard", "its runner was not heard from within the lease")
RESTARTED = _code("restarted", "its runner was restarted")
RECONNECTED = _code("reconnected", "its runner reconnected without it")
GRANT_LOST = _code("grant_lost", "the grant did not reach its runner")
CRASHED = _code("crashed", "crash %(count)s of at most %(most)s: %(error)s")
CRASHED_TOO_OFTEN = _code("crashed_too_often", "crashed %(count)s times in a row, the last time: %(error)s")
TRY_FAILED = _code(
    "try_failed",
    "try %(count)s of %(most)s failed, next at %(at)s: %(error)s",
    "try %(count)s of %(most)s failed: %(error)s",
)
