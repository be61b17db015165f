"""From a job to Goobi, and to the page of its process here. Pure."""

from dataclasses import dataclass
from urllib.parse import urlencode

from taskmanager.goobi.links import filled
from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.jobs import GoobiReference


@dataclass(frozen=True, slots=True)
class ProcessLinks:
    """Addresses around one process; those in Goobi are None where the settings have no template for them."""

    here: str
    """Its page of the gateway, without scheme and host."""
    process: str | None
    step: str | None

    @classmethod
    def of(cls, reference: GoobiReference, goobi: GoobiSettings) -> "ProcessLinks":
        """The addresses for the process and the step a job refers to."""
        installation = goobi.find(reference.installation)
        return cls(
            here=process_address(reference.process_id, reference.installation, goobi),
            process=filled(installation.process_page, reference) if installation else None,
            step=filled(installation.step_page, reference) if installation else None,
        )


def process_address(process: int, installation: str | None, goobi: GoobiSettings) -> str:
    """The address of the process's page; the default installation is not named."""
    own = goobi.name_of(installation)
    named = {} if own is None or own == goobi.name_of(None) else {"installation": own}
    return f"/processes/{process}" + (f"?{urlencode(named)}" if named else "")
