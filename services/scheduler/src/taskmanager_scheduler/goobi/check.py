"""Checks a configured installation, from name resolution to the answer, and explains what is wrong.

Changes nothing: the calls only read or name a process that does not exist. Only `write` leaves a debug entry
in the log of the given process.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from taskmanager.goobi.installations import Dialect as DialectName
from taskmanager.goobi.installations import Installation
from taskmanager.goobi.secrets import SecretFile, SecretUnreadableError
from taskmanager.model.log_types import LogType
from taskmanager_scheduler.goobi.access import Access
from taskmanager_scheduler.goobi.calls import (
    NOT_FOUND,
    OK,
    REDIRECTS,
    UNAUTHORIZED,
    Answer,
    CloseStep,
    Fate,
    GoobiCall,
    LogEntry,
    described,
    is_page,
)
from taskmanager_scheduler.goobi.core import READING, Core
from taskmanager_scheduler.goobi.telling import dialect_of
from taskmanager_scheduler.goobi.transport import GoobiTransport, UnreachableError
from taskmanager_scheduler.goobi.webapi import EXECUTED, WebApi, title

COMMANDS = ("addToProcessLog", "closeStep", "setErrorStep")
"""Commands that the web API must allow."""
TEXT = "Test of the connection by an operator."


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """The result of one check; `advice` says what to do about it."""

    ok: bool
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class CheckTarget:
    """What to check in Goobi, as far as the operator names it; `write`: leave a debug entry in the log."""

    process_id: int | None = None
    step_id: int | None = None
    write: bool = False


async def findings(installation: Installation, target: CheckTarget) -> AsyncIterator[CheckFinding]:
    """All findings, in order; they end with the first failed check."""
    for steps in (_secrets(installation), _name(installation), _calls(installation, target)):
        async for finding in steps:
            yield finding
            if not finding.ok:
                return


async def _secrets(installation: Installation) -> AsyncIterator[CheckFinding]:
    files = [installation.token_file, installation.api_token_file]
    files.append(installation.jwt.secret_file if installation.jwt else None)
    for file in filter(None, files):
        try:
            SecretFile(file).read()
        except SecretUnreadableError as error:
            yield CheckFinding(ok=False, text=str(error), advice="Let the scheduler's user read it.")
            return
        yield CheckFinding(ok=True, text=f"secret file {file} can be read")


async def _name(installation: Installation) -> AsyncIterator[CheckFinding]:
    host = urlsplit(installation.base).hostname or ""
    family = socket.AF_INET if installation.by_ipv4 else socket.AF_UNSPEC
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, None, family=family, type=socket.SOCK_STREAM
        )
    except socket.gaierror as error:
        only = " to an IPv4 address" if installation.by_ipv4 else ""
        text = f"the name {host!r} cannot be resolved{only}: {error.strerror}"
        yield CheckFinding(ok=False, text=text, advice="Correct url, or the name service of this machine.")
        return
    addresses = ", ".join(sorted({str(one[4][0]) for one in found}))
    yield CheckFinding(ok=True, text=f"{host} is {addresses}")


async def _calls(installation: Installation, target: CheckTarget) -> AsyncIterator[CheckFinding]:
    access = Access(installation)
    transport = GoobiTransport(installation, access)
    try:
        async for finding in _asked(installation, access, transport, target):
            yield finding
    except (UnreachableError, SecretUnreadableError) as error:
        advice = "Is Goobi running, and does a firewall let this machine through?"
        yield CheckFinding(ok=False, text=str(error), advice=advice)
    finally:
        await transport.close()


async def _asked(
    installation: Installation, access: Access, transport: GoobiTransport, target: CheckTarget
) -> AsyncIterator[CheckFinding]:
    finding = await _first_answer(installation, access, transport, target)
    yield finding
    if not finding.ok:
        return
    if target.process_id is not None and target.step_id is not None:
        async for step in _step(installation, transport, target.process_id, target.step_id):
            yield step
    if target.write and target.process_id is not None:
        yield await _written(installation, access, transport, target)


async def _first_answer(
    installation: Installation, access: Access, transport: GoobiTransport, target: CheckTarget
) -> CheckFinding:
    """The answer to a call that changes nothing and comes as close as possible to the calls needed."""
    match installation.dialect:
        case DialectName.WEBAPI:
            return _of_webapi(await transport.send(WebApi(access.password()).help()))
        case DialectName.REST:
            return _of_rest_plugin(await transport.send(GoobiCall("POST", "/api/closestep/0")))
        case DialectName.CORE:
            path = f"/api/process/{target.process_id or 0}/steps"
            return _of_core(await transport.send(GoobiCall("GET", path, READING)), target)


def _of_webapi(answer: Answer) -> CheckFinding:
    if (finding := _of_any(answer)) is not None:
        return finding
    if answer.status == NOT_FOUND:
        advice = "Set useWebApi=true in goobi_config.properties, and see whether url ends before /wi."
        return CheckFinding(
            ok=False, text=f"the web API is off or elsewhere ({described(answer)})", advice=advice
        )
    if EXECUTED not in title(answer.text).lower():
        return CheckFinding(ok=False, text=f"this is no answer of Goobi's web API: {described(answer)}")
    missing = [name for name in COMMANDS if name not in answer.text]
    if missing:
        text = f"the web API answers, but does not know {', '.join(missing)}"
        return CheckFinding(ok=False, text=text, advice="Install goobi-plugin-command-intranda.")
    text = "the web API answers and takes the password"
    return CheckFinding(
        ok=True, text=f"{text}; whether it allows all of {', '.join(COMMANDS)} shows only in use"
    )


def _of_rest_plugin(answer: Answer) -> CheckFinding:
    """There is no step 0, so the answer is the plugin's own error."""
    if (finding := _of_any(answer)) is not None:
        return finding
    if "CloseStepResponse" in answer.text:
        return CheckFinding(ok=True, text="the REST plugin answers and takes our token")
    return _stranger(answer)


def _of_core(answer: Answer, target: CheckTarget) -> CheckFinding:
    if (finding := _of_any(answer)) is not None:
        return finding
    missing = answer.status == NOT_FOUND and not is_page(answer.text)
    if missing and target.process_id is not None:
        text = f"Goobi answers, but knows no process {target.process_id}"
        return CheckFinding(ok=False, text=text, advice="Take the id of a process that exists.")
    if missing:
        text = "the REST interface takes our token; name a process (--process) to see that it is Goobi's"
        return CheckFinding(ok=True, text=text)
    if answer.status == OK and not is_page(answer.text):
        return CheckFinding(ok=True, text="the REST interface answers and takes our token")
    return _stranger(answer)


def _stranger(answer: Answer) -> CheckFinding:
    advice = "See whether url ends before /api and whether dialect is the right one."
    return CheckFinding(ok=False, text=f"this is no answer of Goobi's: {described(answer)}", advice=advice)


def _of_any(answer: Answer) -> CheckFinding | None:
    if answer.status == UNAUTHORIZED:
        advice = (
            "The token, this machine's address or the call is not allowed: see goobi_webapi.xml or "
            "goobi_rest.xml. Behind a proxy Goobi sees the address in x-forwarded-for; the web API takes "
            "IPv4 only."
        )
        return CheckFinding(ok=False, text=f"Goobi refuses access ({described(answer)})", advice=advice)
    if answer.status in REDIRECTS:
        text = f"Goobi redirects to {answer.location}"
        return CheckFinding(
            ok=False, text=text, advice="Redirects are not followed: write that address into url."
        )
    return None


async def _step(
    installation: Installation, transport: GoobiTransport, process_id: int, step_id: int
) -> AsyncIterator[CheckFinding]:
    if installation.dialect is not DialectName.CORE:
        yield CheckFinding(ok=True, text="this dialect cannot read a step: it was not looked at")
        return
    core, task = Core(), CloseStep(process_id, step_id)
    answer = await transport.send(core.look(task) or core.call(task))
    if answer.status != OK:
        text = f"step {step_id} of process {process_id} cannot be read: {described(answer)}"
        yield CheckFinding(ok=False, text=text, advice="Does the step belong to that process?")
        return
    yield CheckFinding(
        ok=True, text=f"step {step_id} of process {process_id} can be read: {described(answer)}"
    )


async def _written(
    installation: Installation, access: Access, transport: GoobiTransport, target: CheckTarget
) -> CheckFinding:
    entry = LogEntry(target.process_id or 0, target.step_id, LogType.DEBUG, installation.author, TEXT)
    dialect = dialect_of(installation, access)
    judgement = dialect.judge(entry, await transport.send(dialect.call(entry)))
    text = f"debug entry in the log of process {target.process_id}: {judgement.words}"
    return CheckFinding(ok=judgement.fate is Fate.DONE, text=text)
