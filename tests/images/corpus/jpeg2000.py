"""JPEG 2000: codestreams by opj_compress, the boxes around them by hand (ISO/IEC 15444-1, annex I)."""

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from tests.images import icc
from tests.images.colours import rgb_to_ycbcr
from tests.images.corpus.make import changed, grey, large, rgb, with_extra
from tests.images.corpus.tiff_colour import ycbcr_picture
from tests.images.pictures import Array, indexes, palette, picture, signed
from tests.images.truth import Case, Colour, Extra, Numbers, Shape, Truth

_SRGB, _GREY, _SYCC = 16, 17, 18
_LOSSLESS: Final = ("-r", "1")
_PROGRAM: Final = "opj_compress"
_KIND: Final = "JPEG 2000"
Boxes = Sequence[bytes]


def cases() -> Iterator[Case]:
    """All of them; the plugin `jp2` need not take JPEG 2000 as a source."""
    if shutil.which(_PROGRAM) is None:
        return
    for case in _all():
        truth = changed(case.truth, known_by_jp2=False)
        yield Case(case.kind, case.name, case.data, truth, case.representative, case.large)


def _all() -> Iterator[Case]:
    yield from _depths()
    yield from _channels()
    yield from _labels()
    yield from _broken()


@cache
def _compressed(raw: bytes, form: str, options: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="tm-images-") as folder:
        source, result = Path(folder, "1.rawl"), Path(folder, "1.j2k")
        source.write_bytes(raw)
        words = [_PROGRAM, "-i", str(source), "-o", str(result), "-F", form, "-n", "3", *options]
        subprocess.run(words, check=True, capture_output=True)
        return result.read_bytes()


def codestream(samples: Array, bits: int, *options: str, sign: str = "u", steps: str = "") -> bytes:
    """The samples as a bare codestream, lossless unless `options` say otherwise."""
    height, width, count = samples.shape
    kind = {"u": "u", "s": "i"}[sign] + ("1" if bits <= 8 else "2")
    raw = samples.transpose(2, 0, 1).astype(f"<{kind}").tobytes()
    form = f"{width},{height},{count},{bits},{sign}{steps}"
    return _compressed(raw, form, options or _LOSSLESS)


def box(kind: bytes, content: bytes) -> bytes:
    """A box."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def enumerated(space: int) -> bytes:
    """A colour box that names an enumerated colour space."""
    return box(b"colr", struct.pack(">BBBI", 1, 0, 0, space))


def jp2(stream: bytes, truth: Truth, colour: bytes, boxes: Boxes = (), *, brand: bytes = b"jp2 ") -> bytes:
    """A file around a codestream."""
    height, width, count = truth.samples.shape
    sign = 0x80 if truth.numbers is Numbers.SIGNED else 0
    header = struct.pack(">IIHBBBB", height, width, count, (truth.bits - 1) | sign, 7, 0, 0)
    head = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", brand + bytes(4) + b"jp2 " + brand)
    return head + box(b"jp2h", box(b"ihdr", header) + colour + b"".join(boxes)) + box(b"jp2c", stream)


def _space(truth: Truth) -> bytes:
    return enumerated(_GREY if truth.colour is Colour.GREY else _SRGB)


def _depths() -> Iterator[Case]:
    for bits in (8, 12, 16):
        for name, truth in (("grey", grey(bits)), ("rgb", rgb(bits))):
            stream = codestream(truth.samples, bits)
            file = jp2(stream, truth, _space(truth))
            chosen = (name, bits) in {("rgb", 8), ("grey", 16)}
            yield Case(_KIND, f"j2-{name}-{bits}.jp2", file, truth, representative=chosen)
            if bits != 12:
                yield Case(_KIND, f"j2-{name}-{bits}-bare.j2k", stream, truth)
    stream = codestream(rgb().samples, 8)
    yield Case(_KIND, "j2-rgb-8-bare.j2c", stream, rgb())
    yield Case(_KIND, "j2-rgb-8.jpx", jp2(stream, rgb(), enumerated(_SRGB), brand=b"jpx "), rgb())
    tiled = codestream(rgb().samples, 8, "-t", "16,16")
    yield Case(_KIND, "j2-rgb-8-tiles.jp2", jp2(tiled, rgb(), enumerated(_SRGB)), rgb())
    lossy = codestream(large().samples, 8, "-r", "8", "-I")
    truth = large(loss=4)
    yield Case(_KIND, "j2-lossy.jp2", jp2(lossy, truth, enumerated(_SRGB)), truth)
    for channels in (1, 3):
        colour = Colour.RGB if channels > 1 else Colour.GREY
        samples = signed(picture(channels), 8)
        truth = Truth(samples=samples, numbers=Numbers.SIGNED, colour=colour)
        file = jp2(codestream(samples, 8, sign="s"), truth, _space(truth))
        yield Case("JPEG 2000, signed", f"j2-signed-{channels}.jp2", file, truth)


def definitions(count: int, kind: int) -> bytes:
    """A channel definition box: colours, then an opacity for all of them."""
    rows = [(number, 0, number + 1) for number in range(count)] + [(count, kind, 0)]
    return box(b"cdef", struct.pack(">H", len(rows)) + b"".join(struct.pack(">HHH", *row) for row in rows))


def _channels() -> Iterator[Case]:
    for kind, extra in ((1, Extra.UNASSOCIATED), (2, Extra.ASSOCIATED)):
        for name, plain in (("grey", grey()), ("rgb", rgb()), ("rgb16", rgb(16))):
            truth = with_extra(plain, (extra,))
            stream = codestream(truth.samples, truth.bits)
            count = plain.samples.shape[2]
            file = jp2(stream, truth, _space(truth), [definitions(count, kind)])
            chosen = name == "rgb"
            yield Case("JPEG 2000, alpha", f"j2-{name}-{extra}.jp2", file, truth, representative=chosen)
    table = np.rint(palette(64) * 255).astype(np.int64)
    chosen_entries = indexes(64)
    colours = box(b"pclr", struct.pack(">HB3B", 64, 3, 7, 7, 7) + table.astype("u1").tobytes())
    mapping = box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, number) for number in range(3)))
    truth = Truth(samples=chosen_entries, palette=table * 257, colour=Colour.RGB)
    stream = codestream(chosen_entries, 8)
    file = jp2(stream, truth, enumerated(_SRGB), [colours, mapping])
    yield Case("JPEG 2000, palette", "j2-palette.jp2", file, truth, representative=True)
    yield from _sycc()


def _sycc() -> Iterator[Case]:
    full = np.rint(rgb_to_ycbcr(0.2 + 0.6 * picture(3)) * 255)
    truth = Truth(samples=full, colour=Colour.YCBCR)
    stream = codestream(full.astype(np.int64), 8, "-r", "1", "-mct", "0")
    file = jp2(stream, truth, enumerated(_SYCC))
    yield Case("JPEG 2000, sYCC", "j2-sycc.jp2", file, truth, representative=True)
    full = ycbcr_picture(2, 2)
    half = full[::2, ::2, 1:]
    raw = (
        np.rint(full[..., 0]).astype("u1").tobytes() + np.rint(half.transpose(2, 0, 1)).astype("u1").tobytes()
    )
    stream = _compressed(raw, "37,23,3,8,u@1x1:2x2:2x2", ("-r", "1", "-mct", "0"))
    meant = Truth(samples=full, colour=Colour.YCBCR, loss=5, shape=Shape.UNCLEAR)
    yield Case("JPEG 2000, sYCC", "j2-sycc-420.jp2", jp2(stream, meant, enumerated(_SYCC)), meant)


def _resolution(kind: bytes) -> bytes:
    """300 dots per inch across, 150 down."""
    return box(b"res ", box(kind, struct.pack(">HHHHbb", 5906, 1, 11811, 1, 0, 0)))


def _labels() -> Iterator[Case]:
    kind = "JPEG 2000, profiles and resolution"
    stream, grey_stream = codestream(rgb().samples, 8), codestream(grey().samples, 8)
    for name, truth in {
        "adobe": rgb(profile=icc.adobe_rgb()),
        "prophoto": rgb(profile=icc.prophoto()),
        "grey": grey(profile=icc.grey_gamma()),
        "rgb-on-grey": grey(profile=icc.srgb()),
        "broken": rgb(profile=bytes(range(200))),
    }.items():
        colour = box(b"colr", b"\2\0\0" + (truth.profile or b""))
        code = grey_stream if truth.colour is Colour.GREY else stream
        yield Case(kind, f"j2-profile-{name}.jp2", jp2(code, truth, colour), truth, name == "adobe")
    for unit in (b"resc", b"resd"):
        truth = rgb(resolution=(300, 150))
        file = jp2(stream, truth, enumerated(_SRGB), [_resolution(unit)])
        yield Case(kind, f"j2-dots-{unit.decode()}.jp2", file, truth, representative=unit == b"resc")


def _broken() -> Iterator[Case]:
    kind, truth = "JPEG 2000, broken", large(shape=Shape.BROKEN)
    stream = codestream(large().samples, 8)
    whole = jp2(stream, truth, enumerated(_SRGB))
    contents = {
        "half.jp2": whole[: len(whole) // 2],
        "most.jp2": whole[: len(whole) * 9 // 10],
        "half-bare.j2k": stream[: len(stream) // 2],
        "half-closed.j2k": stream[: len(stream) // 2] + b"\xff\xd9",
        "head.jp2": whole[:60],
        "no-code.jp2": whole[: whole.index(b"jp2c") - 4],
        "bomb.j2k": stream[:8] + struct.pack(">II", 2**31, 2**31) + stream[16:],
        "zero.j2k": stream[:8] + struct.pack(">II", 0, 0) + stream[16:],
    }
    for name, data in contents.items():
        chosen = name in {"half.jp2", "bomb.j2k"}
        yield Case(kind, f"j2-broken-{name}", data, truth, representative=chosen)
    tail = changed(large(), shape=Shape.UNCLEAR)
    yield Case("JPEG 2000 without its end marker", "j2-no-end.j2k", stream[:-2], tail)
    odd = changed(large(), shape=Shape.ODD)
    yield Case("JPEG 2000, whole against the rules", "j2-tail.jp2", whole + box(b"xml ", b"<a/>"), odd)
