"""What may be wrong with one field of a request."""

from taskmanager.model.reasons import Family, Plural

FAULTS = Family("fault", "What is wrong with a field of a request.")
_code = FAULTS.code

MISSING = _code("missing", "this field is required")
NO_SUCH_FIELD = _code("no_such_field", "there is no such field")
BAD_NAME = _code("bad_name", "lower case letters, digits and hyphens only, 40 at most")
TOO_SHORT = _code(
    "too_short",
    Plural(
        "string should have at least %(count)s character", "string should have at least %(count)s characters"
    ),
)
TOO_LONG = _code(
    "too_long",
    Plural(
        "string should have at most %(count)s character", "string should have at most %(count)s characters"
    ),
)
NOT_ALLOWED = _code("not_allowed", "input should be %(allowed)s")
ONE_OF = _code("one_of", "%(first)s or %(last)s")
NUL = _code("nul", "contains a NUL character")
NUL_IN_NAME = _code("nul_in_name", "a name contains a NUL character")
DOLLAR = _code("dollar", "the name '%(name)s' begins with '$'")
CONTROL_CHARACTER = _code("control_character", "contains a control character")
END_OF_STOP = _code(
    "end_of_stop",
    "must be in the future, ten years at most; leave it out for a stop without an end",
)
NOT_FUTURE = _code("not_future", "must be in the future")
NO_MOMENT = _code("no_moment", "is not a date and time")
UNPRINTABLE = _code("unprintable", "1 to %(most)s printable characters are expected")
NOT_ASCII = _code("not_ascii", "1 to %(most)s printable ASCII characters are expected")
SELECTION = _code("selection", "choose at least one job, and at most %(most)s one by one")
PRIORITY_MISSING = _code("priority_missing", "this action needs the new priority, 0 to 10")
PRIORITY_SUPERFLUOUS = _code(
    "priority_superfluous",
    "only the action priority takes one; jobs are chosen by filter.priority_min and _max",
)
NO_FILTER = _code(
    "no_filter",
    """give filter.plugin or filter.ids, or "all": true if the jobs of all plugins are meant""",
)
STATUS_OF_TAB = _code("status_of_tab", "no job of the tab %(tab)s is %(status)s")
NO_STATUS = _code("no_status", "'%(word)s' is not a status; use one of: %(allowed)s")
UNKNOWN_WORD = _code("unknown_word", "'%(word)s' is not known; use one of: %(allowed)s")
TEMPLATE_NEEDED = _code("template_needed", "plugin %(plugin)s needs one of: %(known)s")
PATH_NEEDED = _code("path_needed", "plugin %(plugin)s needs the absolute path of a %(field)s")
PATH_SUPERFLUOUS = _code("path_superfluous", "plugin %(plugin)s uses no %(field)s: leave the field out")
TOO_DEEP = _code("too_deep", "nested more than %(most)s levels deep")
NOT_FINITE = _code("not_finite", "not a finite number")
TOO_BIG = _code("too_big", "an integer beyond 64 bits; send it as a text")
NO_LINKS = _code("no_links", "a list of 1 to %(most)s jobs that follow this one is expected")
CALLBACK_OF_LINK = _code("callback_of_link", "only the last job of a chain may have a callback")
NO_JSON = _code("no_json", "is not JSON")
NO_SUCH_NUMBER = _code("no_such_number", "'%(value)s' is not such a number")
NO_BATCH = _code("no_batch", "an object with the one field 'jobs', a list of jobs, is expected")
BATCH_SIZE = _code("batch_size", "%(size)s jobs; a batch holds 1 to %(most)s")

NO_CALL = _code("no_call", "an object with the fields of a job is expected")
NO_FORM = _code("no_form", "it is not a form: %(error)s")
NOT_SO_MANY_VALUES = _code(
    "not_so_many_values",
    "a list has %(wanted)s values, as the TaskClient library sends them; got %(number)s",
)
NO_OBJECT = _code("no_object", "an object is expected")
NO_TEXT = _code("no_text", "a text or a number is expected, got %(value)s")
NO_PROCESS_ID = _code(
    "no_process_id", "%(value)s is not a process id; without it the step could not be closed"
)
PROCESS_ID_MISSING = _code(
    "process_id_missing",
    "the process id is missing, and no folder of the job is called by one; without it the step could not be "
    "closed",
)
NO_STEP_ID = _code("no_step_id", "%(value)s is not a step id: a number is expected")
NO_PRIORITY = _code("no_priority", "%(value)s is not a number from 0 to 10")
PRESET_OF_OTHER = _code("preset_of_other", "the preset '%(preset)s' is for the plugin '%(plugin)s'")
NO_NAME = _code("no_name", "is no name")
PRESET_MISFIT = _code("preset_misfit", "the preset '%(preset)s' no longer fits its plugin")
