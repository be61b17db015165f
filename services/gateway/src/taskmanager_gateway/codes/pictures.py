"""Why a picture of a job is not shown, or only a part of it."""

from taskmanager.model.reasons import Family

PICTURES = Family("viewer", "Why a picture of a job is not shown.")
_code = PICTURES.code

DAMAGED = _code("damaged", "It cannot be decoded: %(error)s")
TOO_LARGE = _code(
    "too_large",
    "It has %(size)s pixels. Shown are pictures of up to %(most)s megapixels, "
    "and %(side)s pixels along a side.",
)
MEMORY = _code("memory", "It needs more memory than the %(most)s MB a picture may take here.")
NO_PICTURE = _code("no_picture", "It is no TIFF, JPEG 2000, JPEG or PNG.")
NO_PAGE = _code("no_page", "The file has no such page.")
NO_ALTO = _code(
    "no_alto",
    "It has no words that could be shown, as it is no ALTO with the size of its page: %(error)s",
    "It has no words that could be shown, as it is no ALTO with the size of its page.",
)
NOT_THERE = _code("not_there", "There is no file %(name)s, or not any more, where the gateway can see it.")
UNREADABLE = _code("unreadable", "%(name)s cannot be read: %(error)s.")
CHANGING = _code("changing", "It is being written at this moment. Try again soon.")
BUSY = _code("busy", "Too many pictures are being read. Try again soon.")
SLOW = _code("slow", "It could not be read within %(seconds)s s.")
CRASHED = _code(
    "crashed",
    "It cannot be decoded: the program that reads it ended (%(how)s). It may be damaged, or too large.",
)
OFF = _code("off", "An operator has turned pictures off (TASKMANAGER_VIEWER_PROCESSES is 0).")
NO_LIBRARY = _code(
    "no_library",
    "This gateway has no program that reads pictures. "
    "Install it with the extra taskmanager-gateway[pictures].",
)
NO_NUMBER = _code("no_number", "The job has no file number %(number)s.")
NO_TILE = _code("no_tile", "The picture has no such tile.")
