"""Messages for callers who are not let in, or may not do something."""

from taskmanager.model.access import Right
from taskmanager.model.reasons import Code, Family, Plural

ACCESS = Family("access", "Who may do what, and log-in.")
_code = ACCESS.code
_ASK = "Somebody with the role admin can change that, on the page of users or that of tokens."


def _forbidden(name: str, what: str) -> Code:
    return _code(name, f"%(name)s {what}. {_ASK}")


RIGHTS = {
    Right.READ: _forbidden("no_read", "may not look at jobs and plugins (the right 'read' is missing)"),
    Right.SUBMIT: _forbidden("no_submit", "may not submit jobs (the right 'submit' is missing)"),
    Right.OPERATE: _forbidden(
        "no_operate", "may not change jobs, plugins, runners and reports (the right 'operate' is missing)"
    ),
    Right.SCALE: _forbidden(
        "no_scale", "may not change how many runners there are (the right 'scale' is missing)"
    ),
    Right.NOTIFY: _forbidden(
        "no_notify", "may not see or change who is notified of what (the right 'notify' is missing)"
    ),
    Right.ADMIN: _forbidden("no_admin", "may not manage users and tokens (the right 'admin' is missing)"),
}
"""The message for each right that is missing."""


def _restricted(name: str, why: str) -> Code:
    to = "%(name)s is restricted to"
    return _code(
        name,
        Plural(f"{to} the plugin %(plugins)s; {why}. {_ASK}", f"{to} the plugins %(plugins)s; {why}. {_ASK}"),
        f"{to} no plugin at all; {why}. {_ASK}",
    )


OTHER_PLUGIN = _restricted("other_plugin", "this is about '%(plugin)s'")
ALL_PLUGINS = _restricted("all_plugins", "%(what)s concerns all plugins")
THE_OPERATION = _code("the_operation", "the operation")
LIST_OF_USERS = _code("list_of_users", "the list of users or tokens")
REPLAY_OF_ALL = _code("replay_of_all", "the replay of all reports")
RULE_OF_ALL = _code("rule_of_all", "a rule of notifications without plugins")
DEAD_LETTERS = _code("dead_letters", "a dead letter")
TOLD_TO_INSTALLATION = _code("told_to_installation", "what an installation was told")
ALL_USERS = _forbidden("all_users", "is restricted to some plugins, and users and tokens concern all of them")
ONE_TIME_PASSWORD = _forbidden(
    "one_time_password", "has a one-time password and must choose another one first, at /account"
)
OTHERS_FACTOR = _forbidden("others_factor", "may not use or set up the second factor of somebody else")
SHARED_PRESETS = _forbidden(
    "shared_presets", "may not save, rename or delete shared presets (the right 'operate' is missing)"
)
OTHERS_PRESET = _forbidden("others_preset", "may not change the presets of somebody else")
OTHERS_JOB = _forbidden("others_job", "may not see the job that has the same 'unique' key")

NOT_PROVED = _code(
    "not_proved",
    "This needs a log-in or a token. Send 'Authorization: Bearer <token>', or log in at /log-in.",
)
TOKEN_ENDED = _code(
    "token_ended", "The token is revoked or has expired. An administrator can make a new one."
)
UNKNOWN_TOKEN = _code("unknown_token", "No such token is known. An administrator can make a new one.")
LOG_IN_AGAIN = _code(
    "log_in_again",
    "Nothing was done: your log-in is too old to change users and tokens. Log in again.",
)
OTHER_SITE = _code("other_site", "Nothing was done: the form was sent by a page of another site.")
NO_CSRF_TOKEN = _code(
    "no_csrf_token",
    "Nothing was done: the header X-CSRF-Token is missing or does not belong to this log-in. "
    "Load the page again; programs use a token instead of a log-in.",
)
BEGIN_AGAIN = _code("begin_again", "That took too long, or something changed in the meantime. Start again.")
WRONG_CODE = _code(
    "wrong_code",
    "The code is wrong, or has already been used. A new one is shown every 30 seconds; the clock of the "
    "device must be right.",
)
WRONG_KEY = _code(
    "wrong_key",
    "The security key was not accepted: it is not one of yours, or this took too long. Try again.",
)
KEY_REFUSED = _code("key_refused", "The security key was not accepted: %(refusal)s.")
KEY_NOT_MADE = _code(
    "key_not_made",
    "Nothing was changed: what the security key answered cannot be used, or this took too long. Try again.",
)
NO_KEYS_HERE = _code(
    "no_keys_here",
    "Security keys cannot be used here: browsers use them only at a fixed address with HTTPS, which the "
    "setting TASKMANAGER_PUBLIC_URL names.",
)
NOT_JUDGED = _code(
    "not_judged",
    (
        "Nobody can log in with a second factor at present: the scheduler does not answer, and only "
        "it knows which codes have been used. Try again soon, with a new code."
    ),
)
LOG_IN_FIRST = _code(
    "log_in_first", "Nothing was done: your log-in is too old to change your second factor. Log in again."
)
WRONG_FIRST_CODE = _code(
    "wrong_first_code",
    "Nothing was changed: the code is wrong. Type the one your app shows now; the clock of the device "
    "must be right.",
)
WRONG_PASSWORD = _code("wrong_password", "The name or the password is wrong.")
TOO_MANY_FAILED = _code("too_many_failed", "Too many log-ins failed. Try again in %(seconds)s seconds.")
NO_PASSWORD = _code("no_password", "Only somebody who logged in with a password has one to change.")
NO_SESSIONS = _code("no_sessions", "Only somebody who is logged in has sessions to end.")
NO_FACTOR = _code("no_factor", "Only somebody who logged in with a password can have a second factor.")
NOT_THE_PASSWORD = _code("not_the_password", "The current password is wrong.")
NOT_CHANGED = _code("not_changed", "Nothing was changed: %(weakness)s.")
NO_PLUGIN_CHOSEN = _code(
    "no_plugin_chosen", "Choose at least one plugin, or all of them. Nothing was changed."
)
NO_SCOPE_CHOSEN = _code(
    "no_scope_chosen",
    "Choose at least one thing the token may be used for. Nothing was changed.",
)
LAST_DAY_PAST = _code(
    "last_day_past", "The last day is in the past: choose a later one. Nothing was changed."
)
