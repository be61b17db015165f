"""Why an operator's command cannot be carried out."""

from taskmanager.model.reasons.catalogue import Family

REFUSALS = Family("refusal", "Why a command cannot be done, or was done already.")
_code = REFUSALS.code

PRIORITY_OF_ENDED = _code(
    "priority_of_ended", "the job has ended (%(status)s): its priority no longer matters"
)
NO_TURN = _code("no_turn", "the job has ended (%(status)s): it is no longer queued")
HAD_ITS_TURN = _code("had_its_turn", "the job has started (%(status)s): it is no longer queued")
NOTHING_TO_CANCEL = _code("nothing_to_cancel", "the job has ended (%(status)s): there is nothing to cancel")
NOTHING_TO_HOLD = _code("nothing_to_hold", "the job has ended (%(status)s): there is nothing to hold")
NOTHING_TO_RELEASE = _code(
    "nothing_to_release", "the job has ended (%(status)s): there is nothing to release"
)
NOT_RETRYABLE = _code(
    "not_retryable", "the job is %(status)s: only jobs in ERROR or CANCELLED can be retried"
)
CANCELLING = _code("cancelling", "the job is being cancelled")
PLACING_RESULTS = _code("placing_results", "its results are being put into place: wait for its end")
PLUGIN_STOPPED = _code(
    "plugin_stopped", "the job is paused because its plugin is stopped: restart the plugin"
)
UNIQUE_KEY = _code("unique_key", "job %(job)s holds its unique key '%(key)s'")
NOT_OF_GOOBI = _code(
    "not_of_goobi", "the job does not come from Goobi, so there is no process log to write to"
)
STATUS_CHANGED = _code("status_changed", "the job is now %(status)s, which was not selected")
PRIORITY_CHANGED = _code("priority_changed", "its priority is now %(priority)s, which was not selected")
KEY_OF_ANOTHER = _code("key_of_another", "this Idempotency-Key belongs to another operation")
OPERATION_UNREADABLE = _code("operation_unreadable", "the stored record of this operation cannot be read")
OPERATION_DONE = _code("operation_done", "the operation has already ended")
RUNNER_ALIVE = _code("runner_alive", "the runner is alive: it was last heard from %(seconds)s s ago")
OWNS_JOBS = _code("owns_jobs", "it still owns %(count)s job(s): wait until their leases have ended")
TOO_MANY_RUNNERS = _code("too_many_runners", "the orchestrator of %(place)s allows at most %(limit)s")
LIMITS_CROSSED = _code("limits_crossed", "the lower limit %(lowest)s is above the upper one, %(highest)s")
ONLY_THE_LAST = _code(
    "only_the_last", "the engine of %(place)s only removes the last runner: restart them with its own tools"
)
PLACE_HEARD = _code("place_heard", "its orchestrator is at work: it last reported %(seconds)s s ago")
NO_PLACE = _code("no_place", "no orchestrator has reported this plugin at this place")
USER_EXISTS = _code(
    "user_exists", "a user named %(name)s already exists: change that user, or choose another name"
)
LAST_ADMIN = _code("last_admin", "%(name)s is the last enabled admin: make somebody else an admin first")
TOKEN_EXPIRED = _code("token_expired", "the token would already have expired: choose a later time")
TOKEN_REPEATED = _code("token_repeated", "this token already exists: make another one")
TOKEN_EXISTS = _code(
    "token_exists", "a token named %(name)s already exists: revoke it, or choose another name"
)
OTHER_PASSWORD = _code("other_password", "the password has changed in the meantime")
HAS_NO_PASSWORD = _code("has_no_password", "%(name)s does not log in with a password here")
HAS_SECOND_FACTOR = _code("has_second_factor", "a device for codes is already set up: remove it first")
FACTOR_CHANGED = _code("factor_changed", "the second factor has changed in the meantime: start again")
KEY_KNOWN = _code("key_known", "this security key is already registered, for this user or for another one")
KEY_NAMED = _code("key_named", "a security key named %(key)s already exists: choose another name")
TOO_MANY_KEYS = _code("too_many_keys", "there are already %(count)s security keys: remove one first")
NO_SECURITY_KEY = _code("no_security_key", "there is no such security key")
CHALLENGE_USED = _code(
    "challenge_used", "the response of the security key has already been used, or is too old"
)
COUNTER_WENT_BACK = _code(
    "counter_went_back",
    "the security key had counted %(before)s signatures but now reports %(shown)s: it may have been copied",
)
NO_SECOND_FACTOR = _code("no_second_factor", "there is no second factor")
CODE_USED = _code("code_used", "the code has already been used: wait for the next one")
SESSION_ENDED = _code("session_ended", "the session has already ended")
NO_JOB = _code("no_job", "there is no such job")
NO_PLUGIN = _code("no_plugin", "there is no such plugin")
NO_RUNNER = _code("no_runner", "there is no such runner")
NO_OPERATION = _code("no_operation", "there is no such operation")
NO_USER = _code("no_user", "there is no user %(name)s")
NO_TOKEN = _code("no_token", "there is no such token")
PRESET_EXISTS = _code("preset_exists", "there is a preset '%(preset)s' already")
NO_PRESET = _code("no_preset", "there is no such preset")
