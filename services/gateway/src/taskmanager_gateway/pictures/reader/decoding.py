"""Decodes one picture by libvips, JPEG 2000 by OpenJPEG (Pillow), and makes JPEG files of it for the pages.

Only the loaders of the formats shown here are allowed. Each is first set to fail at the slightest doubt; what
it then says is told with whatever can be read of the picture all the same. Runs in a reading process.
"""

import os
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final
from zipfile import ZipFile

import pyvips
from PIL import Image, UnidentifiedImageError

from taskmanager_gateway.pictures.reader.orders import (
    OVERLAP,
    SIDE_MOST,
    THUMBNAIL_SIDE,
    TILE_SIDE,
    Failure,
    Limits,
    Made,
    Order,
    Wanted,
)

_SIGNATURES: Final = (
    *((signature, "tiff") for signature in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
)
NAMES: Final = {"tiff": "TIFF", "png": "PNG", "jpeg": "JPEG", "jp2": "JPEG 2000"}
_OPENJPEG_BYTES: Final = 6
"""Of memory for a sample that OpenJPEG decodes: four of its own, and the copies of Pillow and libvips."""
_JPEG: Final = {"Q": 82, "keep": "none"}
_HARMLESS: Final = re.compile(
    r"Unknown field with tag|TIFF_SETGET_UNDEFINED|Invalid SOS parameters for sequential"
)
"""What libraries say about headers that affect no pixel."""
_INCH: Final = 25.4
_MESSAGE: Final = 300


def allow_only_what_is_shown() -> None:
    """For a process that does nothing else: no loader but those used here, nothing kept between pictures."""
    pyvips.operation_block_set("VipsForeignLoad", True)  # noqa: FBT003 - takes no name
    for loader in ("Tiff", "Jpeg", "Png"):
        pyvips.operation_block_set(f"VipsForeignLoad{loader}", False)  # noqa: FBT003 - takes no name
    pyvips.cache_set_max(0)
    Image.MAX_IMAGE_PIXELS = None  # our own limits take its place


class _UnshownError(Exception):
    """Ends an order with a failure."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(failure, detail)
        self.made = Made(failure=failure, detail=detail)


def decoded(descriptor: int, order: Order, limits: Limits) -> Made:
    """What was ordered, or why it cannot be made; raises MemoryError."""
    try:
        kind = _kind(descriptor)
        if kind == "jp2":
            return _of_jpeg2000(descriptor, order, limits)
        return _of_vips(kind, descriptor, order, limits)
    except _UnshownError as error:
        return error.made
    except UnidentifiedImageError:
        return Made(failure=Failure.DAMAGED, detail="no valid header of JPEG 2000")
    except (pyvips.Error, OSError, ValueError, SyntaxError) as error:  # Pillow raises all of the last three
        message = said(error)
        return Made(failure=Failure.MEMORY if "out of memory" in message else Failure.DAMAGED, detail=message)


def said(error: Exception) -> str:
    """What a library says, on one line, without what cannot be printed."""
    text = str(error)
    if isinstance(error, pyvips.Error):  # whose own message is only which call failed
        text = error.detail.strip() or "its header is not valid"
    lines = dict.fromkeys(line.strip() for line in text.splitlines() if line.strip())
    joined = "; ".join(lines) or type(error).__name__
    return "".join(one if one.isprintable() else " " for one in joined)[:_MESSAGE]


def _kind(descriptor: int) -> str:
    head = os.pread(descriptor, 12, 0)
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    raise _UnshownError(Failure.NO_PICTURE)


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.pixels or max(width, height) > SIDE_MOST:
        raise _UnshownError(Failure.TOO_LARGE, f"{width} x {height}")


# --- what libvips reads -------------------------------------------------------------------------------------


def _of_vips(kind: str, descriptor: int, order: Order, limits: Limits) -> Made:
    header = _loaded(kind, descriptor, order.page, fail_on="none", access="sequential")
    _check_size(header.width, header.height, limits)
    pages = _field(header, "n-pages") if kind == "tiff" else 1
    facts = {
        "format": NAMES[kind],
        "width": header.width,
        "height": header.height,
        "dots_per_inch": round(header.xres * _INCH) if _field(header, "resolution-unit", "") else 0,
        "pages": pages,
    }
    turned = _field(header, "orientation") > 4  # noqa: PLR2004 - those that swap width and height
    if turned:
        facts["width"], facts["height"] = header.height, header.width

    def load(fail_on: str) -> dict[str, bytes]:
        if order.wanted is Wanted.THUMBNAIL:
            options = {"shrink": _jpeg_shrink(header)} if kind == "jpeg" else {}
            whole = _loaded(kind, descriptor, order.page, fail_on=fail_on, access="sequential", **options)
            return _thumbnail(whole)
        upright = _field(header, "orientation") == 1
        access = "sequential" if upright else "random"  # to be turned, it has to be in memory as a whole
        whole = _loaded(kind, descriptor, order.page, fail_on=fail_on, access=access, memory=not upright)
        return _tiles(whole if upright else whole.autorot())

    try:
        return Made(**facts, parts=load("warning"))
    except pyvips.Error as error:
        if "out of memory" in (doubt := said(error)):
            raise
        harmless = all(_HARMLESS.search(one) for one in doubt.split("; "))
        return Made(**facts, parts=load("none"), damage="" if harmless else doubt)


def _jpeg_shrink(header: Any) -> int:
    """The factor by which libjpeg reduces the picture while it decodes, still twice as large as is needed."""
    return next((by for by in (8, 4, 2) if max(header.width, header.height) >= 2 * by * THUMBNAIL_SIDE), 1)


def _source(descriptor: int) -> Any:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return pyvips.Source.new_from_descriptor(descriptor)


def _loaded(kind: str, descriptor: int, page: int, **options: Any) -> Any:
    load: Callable[..., Any] = getattr(pyvips.Image, f"{kind}load_source")
    if kind == "tiff":
        options["page"] = page - 1
    elif page != 1:
        raise _UnshownError(Failure.NO_PAGE)
    return load(_source(descriptor), **options)


def _field(image: Any, name: str, absent: Any = 1) -> Any:
    return image.get(name) if image.get_typeof(name) else absent


# --- JPEG 2000 ----------------------------------------------------------------------------------------------


def _of_jpeg2000(descriptor: int, order: Order, limits: Limits) -> Made:
    """A picture that is to be small, or would take too much memory, is read at a fraction of its size."""
    if order.page != 1:
        raise _UnshownError(Failure.NO_PAGE)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        header = Image.open(file, formats=["JPEG2000"])
        width, height = header.size
        _check_size(width, height, limits)
        needed = width * height * len(header.getbands()) * _OPENJPEG_BYTES
        wanted = THUMBNAIL_SIDE if order.wanted is Wanted.THUMBNAIL else max(width, height)
        least = next(halves for halves in range(32) if needed >> (2 * halves) < limits.memory_bytes)
        halves = max(least, (max(width, height) // wanted).bit_length() - 1)
        image, halves = _reduced(file, halves, least)
        resolution = header.info.get("dpi", (0, 0))[0]
    picture = _of_pillow(image)
    parts = _thumbnail(picture) if order.wanted is Wanted.THUMBNAIL else _tiles(picture)
    shrunk = 1 if order.wanted is Wanted.THUMBNAIL else 2**halves
    return Made(
        format=NAMES["jp2"],
        width=picture.width if shrunk > 1 else width,
        height=picture.height if shrunk > 1 else height,
        dots_per_inch=round(resolution),
        shrunk=shrunk,
        parts=parts,
    )


def _reduced(file: Any, halves: int, least: int) -> tuple[Image.Image, int]:
    """The picture halved so often, or less if it has fewer sizes; raises the error of the last attempt."""
    while True:
        file.seek(0)
        image = Image.open(file, formats=["JPEG2000"])
        image.reduce = halves  # type: ignore[assignment, method-assign]  # as Pillow's manual says for this format
        try:
            image.load()
        except OSError:
            if halves <= least:
                raise
            halves -= 1
        else:
            return image, halves


def _of_pillow(image: Image.Image) -> Any:
    """The same picture for libvips."""
    deep = image.mode.startswith("I;16")
    plain = image if deep or image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"} else image.convert("RGB")
    bands = 1 if deep else len(plain.getbands())
    made = pyvips.Image.new_from_memory(plain.tobytes(), *plain.size, bands, "ushort" if deep else "uchar")
    names = {
        1: "grey16" if deep else "b-w",
        2: "b-w",
        3: "srgb",
        4: "cmyk" if image.mode == "CMYK" else "srgb",
    }
    made = made.copy(interpretation=names[bands])
    if (profile := image.info.get("icc_profile")) is not None:
        made = made.copy()
        made.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return made


# --- what is made of it -------------------------------------------------------------------------------------


def _thumbnail(image: Any) -> dict[str, bytes]:
    plain = image if image.format in {"uchar", "ushort"} else _for_screens(image)
    small = plain.thumbnail_image(THUMBNAIL_SIDE, height=THUMBNAIL_SIDE, size="down")
    return {"": _for_screens(small).jpegsave_buffer(**_JPEG)}


def _tiles(image: Any) -> dict[str, bytes]:
    """All tiles of all sizes, each decoded once: names as in the format of Deep Zoom."""
    made = _for_screens(image).dzsave_buffer(
        imagename="x",
        container="zip",
        compression=0,
        tile_size=TILE_SIDE,
        overlap=OVERLAP,
        suffix=f".jpg[Q={_JPEG['Q']}]",
        keep="none",
    )
    with ZipFile(BytesIO(made)) as packed:
        names = [name for name in packed.namelist() if name.endswith(".jpg")]
        return {name.partition("x_files/")[2].removesuffix(".jpg"): packed.read(name) for name in names}


def _for_screens(image: Any) -> Any:
    """Grey or sRGB, 8 bits, on white."""
    if image.format in {"float", "double", "int", "uint", "short", "char"}:
        image = image.copy_memory().scaleimage()
    if image.get_typeof("icc-profile-data"):
        image = _by_profile(image)
    grey = image.interpretation in {"b-w", "grey16"}
    image = image.colourspace("b-w" if grey else "srgb")
    if image.hasalpha():
        image = image.flatten(background=255)
    colours = 1 if grey or image.bands < 3 else 3  # noqa: PLR2004 - of RGB
    return image.extract_band(0, n=colours).cast("uchar")


def _by_profile(image: Any) -> Any:
    """By its own profile; without it if the profile does not fit the picture, as the plugins do."""
    try:
        return image.icc_transform("srgb", embedded=True)
    except pyvips.Error:
        return image
