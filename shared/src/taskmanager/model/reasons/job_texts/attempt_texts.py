"""Why an attempt of a job ended, as its runner reports it."""

from taskmanager.model.reasons.coded_text import TextFamily

ATTEMPTS = TextFamily("attempt", "Why an attempt ended, as its runner tells it.")
_text = ATTEMPTS.text

SLOT_NOT_READY = _text("slot_not_ready", "the slot process did not become ready in time")
SLOT_NOT_RUNNING = _text("slot_not_running", "the slot process is not running")
INTERRUPTED = _text("interrupted", "the attempt was interrupted")
INPUT_LOST = _text("input_lost", "the process that was to fetch the input ended unexpectedly")
ID_NO_FILE_NAME = _text("id_no_file_name", "the job's id cannot be a file name")
TIME_LIMIT = _text(
    "time_limit",
    ("the time limit for a job, %(limit)s, was exceeded: stopped after %(seconds)s s of work, %(progress)s"),
    "the time limit for a job, %(limit)s, was exceeded: stopped after %(seconds)s s of work",
)
FILE_TIME_LIMIT = _text(
    "file_time_limit",
    (
        "the time limit for a file, %(limit)s, was exceeded: stopped after %(without)s s without "
        "progress to the next file, %(seconds)s s of work in all, %(progress)s"
    ),
    (
        "the time limit for a file, %(limit)s, was exceeded: stopped after %(without)s s without "
        "progress to the next file, %(seconds)s s of work in all"
    ),
)
MEMORY_LIMIT = _text(
    "memory_limit",
    "the memory limit, %(limit)s, was exceeded: it used %(usage)s, %(progress)s",
    "the memory limit, %(limit)s, was exceeded: it used %(usage)s",
)
STARVED = _text(
    "starved",
    ("it needed more memory than its limit of %(limit)s; the most memory seen: %(peak)s, %(progress)s"),
    "it needed more memory than its limit of %(limit)s, %(progress)s",
    "it needed more memory than its limit of %(limit)s; the most memory seen: %(peak)s",
    "it needed more memory than its limit of %(limit)s",
)
PROGRESS = _text(
    "progress", "at file %(file)s, %(done)s of %(total)s files done", "%(done)s of %(total)s files done"
)
PROCESSES = _text("processes", "%(size)s in %(number)s processes, the largest, %(name)s, %(largest)s")
PROCESS_ENDED = _text(
    "process_ended",
    "the process of the job ended: %(ending)s; its largest process had %(peak)s of memory at most",
)
EXIT_CODE = _text("exit_code", "exit code %(number)s")
KILLED_BY = _text("killed_by", "killed by %(signal)s")
BY_MACHINE = _text(
    "by_machine", "the runner did not send it, so the machine was probably out of memory (see its kernel log)"
)
BY_KERNEL = _text(
    "by_kernel", "the kernel's out-of-memory killer was active and probably sent it (see the kernel log)"
)
BY_NOBODY = _text(
    "by_nobody", "the runner did not send it, and the kernel's out-of-memory killer was not active"
)
PEAK = _text("peak", "the most memory seen: %(usage)s")
UNTIDY = _text(
    "untidy",
    "%(error)s\nThe folders could not be restored; the next attempt tries again: %(problem)s",
)
LEFT_BEHIND = _text("left_behind", "%(number)s process(es) that the plugin left behind were killed")
CALLED_EXIT = _text("called_exit", "the plugin called exit (%(value)s); it must return or raise an exception")
BAD_PARAMETER = _text("bad_parameter", "parameter %(name)s: %(problem)s")
NO_TEMPLATE = _text("no_template", "plugin %(plugin)s has no template %(template)s; it has: %(known)s")
AND = _text("and", "%(error)s; %(more)s")
