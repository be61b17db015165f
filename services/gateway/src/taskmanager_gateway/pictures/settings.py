"""How much showing pictures may take."""

from dataclasses import dataclass

from taskmanager_gateway.pictures.reader.orders import Limits


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """How much the pictures may take: reading processes (0: none are shown), orders that wait, bytes kept."""

    processes: int
    waiting: int
    cache_bytes: int
    limits: Limits
