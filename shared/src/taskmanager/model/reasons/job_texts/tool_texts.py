"""How the programs of a job failed, and why an argument is not passed to them."""

from taskmanager.model.reasons.coded_text import TextFamily

TOOLS = TextFamily("tool", "How a program of a job failed.")
_text = TOOLS.text

COMPLAINS = _text("complains", "%(program)s reports: %(output)s")
VALUE_IS_OPTION = _text(
    "value_is_option", "{%(name)s} is %(value)s; a value that begins with '-' would be an option"
)
ARGUMENT_LEADS_AWAY = _text(
    "argument_leads_away", "argument %(argument)s would become %(filled)s, which leads to another folder"
)
ARGUMENT_IS_OPTION = _text("argument_is_option", "argument %(argument)s would become the option %(filled)s")
VALUE_IS_PATH = _text(
    "value_is_path", "{%(name)s} is %(value)s; a value that holds a path would lead to another folder"
)
VALUE_HAS_NUL = _text("value_has_nul", "{%(name)s} contains a NUL character")
VALUE_OF_IMAGEMAGICK = _text(
    "value_of_imagemagick", "{%(name)s} is %(value)s; it holds characters that ImageMagick would interpret"
)
NO_RESULT = _text("no_result", "the program succeeded but wrote no result")
NO_RESULT_OF = _text("no_result_of", "%(program)s succeeded but wrote no result")
STOPPED = _text("stopped", "%(program)s was stopped")
TIME_LIMIT = _text(
    "time_limit",
    "%(program)s was stopped after %(limit)s, its time limit\n%(output)s",
    "%(program)s was stopped after %(limit)s, its time limit",
)
TOO_MUCH_OUTPUT = _text(
    "too_much_output",
    "%(program)s wrote more than %(limit)s bytes to stdout\n%(output)s",
    "%(program)s wrote more than %(limit)s bytes to stdout",
)
EXIT_CODE = _text(
    "exit_code",
    "%(program)s ended with exit code %(code)s\n%(output)s",
    "%(program)s ended with exit code %(code)s",
)
SIGNAL = _text(
    "signal",
    "%(program)s was ended by signal %(signal)s\n%(output)s",
    "%(program)s was ended by signal %(signal)s",
)
NOT_FOUND = _text("not_found", "%(program)s: program not found; is it installed on this machine?")
NO_FOLDER = _text("no_folder", "%(program)s: its working folder %(path)s does not exist")
NOT_STARTED = _text("not_started", "%(program)s: could not be started: %(error)s")
IMAGE_DAMAGED = _text("image_damaged", "the image is damaged:\n%(output)s")
NO_IMAGE = _text("no_image", "no image could be read from the file\n%(output)s")
