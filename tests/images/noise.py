"""Noise as a scanner makes it, the same in every run."""

import numpy as np
from PIL import Image

GREY = 128


def noise(size: tuple[int, int], deviation: float) -> Image.Image:
    """Draw a grey picture of normally distributed noise; `Image.effect_noise` differs from run to run."""
    width, height = size
    drawn = np.random.default_rng(1).normal(GREY, deviation, (height, width))
    return Image.fromarray(drawn.round().clip(0, 255).astype(np.uint8))
