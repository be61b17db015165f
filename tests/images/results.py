"""Reads what a plugin wrote: JPEG by Pillow, JPEG 2000 by its boxes and opj_decompress. Knows no truth."""

import io
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from tests.images.pictures import Array

_ORIENTATION: Final = 274
_INCH, _CENTIMETRE = 1, 2
_SIZ: Final = 0xFF51
_OPACITY: Final = {1: "unassociated", 2: "associated"}
_ENUMERATED: Final = {16: 3, 17: 1}
"""Numbers of colour channels of sRGB and of grey (ISO/IEC 15444-1, I.5.3.3)."""


class UnreadableError(Exception):
    """A result that is not a valid file of its format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a result says and shows. `samples` are whole numbers; `alpha` is the kind of its last channel."""

    samples: Array
    bits: int
    alpha: str | None = None
    profile: bytes | None = None
    resolution: tuple[float, float] | None = None
    orientation: int = 1


def read(path: Path) -> Result:
    """The result; raises UnreadableError if it cannot be read in full."""
    return read_jpeg(path.read_bytes()) if path.suffix == ".jpg" else read_jp2(path.read_bytes())


def read_jpeg(data: bytes) -> Result:
    """A JPEG of one or three components."""
    if not data.endswith(b"\xff\xd9"):
        raise UnreadableError("the JPEG has no end")
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            samples = np.asarray(image)
            orientation = int(image.getexif().get(_ORIENTATION, 1))
            info = dict(image.info)
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableError(f"the JPEG cannot be read: {error}") from error
    if samples.ndim == 2:
        samples = samples[..., np.newaxis]
    unit, density = info.get("jfif_unit", 0), info.get("jfif_density")
    factor = {_INCH: 1.0, _CENTIMETRE: 2.54}.get(unit)
    resolution = (density[0] * factor, density[1] * factor) if density and factor else None
    return Result(
        samples=samples.astype(np.int64),
        bits=8,
        profile=info.get("icc_profile"),
        resolution=resolution,
        orientation=orientation,
    )


def read_jp2(data: bytes) -> Result:
    """A JP2 of equal components."""
    try:
        boxes = dict(_boxes(data, 0, len(data)))
        header = list(_boxes(boxes[b"jp2h"], 0, len(boxes[b"jp2h"])))
        stream = boxes[b"jp2c"]
        bits, shape = _size(stream)
    except (KeyError, struct.error, IndexError) as error:
        raise UnreadableError(f"the JP2 file is not complete: {error!r}") from error
    colour_box = next((content for kind, content in header if kind == b"colr"), b"")
    definitions = next((content for kind, content in header if kind == b"cdef"), b"")
    alpha = _alpha(definitions)
    _check_colour(colour_box, shape[2] - (alpha is not None))
    return Result(
        samples=decode(stream, shape, bits),
        bits=bits,
        alpha=alpha,
        profile=colour_box[3:] if colour_box[:1] == b"\2" else None,
        resolution=_resolution(next((content for kind, content in header if kind == b"res "), b"")),
    )


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while start < end:
        length, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if length == 1:
            (length,), head = struct.unpack_from(">Q", data, start + 8), 16
        length = length or end - start
        if length < head or start + length > end:
            raise KeyError(f"box {kind!r}")
        yield kind, data[start + head : start + length]
        start += length


def _size(stream: bytes) -> tuple[int, tuple[int, int, int]]:
    """Bits and rows, columns, components from the SIZ marker (A.5.1)."""
    marker, _, _, x1, y1, x0, y0 = struct.unpack_from(">HHHIIII", stream, 2)
    if marker != _SIZ:
        raise KeyError("SIZ")
    (components,) = struct.unpack_from(">H", stream, 40)
    kinds = {stream[42 + 3 * number] for number in range(components)}
    if len(kinds) != 1 or (kind := kinds.pop()) & 0x80:
        raise UnreadableError("the components differ or are signed")
    return kind + 1, (y1 - y0, x1 - x0, components)


def decode(stream: bytes, shape: tuple[int, int, int], bits: int) -> Array:
    """The samples of a bare codestream, so that no colour profile is applied to them."""
    with tempfile.TemporaryDirectory(prefix="tm-images-") as folder:
        code, raw = Path(folder, "1.j2k"), Path(folder, "1.rawl")
        code.write_bytes(stream)
        done = subprocess.run(
            [_program(), "-i", str(code), "-o", str(raw)], capture_output=True, text=True, check=False
        )
        if done.returncode or not raw.exists():
            raise UnreadableError(f"opj_decompress: {(done.stderr or done.stdout)[-300:]}")
        content = raw.read_bytes()
    rows, columns, components = shape
    kind = "u1" if bits <= 8 else "<u2"
    planes = np.frombuffer(content, kind)
    if planes.size != rows * columns * components:
        raise UnreadableError(f"opj_decompress gives {planes.size} samples of {shape}")
    return planes.reshape(components, rows, columns).transpose(1, 2, 0).astype(np.int64)


def _program() -> str:
    return shutil.which("opj_decompress") or "opj_decompress"


def _alpha(definitions: bytes) -> str | None:
    """The kind of the opacity channel (I.5.3.6), None without one."""
    count = struct.unpack_from(">H", definitions)[0] if definitions else 0
    kinds = [struct.unpack_from(">HHH", definitions, 2 + 6 * number)[1] for number in range(count)]
    return next((_OPACITY[kind] for kind in kinds if kind in _OPACITY), None)


def _check_colour(colour_box: bytes, channels: int) -> None:
    if colour_box[:1] == b"\1":
        (space,) = struct.unpack_from(">I", colour_box, 3)
        if _ENUMERATED.get(space) != channels:
            raise UnreadableError(f"colour space {space} with {channels} colour channels")
    elif colour_box[:1] != b"\2":
        raise UnreadableError("the JP2 file says no colour space")


def _resolution(superbox: bytes) -> tuple[float, float] | None:
    """Dots per inch of the capture resolution, or of the display (I.5.3.7)."""
    found = dict(_boxes(superbox, 0, len(superbox)))
    content = found.get(b"resc") or found.get(b"resd")
    if content is None:
        return None
    vn, vd, hn, hd, ve, he = struct.unpack(">HHHHbb", content)
    return hn / hd * 10**he * 0.0254, vn / vd * 10**ve * 0.0254
