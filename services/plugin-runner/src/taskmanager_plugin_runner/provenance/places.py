"""Where the record of a job belongs: the folder of its process, and how its files are named from there."""

from datetime import datetime
from pathlib import Path
from re import sub

from taskmanager.files.mounts import mount_of
from taskmanager.files.roots import Roots
from taskmanager.model.jobs import JobSpec


def process_folder(spec: JobSpec, destination: Path, home: Path, source: Path | None, roots: Roots) -> Path:
    """The folder that has, or gets, the folder `taskmanager`.

    It is the closest one around the destination with the number of the process as its name; else the source,
    if the destination is in it; else the folder of the destination. All of that is so whether the destination
    exists yet or not, so that a second attempt finds the record of the first. Where the folder is outside the
    roots, or on another mount, it is the topmost below it that can be reached by a rename from `home`, which
    has the stage.
    """
    around = [home, *home.parents]
    wanted = _named(spec, destination) or (source if source in {destination, *destination.parents} else None)
    top = next((one for one in (wanted, destination.parent) if one in around), home)
    candidates = reversed(around[: around.index(top) + 1])
    return next(one for one in candidates if one == home or (_inside(one, roots) and _one_mount(one, home)))


def _named(spec: JobSpec, destination: Path) -> Path | None:
    if spec.goobi is None:
        return None
    number = str(spec.goobi.process_id)
    return next((one for one in (destination, *destination.parents) if one.name == number), None)


def _inside(folder: Path, roots: Roots) -> bool:
    return any(folder == root or root in folder.parents for root in roots.folders)


def _one_mount(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev and mount_of(one) == mount_of(other)


def record_name(at: datetime, plugin: str, template: str | None) -> str:
    """`<time>_<template>`, in UTC and with characters that every file system takes."""
    told = sub(r"[^A-Za-z0-9._-]", "-", template or plugin)[:100]
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03}Z_{told}"


def name_from(process: Path, file: Path) -> str:
    """A file as seen from the process folder, or its whole path if it lies elsewhere."""
    return str(file.relative_to(process)) if file.is_relative_to(process) else str(file)
