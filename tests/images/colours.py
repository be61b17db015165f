"""The arithmetic of colours: what a value means as sRGB. Values go from 0 to 1. Knows no file."""

import io
from typing import Final

import numpy as np
from PIL import Image, ImageCms
from tests.images.pictures import Array

_TO_LINEAR_SRGB: Final = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)
"""From XYZ relative to D50, with Bradford adaptation."""
_D50: Final = np.array([0.96422, 1.0, 0.82521])
_EPSILON, _KAPPA = 216 / 24389, 24389 / 27
_MODES: Final = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}


def from_light(light: Array) -> Array:
    """Linear light as sRGB values (IEC 61966-2-1)."""
    safe = np.clip(light, 0, 1)
    return np.where(safe <= 0.0031308, safe * 12.92, 1.055 * safe ** (1 / 2.4) - 0.055)


def to_light(values: Array) -> Array:
    """SRGB values as linear light."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab_to_srgb(lab: Array) -> Array:
    """CIE L*a*b* (D50) as sRGB."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f**3 > _EPSILON, f**3, (116 * f - 16) / _KAPPA) * _D50
    return from_light(xyz @ _TO_LINEAR_SRGB.T)


def srgb_to_lab(values: Array) -> Array:
    """SRGB as CIE L*a*b* (D50)."""
    ratio = to_light(values) @ np.linalg.inv(_TO_LINEAR_SRGB).T / _D50
    f = np.where(ratio > _EPSILON, np.cbrt(ratio), (_KAPPA * ratio + 16) / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


def ycbcr_to_rgb(ycbcr: Array) -> Array:
    """YCbCr of ITU-R BT.601 in full range, with neutral chroma at 128 of 255."""
    y, cb, cr = (ycbcr[..., 0], ycbcr[..., 1] - 128 / 255, ycbcr[..., 2] - 128 / 255)
    return np.clip(
        np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1), 0, 1
    )


def rgb_to_ycbcr(rgb: Array) -> Array:
    """The inverse of `ycbcr_to_rgb`."""
    y = rgb @ np.array([0.299, 0.587, 0.114])
    return np.stack(
        [y, (rgb[..., 2] - y) / 1.772 + 128 / 255, (rgb[..., 0] - y) / 1.402 + 128 / 255], axis=-1
    )


def cmyk_to_rgb(cmyk: Array) -> Array:
    """Inks as the complement of light: only a rough approximation, since no printer works like that."""
    return (1 - cmyk[..., :3]) * (1 - cmyk[..., 3:4])


def gamma_to_srgb(values: Array, gamma: float) -> Array:
    """What a PNG with this gAMA means: its light is the value to the power of 1 / gamma (PNG, 13.13)."""
    return from_light(np.clip(values, 0, 1) ** (1 / gamma))


def space_of(profile: bytes | None) -> str | None:
    """The colour space a profile is for, or None if LittleCMS cannot work with it."""
    if profile is None:
        return None
    try:
        space = str(ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space)
        through_profile(np.zeros((1, 1, len(space.strip()))), profile, space)
    except (OSError, KeyError, ImageCms.PyCMSError):
        return None
    return space


def through_profile(values: Array, profile: bytes, space: str | None = None) -> Array:
    """Values of a picture as sRGB: relative colorimetric with black point compensation, by LittleCMS."""
    mode = _MODES[space or space_of(profile) or ""]
    whole = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    image = (
        Image.fromarray(whole[..., 0] if mode == "L" else whole, mode=None)
        if mode != "CMYK"
        else _cmyk(whole)
    )
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC,
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    rgb = np.asarray(converted) / 255
    return rgb[..., 1:2] if mode == "L" else rgb


def _cmyk(whole: Array) -> Image.Image:
    return Image.frombytes("CMYK", (whole.shape[1], whole.shape[0]), whole[..., :4].tobytes())
