"""Reads presets, has them saved, and fills jobs with them."""

from collections.abc import Sequence

from pydantic_core import from_json, to_json

from taskmanager.messages import RemovePreset, RenamePreset, SavePreset
from taskmanager.model.access import Principal
from taskmanager.model.jobs import JobSpec
from taskmanager.model.user_content.presets import Preset, preset_key
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import (
    INVALID_PARAMETERS,
    INVALID_REQUEST,
    NOT_POSSIBLE,
    FieldError,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.presets.filling import FIELD, filled, filled_if_named, jobs_in, preset_of
from taskmanager_gateway.submissions.chains import AFTER
from taskmanager_gateway.submissions.specification_check import SpecificationCheck
from taskmanager_gateway.submissions.storable import storage_errors

MOST = 500
"""Presets of one user or token, and shared ones."""
_FIELD = b'"preset"'


class PresetService:
    """Every method may raise StoreUnavailableError, and ProblemError for what is not there or not allowed."""

    def __init__(self, reader: JobReader, commanding: CommandService, check: SpecificationCheck) -> None:
        """`check` knows what plugins accept."""
        self._reader, self._commanding, self._check = reader, commanding, check

    async def all(self, who: Principal) -> Sequence[Preset]:
        """One's own and the shared ones, for plugins within reach."""
        found = await from_store(self._reader.presets(who.name))
        return [one for one in found if who.sees(one.plugin)]

    async def find(self, name: str, who: Principal, *, shared: bool | None = None) -> Preset:
        """The preset of that name: one's own before a shared one, unless it is said which."""
        owners = {None: (who.name, None), True: (None,), False: (who.name,)}[shared]
        return preset_of(await self.all(who), name, owners)

    async def save(self, order: SavePreset, author: Author) -> CommandDone | CommandPending:
        """Keep it, if the plugin accepts it as it is today."""
        allow(author.principal, order.plugin)
        await self.require_fit(order, author.principal)
        known = await from_store(self._reader.presets(author.principal.name))
        key = preset_key(order.name, order.owner)
        before = next((one for one in known if one.key == key), None)
        if before is None and sum(one.owner == order.owner for one in known) >= MOST:
            raise ProblemError(NOT_POSSIBLE, problems.TOO_MANY_PRESETS(most=MOST))
        if before is not None and order.replace:
            allow(author.principal, before.plugin)
        return await self._commanding.command(order, author)

    async def require_fit(self, order: SavePreset, who: Principal) -> None:
        """Return if the plugin has the template and accepts the parameters, none of which may be missing."""
        spec = JobSpec(plugin=order.plugin, template=order.template, parameters=order.parameters)
        if errors := storage_errors(spec):
            raise field_problem(INVALID_REQUEST, errors)
        if errors := await self._check.errors_of_choice(spec, who):
            raise field_problem(INVALID_PARAMETERS, errors)

    async def rename(
        self, name: str, new_name: str, *, shared: bool, author: Author
    ) -> CommandDone | CommandPending:
        """Give it another name."""
        one = await self.find(name, author.principal, shared=shared)
        order = RenamePreset(name=one.name, owner=one.owner, plugin=one.plugin, new_name=new_name)
        return await self._commanding.command(order, author)

    async def remove(self, name: str, *, shared: bool, author: Author) -> CommandDone | CommandPending:
        """Forget it."""
        one = await self.find(name, author.principal, shared=shared)
        order = RemovePreset(name=one.name, owner=one.owner, plugin=one.plugin)
        return await self._commanding.command(order, author)

    async def fill(self, body: bytes, who: Principal) -> tuple[bytes, list[str]]:
        """The body of a submission with what its presets say, and their names; most name none.

        A body that is no JSON, or no job or chain of jobs, is returned as it is: whoever reads it says so.
        """
        if _FIELD not in body:
            return body, []
        try:
            document = from_json(body)
        except ValueError:
            return body, []
        jobs = jobs_in(document)
        names = [job[FIELD] for job in jobs if job.get(FIELD) is not None]
        if not names:
            return body, []
        if not all(isinstance(name, str) for name in names):
            raise field_problem(INVALID_REQUEST, [FieldError.of(FIELD, faults.NO_NAME())])
        known = await self.all(who)
        first, *after = [filled_if_named(job, known, who.name) for job in jobs]
        return to_json({**first, AFTER: after} if after else first), names

    async def fill_spec(self, spec: JobSpec, name: str, who: Principal) -> JobSpec:
        """The specification with what the preset says."""
        given = spec.model_dump(include={"plugin", "template", "parameters"})
        made = filled(given, await self.find(name, who))
        return spec.altered(template=made.get("template"), parameters=made["parameters"])
