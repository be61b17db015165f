"""A message from an operator to Goobi's users: its text, its destination, and its delivery."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.goobi.installations import Dialect, Installation
from taskmanager.messages import SendMessage
from taskmanager.model.access import Right
from taskmanager.model.log_types import LogType
from taskmanager.model.reasons import refusals
from taskmanager.model.reports import MESSAGE_LIMIT, Report
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow_right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import problems
from taskmanager_gateway.commands.service import Author, CommandPending
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import NOT_POSSIBLE, ProblemError
from taskmanager_gateway.reports.bodies import MessageBody
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, text

router = APIRouter(dependencies=[needs(Right.READ, change=Right.OPERATE)])


class MessageForm(ReasonForm):
    """The message to Goobi's users. A browser sends each line break as two characters."""

    type: LogType = LogType.INFO
    text: Annotated[str, Field(max_length=2 * MESSAGE_LIMIT)] = ""

    def body(self) -> MessageBody:
        """The message as the API takes it; raises RequestValidationError."""
        try:
            return MessageBody(type=self.type, text=self.text.replace("\r\n", "\n"), reason=self.reason)
        except ValidationError as error:
            raise RequestValidationError(
                [{**one, "loc": ("form", *one["loc"])} for one in error.errors()]
            ) from error


@router.get("/ui/jobs/{job_id}/message")
async def ask(request: Request, job_id: str, who: Caller) -> Response:
    """The pop-up, which says where the message goes."""
    allow_right(who, Right.OPERATE)
    services = services_of(request)
    job = await services.finder.find(job_id, who)
    if job.spec.goobi is None:
        raise ProblemError(NOT_POSSIBLE, problems.CANNOT_SEND(refusal=refusals.NOT_OF_GOOBI()), job=job.id)
    known = services.goobi.find(job.spec.goobi.installation)
    context = {
        "job": job,
        "types": _types(known),
        "limit": MESSAGE_LIMIT,
        "installation": services.goobi.name_of(job.spec.goobi.installation),
        "configured": known is not None,
    }
    return fragment(request, "job/message.html", context)


@router.post("/ui/jobs/{job_id}/message")
async def send(request: Request, job_id: str, form: Annotated[MessageForm, Form()], who: Caller) -> Response:
    """Send the message, then show its delivery."""
    order = SendMessage(job=job_id, message=form.body().message)
    result = await services_of(request).commanding.command(order, Author(who, form.reason))
    context = await _delivery(request, job_id, result.command, stored=isinstance(result, CommandPending))
    return fragment(request, "job/message_sent.html", context)


@router.get("/ui/jobs/{job_id}/messages/{command}")
async def show_delivery(request: Request, job_id: str, command: str, who: Caller) -> Response:
    """The state of the message's delivery; its id is that of the command that sent it."""
    await services_of(request).finder.find(job_id, who)
    return fragment(request, "job/delivery.html", await _delivery(request, job_id, command, stored=True))


@router.post("/ui/jobs/{job_id}/reports/{report}/replay")
async def replay(
    request: Request, job_id: str, report: str, form: Annotated[ReasonForm, Form()], who: Caller
) -> Response:
    """Deliver one report from now on; the details stay open."""
    await services_of(request).finder.find(job_id, who)
    result = await services_of(request).reports.replay(report, Author(who, form.reason))
    told = text(request, "The report is delivered again.")
    return command_answer(request, result, told, events=("tm-reports", "tm-job"), close=False)


async def _delivery(request: Request, job_id: str, command: str, *, stored: bool) -> dict[str, object]:
    """`stored`: the broker has it, which is all that is known; a report that is found says more."""
    report = await _report(request, command)
    if report is not None and report.job != job_id:
        report = None
    return {"job_id": job_id, "command": command, "report": report, "stored": stored}


async def _report(request: Request, command: str) -> Report | None:
    if "\0" in command:
        return None
    try:
        return await from_store(services_of(request).reader.report(command))
    except StoreUnavailableError:
        return None


def _types(known: Installation | None) -> list[LogType]:
    """The message types; only Goobi's core interface knows `important`."""
    core = known is not None and known.dialect is Dialect.CORE
    return [one for one in LogType if core or one is not LogType.IMPORTANT]
