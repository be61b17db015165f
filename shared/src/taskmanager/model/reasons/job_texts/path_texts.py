"""Problems with a path, found when a job is submitted or run."""

from taskmanager.model.reasons.coded_text import TextFamily

PATHS = TextFamily("path", "What is wrong with a path.")
_text = PATHS.text

NO_ABSOLUTE = _text("no_absolute", "path %(path)s is not absolute: give the full path")
NUL = _text("nul", "path %(path)s contains a NUL character")
MIXED = _text("mixed", "path %(path)s mixes / and \\: use / only")
UPWARDS = _text("upwards", "path %(path)s contains '..': give the path without it")
NOT_RESOLVED = _text("not_resolved", "path %(path)s cannot be resolved: %(error)s")
OUTSIDE = _text(
    "outside",
    ("path %(path)s leads outside the folders jobs may use (%(folders)s): here it is %(mapped)s"),
    ("path %(path)s leads outside the folders jobs may use (%(folders)s); mapped to here are %(theirs)s"),
    "path %(path)s leads outside the folders jobs may use (%(folders)s)",
)
NO_FOLDERS = _text("no_folders", "none are configured")
SEVERAL_FORMS = _text(
    "several_forms",
    "path %(path)s does not exist, and several names differ from it only in their Unicode "
    "form: %(forms)s: rename all but one, or give one as it is",
)
IS_FOLDER_OF_SOURCE = _text(
    "is_folder_of_source",
    (
        "the destination is the folder of the source: name another folder, or a template that "
        "works in place (%(path)s)"
    ),
    (
        "the destination is the folder of the source: name another folder, or a template that "
        "works in place (source %(source)s, destination %(destination)s)"
    ),
)
IS_SOURCE = _text(
    "is_source",
    ("the destination is the source: name another folder, or a template that works in place (%(path)s)"),
    (
        "the destination is the source: name another folder, or a template that works in "
        "place (source %(source)s, destination %(destination)s)"
    ),
)
INSIDE_SOURCE = _text(
    "inside_source",
    "the destination lies in the source: name another folder, or a template that works in "
    "place (source %(source)s, destination %(destination)s)",
)
NAMED_PIPE = _text("named_pipe", "a named pipe")
SOCKET = _text("socket", "a socket")
DEVICE = _text("device", "a device")
