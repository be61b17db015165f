"""Fills the names and texts of a template with the values of a job. Pure."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.dropfolder.engine import Extra
from taskmanager_plugin_runner.plugins.dropfolder.parameters import DropFolderParameters
from taskmanager_plugin_runner.plugins.dropfolder.profile import Profile
from taskmanager_plugin_runner.plugins.dropfolder.tickets import Ticket


def title_of(context: JobContext) -> str:
    """The title of the process, or of the job."""
    return context.spec.work_title or "pages"


def folder_places(profile: Profile, parameters: DropFolderParameters) -> dict[str, str]:
    """What may stand in the names of the engine's folders: the template's words for the job's choices.

    Languages and types are validated to be plain words, so a name stays one.
    """
    chosen = parameters.language or profile.language
    languages = [profile.languages.get(one, one).replace("/", "_") for one in chosen]
    return {
        "language": ",".join(languages),
        "font_type": (parameters.font_type or profile.font_type).value,
    }


def result_folder(pattern: str, title: str) -> str:
    """The folder of results below the destination."""
    plain = title.replace("/", "_").replace("\0", "_").lstrip(".") or "pages"
    return pattern.format_map({"process_title": plain})


def extra_of(
    profile: Profile, ticket: Ticket, context: JobContext, places: Mapping[str, str]
) -> Extra | None:
    """The file about a ticket, if the template has one."""
    wanted, goobi = profile.ticket_file, context.spec.goobi
    if wanted is None:
        return None
    files = "".join(wanted.each.format_map({"name": _escaped(one.path.name)}) for one in ticket.pictures)
    values = {
        "ticket": ticket.name,
        "process_title": title_of(context),
        "process_id": str(goobi.process_id) if goobi and goobi.process_id is not None else "",
        "job_id": context.job_id,
        "number": str(len(ticket.pictures)),
        **places,
    }
    text = wanted.text.format_map({**{key: _escaped(value) for key, value in values.items()}, "files": files})
    return Extra(wanted.name.format_map({"ticket": ticket.name}), wanted.place, text)


def _escaped(value: str) -> str:
    """As text or as the value of an attribute in double or single quotes."""
    return escape(value, {'"': "&quot;", "'": "&apos;"})
