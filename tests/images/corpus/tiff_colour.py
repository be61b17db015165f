"""TIFFs whose colours must be computed: CMYK, CIELab, YCbCr, embedded JPEG, profiles; and resolutions."""

import io
from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
from PIL import Image
from tests.images import icc
from tests.images.colours import rgb_to_ycbcr, srgb_to_lab
from tests.images.corpus.make import bilevel, changed, cmyk, fax, grey, rgb, tif
from tests.images.pictures import Array, picture
from tests.images.stored import Layout, directory, tiff
from tests.images.tiff import LONG, RATIONAL, SHORT, Tags, assemble
from tests.images.truth import Case, Colour, Shape, Truth

_BROKEN_PROFILE: Final = bytes(range(200))
_FULL_RANGE: Final = (RATIONAL, [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1])
_VIDEO_RANGE: Final = (RATIONAL, [16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1])
_DECODERS: Final = 1.5


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _cmyk()
    yield from _lab()
    yield from _ycbcr()
    yield from _jpeg_inside()
    yield from _profiles()
    yield from _resolutions()


def _cmyk() -> Iterator[Case]:
    profiles = {"": None, "-table": icc.cmyk_table(), "-rgb": icc.srgb(), "-broken": _BROKEN_PROFILE}
    for bits in (8, 16):
        for tail, profile in profiles.items():
            kind = "TIFF, CMYK with its profile" if tail == "-table" else "TIFF, CMYK"
            name, truth = f"cmyk-{bits}{tail}", cmyk(bits, profile=profile)
            yield tif(kind, name, truth, representative=bits == 8 and tail in {"", "-table"})
            yield tif(kind, f"{name}-planes", truth, Layout(separate=True))
    yield tif("TIFF, CMYK with its profile", "cmyk-8-tiles-mm", cmyk(profile=icc.cmyk_table()), _TILES)


_TILES: Final = Layout(tile=(16, 16), compression=5, order=">")


def lab_samples(bits: int) -> Array:
    """The RGB picture, not too vivid, as stored L* and signed a* and b*."""
    lab = srgb_to_lab(0.25 + 0.5 * picture(3))
    step = 2.0 ** (bits - 8)
    return np.rint(
        np.stack([lab[..., 0] / 100 * (2**bits - 1), lab[..., 1] * step, lab[..., 2] * step], axis=-1)
    ).astype(np.int64)


def _lab() -> Iterator[Case]:
    for bits in (8, 16):
        samples = lab_samples(bits)
        truth = Truth(samples=samples, bits=bits, colour=Colour.LAB)
        name = f"lab-{bits}"
        yield tif("TIFF, CIELab", name, truth, representative=True)
        yield tif("TIFF, CIELab", f"{name}-planes", truth, Layout(separate=True, order=">"))
        yield tif("TIFF, CIELab", f"{name}-profile", changed(truth, profile=icc.srgb()))
        shifted = changed(truth, samples=samples + np.array([0, 2 ** (bits - 1), 2 ** (bits - 1)]))
        data = tiff(shifted, None, {262: (SHORT, [9])})
        yield Case("TIFF, ICCLab", f"icclab-{bits}.tif", data, truth, representative=bits == 8)


def _subsampled(block: Array, across: int, down: int) -> bytes:
    """Data units of a strip: the luminances of a block, then its Cb and Cr (TIFF 6.0, section 21)."""
    height, width = block.shape[:2]
    padded = np.pad(block, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge").astype("u1")
    units = bytearray()
    for top in range(0, padded.shape[0], down):
        for left in range(0, padded.shape[1], across):
            units += padded[top : top + down, left : left + across, 0].tobytes()
            units += padded[top, left, 1:].tobytes()
    return bytes(units)


def ycbcr_picture(across: int, down: int) -> Array:
    """The picture in YCbCr of 0 to 255, its colours equal within each block."""
    full = rgb_to_ycbcr(0.2 + 0.6 * picture(3)) * 255
    for channel in (1, 2):
        coarse = full[::down, ::across, channel]
        full[..., channel] = coarse.repeat(down, 0).repeat(across, 1)[: full.shape[0], : full.shape[1]]
    return full


def _ycbcr() -> Iterator[Case]:
    kind = "TIFF, YCbCr without JPEG"
    for across, down in ((1, 1), (2, 1), (2, 2), (4, 2)):
        full = ycbcr_picture(across, down)
        loss = 0.0 if across == 1 else 4.0
        truth = Truth(samples=np.rint(full).astype(np.int64), colour=Colour.YCBCR, loss=loss)
        encode = partial(_subsampled, across=across, down=down)
        layout = Layout(encode=encode, rows_per_strip=8)
        tags: dict[int, tuple[int, list[int]]] = {530: (SHORT, [across, down])}
        name = f"ycbcr-{across}x{down}"
        yield tif(kind, name, truth, layout, {**tags, 532: _FULL_RANGE}, representative=across == down)
        yield tif(kind, f"{name}-no-range", truth, layout, tags)
        video = full.copy()
        video[..., 0] = 16 + full[..., 0] * 219 / 255
        video[..., 1:] = 128 + (full[..., 1:] - 128) * 112 / 127
        stored = changed(truth, samples=np.rint(video).astype(np.int64))
        data = tiff(stored, layout, {**tags, 532: _VIDEO_RANGE})
        meant = Truth(samples=full, colour=Colour.YCBCR, loss=loss + 1, shape=Shape.UNCLEAR)
        yield Case("TIFF, YCbCr in video range", f"{name}-video.tif", data, meant)


def jpeg_of(block: Array, *, subsampling: str = "4:4:4", keep_rgb: bool = False) -> bytes:
    """A JPEG stream of one strip or tile."""
    pixels = block.astype("u1")
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, subsampling=subsampling, keep_rgb=keep_rgb)
    return file.getvalue()


def _again(block: Array, **options: object) -> Array:
    """What a JPEG of the block decodes to."""
    decoded = np.asarray(Image.open(io.BytesIO(jpeg_of(block, **options))))  # type: ignore[arg-type]
    return decoded.reshape(block.shape).astype(np.int64)


def _decoded(truth: Truth, rows: int, **options: object) -> Truth:
    """The truth of a picture stored as JPEG in strips."""
    parts = [_again(truth.samples[top : top + rows], **options) for top in range(0, 23, rows)]
    return changed(truth, samples=np.concatenate(parts), loss=_DECODERS)


def _jpeg_inside() -> Iterator[Case]:
    kind = "TIFF, JPEG inside"
    ways = {"444": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2)}
    for name, factors in ways.items():
        options = {"subsampling": name if ":" in name else "4:4:4"}
        tags: Tags = {262: (SHORT, [6]), 530: (SHORT, list(factors))}
        encode = partial(jpeg_of, **options)  # type: ignore[arg-type]
        layout = Layout(compression=7, encode=encode, rows_per_strip=16)
        plain = name.replace(":", "")
        data = tiff(rgb(), layout, tags)
        truth = _decoded(rgb(), 16, **options)
        yield Case(kind, f"jpeg-ycbcr-{plain}.tif", data, truth, representative=name != "4:2:2")
        profiled = changed(truth, profile=icc.adobe_rgb())
        data = tiff(rgb(profile=icc.adobe_rgb()), layout, tags)
        yield Case(kind, f"jpeg-ycbcr-{plain}-profile.tif", data, profiled)
    layout = Layout(compression=7, encode=partial(jpeg_of, keep_rgb=True), rows_per_strip=16)
    yield Case(
        kind, "jpeg-rgb.tif", tiff(rgb(), layout), _decoded(rgb(), 16, keep_rgb=True), representative=True
    )
    layout = Layout(compression=7, encode=jpeg_of, rows_per_strip=16)
    yield Case(kind, "jpeg-grey.tif", tiff(grey(), layout), _decoded(grey(), 16))
    yield Case(kind, "jpeg-grey-planes.tif", tiff(rgb(), _planes()), _decoded_planes())
    yield from _by_libtiff()


def _planes() -> Layout:
    return Layout(compression=7, encode=jpeg_of, rows_per_strip=0, separate=True)


def _decoded_planes() -> Truth:
    planes = [_again(rgb().samples[..., [one]]) for one in range(3)]
    return changed(rgb(loss=_DECODERS), samples=np.concatenate(planes, axis=2))


def _by_libtiff() -> Iterator[Case]:
    """Shared JPEG tables, and the old way to put a JPEG into a TIFF."""
    pixels = rgb().samples.astype("u1")
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "TIFF", compression="jpeg", quality=95)
    yield Case("TIFF, JPEG inside", "jpeg-tables.tif", file.getvalue(), rgb(loss=4))
    stream = jpeg_of(rgb().samples, subsampling="4:2:0")
    truth = changed(_decoded(rgb(), 23, subsampling="4:2:0"), shape=Shape.UNCLEAR, loss=8)
    tags: dict[int, tuple[int, list[int]]] = {
        262: (SHORT, [6]),
        530: (SHORT, [2, 2]),
        532: _FULL_RANGE,
        512: (SHORT, [1]),
        513: (LONG, [8]),
        514: (LONG, [len(stream)]),
    }
    page = directory(truth, Layout(compression=6, rows_per_strip=23), tags, [stream])
    yield Case("TIFF, JPEG the old way", "old-jpeg.tif", assemble([page]), truth)


def _profiles() -> Iterator[Case]:
    kind = "TIFF, profiles"
    wide = {"adobe": icc.adobe_rgb(), "prophoto": icc.prophoto(), "srgb": icc.srgb()}
    for name, profile in wide.items():
        yield tif(kind, f"profile-{name}", rgb(profile=profile), representative=name != "srgb")
        yield tif(kind, f"profile-{name}-16", rgb(16, profile=profile))
        yield tif(kind, f"profile-{name}-tiles", rgb(profile=profile), _TILES)
    yield tif(kind, "profile-grey", grey(profile=icc.grey_gamma()), representative=True)
    yield tif(kind, "profile-grey-16", grey(16, profile=icc.grey_gamma()))
    yield tif(kind, "profile-bilevel", bilevel(profile=icc.grey_gamma()))
    yield tif("TIFF, RGB profile with tables", "profile-table", rgb(profile=icc.rgb_table()))
    unfit = "TIFF, profile of another kind or broken"
    yield tif(unfit, "unfit-rgb-on-grey", grey(profile=icc.srgb()), representative=True)
    yield tif(unfit, "unfit-adobe-on-grey", grey(profile=icc.adobe_rgb()))
    yield tif(unfit, "unfit-rgb-on-bilevel", fax(profile=icc.srgb()))
    yield tif(unfit, "unfit-grey-on-rgb", rgb(profile=icc.grey_gamma()), representative=True)
    yield tif(unfit, "unfit-cmyk-on-rgb", rgb(profile=icc.cmyk_table()))
    yield tif(unfit, "unfit-broken-on-rgb", rgb(profile=_BROKEN_PROFILE), representative=True)
    yield tif(unfit, "unfit-broken-on-grey", grey(profile=_BROKEN_PROFILE))
    yield tif(unfit, "unfit-cut-on-rgb", rgb(profile=icc.adobe_rgb()[:300]))


def _resolutions() -> Iterator[Case]:
    kind = "TIFF, resolution"
    for dots in ((300, 300), (600, 600), (72, 72), (600, 300), (299.5, 299.5), (1200, 1200)):
        name = "-".join(f"{value:g}" for value in dots)
        chosen = dots == (600, 300)
        yield tif(kind, f"dots-{name}", rgb(resolution=dots), representative=chosen)
        yield tif(kind, f"dots-{name}-bilevel", bilevel(resolution=dots), Layout(order=">"))
    per_cm = _dots([11811, 100], 3)
    yield tif(kind, "dots-cm", rgb(resolution=(300, 300)), None, per_cm, representative=True)
    yield tif(kind, "dots-fraction", rgb(resolution=(300, 300)), None, _dots([3_000_000, 10_000], 2))
    yield tif(kind, "dots-no-unit", rgb(resolution=(300, 300)), None, {**_dots([300, 1], 2), 296: None})
    yield tif(kind, "dots-unit-none", rgb(), None, _dots([300, 1], 1), representative=True)
    yield tif(kind, "dots-zero", rgb(shape=Shape.ODD), None, _dots([0, 1], 2))
    yield tif(kind, "dots-by-zero", rgb(shape=Shape.ODD), None, _dots([300, 0], 2))


def _dots(value: list[int], unit: int) -> dict[int, tuple[int, list[int]] | None]:
    return {282: (RATIONAL, value), 283: (RATIONAL, value), 296: (SHORT, [unit])}
