"""The forms of the sentences that rules and services write in English, so that pages can say them anew.

A place `%(name)s` stands for free text, unless it is named (without digits at its end) in `FORMS`: then what
fills it has a form of its own; `moment` is a time. The order counts: the first form that fits is taken.
"""


def _(sentence: str) -> str:
    """Marks a sentence for translation."""
    return sentence


REFUSALS = (
    _("the job has ended (%(status)s): its priority means nothing any more"),
    _("the job has ended (%(status)s): it has no turn any more"),
    _("the job has ended (%(status)s): there is nothing to cancel"),
    _("the job has ended (%(status)s): there is nothing to hold"),
    _("the job has ended (%(status)s): there is nothing to release"),
    _("the job is being cancelled"),
    _("the job has begun (%(status)s): it had its turn"),
    _("the job is %(status)s: only jobs in ERROR or CANCELLED can be tried again"),
    _("its results are being put into place: wait for its end"),
    _("the job is paused because its plugin is stopped: restart the plugin"),
    _("there is no such job"),
    _("job %(job)s holds its unique key %(key)s"),
    _("the job does not come from Goobi, so there is no process log to write to"),
    _("this Idempotency-Key belongs to another operation"),
    _("what is stored of this operation cannot be read"),
    _("the operation is done already"),
    _("the runner is alive: it was heard of %(seconds)s s ago"),
    _("it still owns %(count)s job(s): wait until their leases have ended"),
    _("there is a user %(name)s already: change that one, or choose another name"),
    _("%(name)s is the last enabled admin: make somebody else an admin first"),
    _("there is a token %(name)s already: revoke it, or choose another name"),
    _("there is such a token already: make another one"),
    _("the token would have expired already: choose a later moment"),
)
BY = (_("by %(name)s at %(moment)s (%(why)s)"), _("by %(name)s at %(moment)s"))
JOBS = (_("%(count)s jobs"), _("%(count)s job"))
STOPS = (
    _("plugin %(plugin)s was stopped %(by)s, until an operator restarts it"),
    _("plugin %(plugin)s was stopped %(by)s, until %(moment)s"),
)
OBSTACLES = (
    _("Plugin %(plugin)s was stopped %(by)s, until an operator restarts it"),
    _("Plugin %(plugin)s was stopped %(by)s, until %(moment)s"),
    _("No runner of plugin %(plugin)s is alive; the last one was heard of at %(moment)s"),
    _("No runner of plugin %(plugin)s is alive"),
    _("The only runner of plugin %(plugin)s was drained %(by)s"),
    _("All %(count)s runners of plugin %(plugin)s are drained, the last one %(by)s"),
    _("Plugin %(plugin)s runs %(jobs)s, and its limit is %(count)s"),
    _("The only slot of plugin %(plugin)s is busy"),
    _("All %(count)s slots of plugin %(plugin)s are busy"),
    _("Plugin %(plugin)s has a free slot, so it starts when its turn comes"),
)
WAITING = (
    _("It failed %(count)s times for a passing reason and is tried again at %(moment)s: %(error)s"),
    _("It failed %(count)s times for a passing reason and is tried again at %(moment)s"),
    _("Its cancel was asked for %(by)s, and its runner is ending it."),
    _("It was held %(by)s, until an operator releases it."),
    _("It is paused because %(stop)s."),
    _("It is paused and goes on as soon as its runner has been told."),
    _("%(obstacle)s; it is the next one."),
    _("%(obstacle)s; %(jobs)s starts before it."),
    _("%(obstacle)s; %(jobs)s start before it."),
    _("%(obstacle)s."),
)
MAY_NOT = (
    _("%(name)s may not look at jobs and plugins (the right %(right)s is missing)"),
    _("%(name)s may not submit jobs (the right %(right)s is missing)"),
    _("%(name)s may not change jobs, plugins, runners and reports (the right %(right)s is missing)"),
    _("%(name)s may not manage users and tokens (the right %(right)s is missing)"),
    _("%(name)s is restricted to %(reach)s; this is about %(plugin)s"),
    _("%(name)s is restricted to %(reach)s; %(what)s concerns all plugins"),
    _("%(name)s is restricted to some plugins, and users and tokens concern all"),
    _("%(name)s has a one-time password and must choose another one first, at /account"),
)
WEAKNESSES = (
    _("the two new passwords differ"),
    _("the password is too short: at least %(count)s characters, for example a few words"),
    _("the password is too long: at most %(count)s characters"),
    _("the password is little more than the user's name: choose another one"),
    _("the password is too easy to guess: choose one that is not common and repeats nothing"),
    _("it is the password there was: choose another one"),
)
REACH = (_("no plugin at all"), _("the plugins %(plugins)s"), _("the plugin %(plugin)s"))
PROBLEMS = (
    _("Cannot replay it: Goobi has it already."),
    _("Cannot send it: %(refusal)s."),
    _("Cannot start it: %(refusal)s."),
    _("Cannot stop it: %(refusal)s."),
    _("Cannot %(action)s: %(refusal)s."),
    _("There is no job %(job)s: it was never stored or is deleted."),
    _("There is no job %(job)s. Its id is in the answer to its submission; old jobs are deleted."),
    _("There is no such report."),
    _("There is no such token."),
    _("There is no such user."),
    _("There is no user %(name)s."),
    _("There is no report %(report)s."),
    _("There is no operation %(operation)s."),
    _("There is no operation %(operation)s. Its id is in the answer to its start; %(more)s"),
    _("There is no runner %(runner)s."),
    _("There is no runner %(runner)s: it never said hello, or it is forgotten."),
    _("There is no plugin %(plugin)s. Use one of: %(known)s."),
    _("There is no plugin %(plugin)s. Known: %(known)s."),
    _("There is no plugin %(plugin)s."),
    _("Use 'next_cursor' of the page before."),
    _("Use 'next_cursor' of the page before, with the same filters and order."),
    _("%(position)s is no position in a log. Use the last 'after' you got."),
    _("Nothing is at %(path)s. /docs lists every address."),
    _("%(path)s does not take %(method)s. Use one of: %(allowed)s."),
    _("What is stored cannot be read now; new jobs are still taken. Try again soon."),
    _("The message broker does not answer. Try again soon."),
    _(
        "The message broker did not confirm the command, so it may or may not be done. Look whether it was, "
        "and if not, send it again: a repeat does no harm."
    ),
    _("The request met a defect of the gateway; its log has the details."),
    _("The database is away since this gateway started. Try again soon."),
    _("Who asks cannot be looked up now. Try again soon."),
    _("Name and password do not fit."),
    _("The current password is not right."),
    _("Nothing was changed: %(weakness)s."),
    _("Only somebody who logged in with a password has one to change."),
    _("Only somebody who logged in has sessions to end."),
    _("Nothing was done: the form was sent by a page of another site."),
    _("Too many log-ins failed. Try again in %(seconds)s seconds."),
    _("This needs a log-in or a token. Send 'Authorization: Bearer <token>', or log in at /log-in."),
    _(
        "Nothing was done: the header X-CSRF-Token is missing or not of this log-in. Load the page again; "
        "programs use a token instead of a log-in."
    ),
    _("%(forbidden)s. Somebody with the role admin can change that, on the page of users or that of tokens."),
    _("%(field)s: %(fault)s (and %(count)s more). Correct the request and send it again."),
    _("%(field)s: %(fault)s. Correct the request and send it again."),
)
FAULTS = (
    _("this field is required"),
    _("there is no such field"),
    _("contains a NUL character"),
    _("contains a control character"),
    _("must be in the future, ten years at most; leave it out for a stop without an end"),
    _("lower case letters, digits and hyphens only, 40 at most"),
    _("string should have at least %(count)s character"),
    _("string should have at most %(count)s characters"),
    _("input should be %(allowed)s"),
)
HISTORY = (
    _("accepted"),
    _("done"),
    _("suspended"),
    _("goes on"),
    _("granted to %(runner)s"),
    _("input is being copied"),
    _("the plugin is at work"),
    _("results are put into place"),
    _("duplicate of %(job)s, which holds the unique key %(key)s"),
    _("cancel asked for by %(who)s"),
    _("hold asked for by %(who)s"),
    _("held by %(who)s"),
    _("released by %(who)s"),
    _("put next, for when it is released by %(who)s"),
    _("put next by %(who)s"),
    _("tried again by %(who)s"),
    _("priority %(old)s to %(new)s by %(who)s"),
    _("cancelled at once by %(who)s"),
    _("cancelled cooperatively by %(who)s"),
    _("cancelled SIGTERM by %(who)s"),
    _("cancelled SIGKILL by %(who)s"),
    _("message to Goobi (%(type)s) by %(who)s"),
    _("handed back by %(runner)s, which is stopping"),
    _("given back: %(why)s"),
    _("lost with the runner %(runner)s: %(why)s"),
    _("crash %(count)s of at most %(most)s: %(error)s"),
    _("crashed %(count)s times in a row, the last time: %(error)s"),
    _("try %(count)s of %(most)s failed, next at %(moment)s: %(error)s"),
    _("try %(count)s of %(most)s failed: %(error)s"),
)
ACTIONS = {
    "cancel": _("cancel it"),
    "hold": _("hold it"),
    "release": _("release it"),
    "priority": _("change its priority"),
    "next": _("put it next"),
    "retry": _("try it again"),
    "forget": _("forget it"),
    "add_user": _("add the user"),
    "change_user": _("change the user"),
    "set_password": _("set the password"),
    "end_sessions": _("log the user out everywhere"),
    "remove_user": _("remove the user"),
    "add_token": _("make the token"),
    "revoke_token": _("revoke the token"),
}
"""The words of `taskmanager.control`, as a sentence needs them."""

FORMS = {
    "refusal": REFUSALS,
    "by": BY,
    "jobs": JOBS,
    "stop": STOPS,
    "obstacle": OBSTACLES,
    "forbidden": MAY_NOT,
    "weakness": WEAKNESSES,
    "reach": REACH,
    "fault": FAULTS,
}
SENTENCES = (*PROBLEMS, *WAITING, *HISTORY, *REFUSALS, *FAULTS)
"""What may stand alone. `WAITING` follows `PROBLEMS`, for its last form fits much."""
