"""The parameters of an upload; `x-titles` in their schema are titles by language."""

from pydantic import Field

from taskmanager.plugin_api import Parameters
from taskmanager.plugin_api.words import words


class UploadParameters(Parameters):
    """What a job may choose; everything else is the operator's, in the target."""

    name: str | None = Field(
        default=None,
        max_length=200,
        title="Name at the target",
        description="of the folder that is made there; without it as the target says",
        json_schema_extra=words(
            de=("Name am Ziel", "des Ordners, der dort angelegt wird; sonst wie im Ziel festgelegt")
        ),
    )
