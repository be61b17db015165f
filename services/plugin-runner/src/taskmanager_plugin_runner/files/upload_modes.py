"""The ways of `TASKMANAGER_UPLOAD_MODE`; apart from the settings, which a slot does not load."""

from enum import StrEnum


class UploadMode(StrEnum):
    """How a job's input is made available to the plugin."""

    AUTO = "auto"
    """Linked into the workspace if the plugin reads in place and the disk is local, otherwise copied."""
    COPY = "copy"
    IN_PLACE = "in_place"
    """Linked into the workspace wherever a link is possible."""
