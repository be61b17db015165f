"""JPEGs by libjpeg, with markers added, moved or cut by hand (ITU-T T.81)."""

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from PIL import Image
from tests.images import icc
from tests.images.corpus.make import changed, cmyk, grey, large, rgb
from tests.images.corpus.png import XMP, exif
from tests.images.pictures import Array
from tests.images.truth import Case, Shape, Truth

_END: Final = b"\xff\xd9"
_SCAN: Final = b"\xff\xda"
_DECODERS: Final = 1.5


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _kinds()
    yield from _cmyk()
    yield from _labels()
    yield from _odd()
    yield from _broken()


def stream(samples: Array, mode: str | None = None, **options: Any) -> bytes:
    """A JPEG of these samples."""
    pixels = samples.astype("u1")
    if mode == "CMYK":
        image = Image.frombytes("CMYK", (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    else:
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    file = io.BytesIO()
    image.save(file, "JPEG", **{"quality": 95, "subsampling": "4:4:4"} | options)
    return file.getvalue()


def decoded(data: bytes, truth: Truth) -> Truth:
    """The truth as decoded by libjpeg."""
    pixels = np.asarray(Image.open(io.BytesIO(data))).reshape(truth.samples.shape).astype(np.int64)
    return changed(truth, samples=pixels, loss=_DECODERS)


def _kinds() -> Iterator[Case]:
    kinds: dict[str, tuple[Truth, dict[str, Any]]] = {
        "444": (rgb(), {}),
        "422": (rgb(), {"subsampling": "4:2:2"}),
        "420": (rgb(), {"subsampling": "4:2:0"}),
        "grey": (grey(), {}),
        "rgb": (rgb(), {"keep_rgb": True}),
        "progressive": (rgb(), {"progressive": True}),
        "progressive-grey": (grey(), {"progressive": True}),
        "restart": (rgb(), {"restart_marker_rows": 1}),
        "restart-blocks": (rgb(), {"restart_marker_blocks": 2, "subsampling": "4:2:0"}),
        "grey-looking": (changed(rgb(), samples=np.repeat(grey().samples, 3, axis=-1)), {}),
    }
    for name, (truth, options) in kinds.items():
        data = stream(truth.samples, **options)
        chosen = name in {"420", "grey", "rgb", "progressive"}
        yield Case("JPEG", f"jpg-{name}.jpg", data, decoded(data, truth), representative=chosen)
    data = stream(large().samples, subsampling="4:2:0")
    truth = decoded(data, large())
    yield Case("large enough for lossy profiles", "large-jpg.jpg", data, truth, large=True)


def _cmyk() -> Iterator[Case]:
    for name, profile in (("", None), ("-table", icc.cmyk_table()), ("-rgb", icc.srgb())):
        kind = "JPEG, CMYK with its profile" if name == "-table" else "JPEG, CMYK"
        options: dict[str, Any] = {"icc_profile": profile} if profile else {}
        plain = stream(cmyk().samples, "CMYK", **options)
        truth = cmyk(profile=profile, loss=3)
        yield Case(kind, f"jpg-cmyk{name}.jpg", plain, truth, representative=name != "-rgb")
        yield Case(kind, f"jpg-ycck{name}.jpg", _as_ycck(cmyk(), options), truth)


def _as_ycck(truth: Truth, options: dict[str, Any]) -> bytes:
    """The same as YCCK, with Adobe's transform 2.

    A reader turns YCbCr into RGB and that into 255 - RGB, which Adobe's files mean inverted; so the inks
    themselves go into the file as YCbCr. Pillow inverts what it is given, so it is given the opposite.
    """
    inks = truth.samples.astype("u1")
    ycbcr = np.asarray(Image.fromarray(inks[..., :3]).convert("YCbCr"))
    data = stream(np.concatenate([255 - ycbcr, inks[..., 3:]], axis=-1), "CMYK", **options)
    at = data.index(b"Adobe")
    return data[: at + 11] + b"\2" + data[at + 12 :]


def _labels() -> Iterator[Case]:
    kind = "JPEG, orientation and resolution"
    for turn in range(1, 9):
        data = stream(rgb().samples, exif=b"Exif\0\0" + exif(turn))
        truth = decoded(data, rgb(orientation=turn))
        yield Case(kind, f"jpg-turn-{turn}.jpg", data, truth, representative=turn == 6)
    both = stream(rgb().samples, exif=b"Exif\0\0" + exif(6), xmp=XMP)
    yield Case(kind, "jpg-turn-xmp.jpg", both, decoded(both, rgb(orientation=6)))
    only = stream(rgb().samples, xmp=XMP)
    yield Case(kind, "jpg-xmp.jpg", only, decoded(only, rgb()))
    for x, y in ((300, 300), (600, 300), (72, 72)):
        data = stream(rgb().samples, dpi=(x, y))
        truth = decoded(data, rgb(resolution=(x, y)))
        yield Case(kind, f"jpg-dots-{x}-{y}.jpg", data, truth, representative=x == 600)
    data = stream(rgb().samples, dpi=(300, 300))
    at = data.index(b"JFIF\0") + 7
    metric = data[:at] + b"\2\0\x76\0\x76" + data[at + 5 :]
    yield Case(kind, "jpg-dots-cm.jpg", metric, decoded(metric, rgb(resolution=(299.72, 299.72))))
    kind = "JPEG, profiles"
    profiles: dict[str, Truth] = {
        "adobe": rgb(profile=icc.adobe_rgb()),
        "prophoto": rgb(profile=icc.prophoto()),
        "grey": grey(profile=icc.grey_gamma()),
        "rgb-on-grey": grey(profile=icc.srgb()),
        "grey-on-rgb": rgb(profile=icc.grey_gamma()),
        "broken": rgb(profile=bytes(range(200))),
    }
    for name, truth in profiles.items():
        data = stream(truth.samples, icc_profile=truth.profile)
        chosen = name in {"adobe", "rgb-on-grey"}
        yield Case(kind, f"jpg-profile-{name}.jpg", data, decoded(data, truth), representative=chosen)


def _odd() -> Iterator[Case]:
    kind = "JPEG, whole against the rules"
    data = stream(rgb().samples)
    truth = changed(decoded(data, rgb()), shape=Shape.ODD)
    yield Case(kind, "jpg-padding.jpg", data[:-2] + bytes(18) + _END, truth, representative=True)
    yield Case(kind, "jpg-tail.jpg", data + bytes(500), truth, representative=True)
    yield Case(kind, "jpg-comment.jpg", data[:2] + b"\xff\xfe\0\6text" + data[2:], truth)
    yield Case(kind, "jpg-fill-bytes.jpg", data[:2] + b"\xff\xff\xff" + data[2:], truth)
    two = data + stream(changed(rgb(), samples=rgb().samples[::-1]).samples)
    yield Case(kind, "jpg-two.jpg", two, truth)
    no_end = changed(truth, shape=Shape.UNCLEAR)
    yield Case("JPEG without its end marker", "jpg-no-end.jpg", data[:-2], no_end)
    grey_truth = changed(decoded(stream(grey().samples), grey()), shape=Shape.ODD)
    yield Case(kind, "jpg-called.tif", stream(grey().samples), grey_truth)


def _broken() -> Iterator[Case]:
    ways: dict[str, dict[str, Any]] = {"": {}, "-progressive": {"progressive": True}, "-grey": {}}
    for name, options in ways.items():
        plain = grey(shape=Shape.BROKEN) if name == "-grey" else rgb(shape=Shape.BROKEN)
        data = stream(plain.samples, **options)
        scan = data.index(_SCAN)
        middle = (scan + len(data)) // 2
        contents = {
            "half": data[:middle],
            "half-closed": data[:middle] + _END,
            "head": data[: scan + 14],
            "head-closed": data[: scan + 14] + _END,
            "cut-in-tables": data[: scan // 2],
            "bomb": _sized(data, 65535, 65535),
            "zero": _sized(data, 0, 37),
            "higher": _sized(data, 46, 37),
        }
        for what, content in contents.items():
            chosen = what == "half-closed"
            yield Case("JPEG, broken", f"jpg-broken-{what}{name}.jpg", content, plain, representative=chosen)


def _sized(data: bytes, height: int, width: int) -> bytes:
    """The same stream with other sizes in its frame header."""
    at = next(place for place in (data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) if place > 0) + 5
    return data[:at] + height.to_bytes(2) + width.to_bytes(2) + data[at + 4 :]
