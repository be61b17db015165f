"""How and from where somebody logged in, or why a log-in was refused, as stored in the audit."""

from taskmanager.model.reasons.catalogue import Family

LOG_INS = Family("log_in", "How somebody logged in, or why not.")
_code = LOG_INS.code

SEEN = _code(
    "seen",
    "%(way)s, from %(address)s, %(count)s times: %(why)s",
    "%(way)s, from %(address)s, %(count)s times",
    "%(way)s, from %(address)s: %(why)s",
    "%(way)s, from %(address)s",
)
WAYS = {
    "password": _code("password", "password"),
    "code": _code("code", "code"),
    "security_key": _code("security_key", "security key"),
    "oidc": _code("oidc", "oidc"),
}
UNKNOWN_NAME = _code("unknown_name", "there is no user of that name")
WRONG_PASSWORD = _code("wrong_password", "the password is wrong, or the user is disabled or has none")
WRONG_CODE = _code("wrong_code", "the code is wrong or has already been used")
WRONG_KEY = _code("wrong_key", "the response of the security key is wrong or has already been used")
NOT_LET_IN = _code(
    "not_let_in",
    (
        "the identity provider or the settings of the user here do not permit it; the gateway's log "
        "has the details"
    ),
)
TOO_MANY = _code("too_many", "there were too many failed log-ins before")
