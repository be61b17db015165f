"""What was requested, as the audit keeps it. `ends` is a moment in ISO 8601."""

from itertools import product

from taskmanager.model.control import JobAction, LetterAction, PluginAction, RunnerAction, StopMode
from taskmanager.model.reasons.catalogue import Code, Family
from taskmanager.model.replicas.scaling import ScalingAction

DEEDS = Family("deed", "What the audit says was asked for; the pages have fuller sentences.")
_code = DEEDS.code


def _of_jobs(name: str, what: str) -> Code:
    """A code about one job, or about the jobs of an operation."""
    return _code(name, f"{what}, operation %(operation)s", what)


JOBS = {action: _of_jobs(action.value, action.value) for action in JobAction}
PRIORITY = _of_jobs("priority_to", "priority %(level)s")
STOP_OPERATION = _code("stop_operation", "stop operation %(operation)s")

PLUGINS = {
    action: _code(action.value, action.value)
    for action in (PluginAction.RESTART, PluginAction.REFUSE, PluginAction.ACCEPT)
}
STOPS = {
    mode: _code(f"stop_{mode.value}", f"stop, {mode.value} until %(ends)s", f"stop, {mode.value}")
    for mode in StopMode
}
LIMIT = _code("limit", "limit %(limit)s")
NO_LIMIT = _code("no_limit", "remove limit")

DRAIN = _code("drain", "drain, jobs handed back after %(seconds)s s", "drain")
RUNNERS = {
    RunnerAction.RESUME: _code("resume", "resume"),
    RunnerAction.FORGET: _code("forget", "forget"),
}

SCALE = _code("scale", "scale to %(number)s at %(place)s")
SCALE_AUTO = _code("scale_auto", "scale automatically from %(lowest)s to %(highest)s at %(place)s")
PLACES = {
    ScalingAction.RENEW: _code("renew", "restart one by one at %(place)s"),
    ScalingAction.FORGET_PLACE: _code("forget_place", "forget place %(place)s"),
}

MESSAGE = _code("message", "message to Goobi, %(type)s")
REPLAY = _code("replay", "replay report %(report)s")
LETTERS = {
    action: _code(f"{action.value}_dead_letter", f"{action.value} dead letter %(letter)s")
    for action in LetterAction
}
_OWN_OR_SHARED = {False: ("", ""), True: ("_shared", "shared ")}
SAVE_PRESET = {
    shared: _code(f"save{name}_preset", f"save {word}preset %(preset)s")
    for shared, (name, word) in _OWN_OR_SHARED.items()
}
RENAME_PRESET = {
    shared: _code(f"rename{name}_preset", f"rename {word}preset %(preset)s to %(name)s")
    for shared, (name, word) in _OWN_OR_SHARED.items()
}
REMOVE_PRESET = {
    shared: _code(f"remove{name}_preset", f"remove {word}preset %(preset)s")
    for shared, (name, word) in _OWN_OR_SHARED.items()
}
REPLAY_ALL = _code("replay_all", "replay undelivered reports of %(names)s")

ADD_NOTE = _code("add_note", "note on %(on)s %(key)s: %(text)s")
REMOVE_NOTE = _code("remove_note", "remove a note on %(on)s %(key)s")
SET_RULE = _code("set_rule", "set notification rule %(name)s, channel %(channel)s")
REMOVE_RULE = _code("remove_rule", "remove notification rule %(name)s")
TRY_RULE = _code("try_rule", "send a test by notification rule %(name)s")

ADD_USER = _code("add_user", "add user, %(role)s, %(reach)s")
CHANGE_USER = _code(
    "change_user",
    *(
        ", ".join(("change user", *(part for part in parts if part)))
        for parts in product(("%(role)s", ""), ("%(reach)s", ""), ("%(able)s", ""))
    ),
)
ONE_TIME_PASSWORD = _code("one_time_password", "set one-time password")
PASSWORD = _code("password", "set password")
REHASH = _code("rehash", "rehash password")
END_SESSIONS = _code("end_sessions", "end sessions")
END_SESSION = _code("end_session", "end session")
REMOVE_USER = _code("remove_user", "remove user")
LOG_IN = _code("log_in", "log in")
SET_SECOND_FACTOR = _code("set_second_factor", "set second factor")
REMOVE_SECOND_FACTOR = _code("remove_second_factor", "remove second factor")
REMOVE_DEVICE = _code("remove_device", "remove device of the second factor")
ADD_SECURITY_KEY = _code("add_security_key", "add security key %(key)s")
REMOVE_SECURITY_KEY = _code("remove_security_key", "remove security key %(key)s")
USE_SECURITY_KEY = _code("use_security_key", "use security key %(key)s")
USE_CODE = _code("use_code", "use code of the second factor")
USE_RECOVERY_CODE = _code("use_recovery_code", "use recovery code")
ADD_TOKEN = _code(
    "add_token", "add token, %(scopes)s, %(reach)s, until %(ends)s", "add token, %(scopes)s, %(reach)s"
)
REVOKE_TOKEN = _code("revoke_token", "revoke token")

ALL_PLUGINS = _code("all_plugins", "all plugins")
NO_PLUGIN = _code("no_plugin", "no plugin")
SOME_PLUGINS = _code("some_plugins", "plugins %(plugins)s")
