"""What the profiles of all validating plugins have. Runs nothing."""

from pydantic import Field

from taskmanager_plugin_runner.plugins.titled import Titled


class ValidationProfile(Titled):
    """The common keys of a profile file; the time limit is for one file."""

    description: str = ""
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)
