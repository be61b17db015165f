"""From typed filters to conditions on the documents of jobs; opens no connection."""

from taskmanager.model.jobs import PRIORITY_HIGHEST, PRIORITY_LOWEST, TURN_NEXT
from taskmanager.model.operations import JobFilter, Operation
from taskmanager.model.queries import JobConditions, JobQuery, Sort
from taskmanager.model.states import Tab
from taskmanager.mongo.base.client import Document
from taskmanager.mongo.base.documents import ERROR_GROUP, error_word, term, warned, words
from taskmanager.mongo.base.indexes import ENDED, WARNED, WITH_TERMS


def job_filter(query: JobQuery) -> Document:
    """The query's filters, from typed fields only."""
    found = _conditions(query)
    if query.sort is Sort.FINISHED:
        found |= WARNED | {"warned.tab": found["tab"]} if query.warnings else _ended(query)
    if query.sort is Sort.TURN and (query.priority_min, query.priority_max) != (None, None):
        found["turn"] = {"$in": _turns(query)}
    return found


def jobs_meant(chosen: JobFilter) -> Document:
    """The filter for the jobs an operation applies to.

    A tab of ended jobs is served by an index that holds only those.
    """
    found = _conditions(chosen)
    if found.get("tab") in {Tab.DONE.value, Tab.ERROR.value}:
        found |= _ended(chosen)
    return found


def _ended(query: JobConditions) -> Document:
    """The condition with which an index serves ended jobs."""
    after: Document = {} if query.ended_after is None else {"$gt": query.ended_after}
    return {"finished": {**ENDED["finished"], **after}}


def _ranges(chosen: JobConditions) -> Document:
    found: Document = {}
    ranges: dict[str, Document] = {
        "priority": {"$gte": chosen.priority_min, "$lte": chosen.priority_max},
        "created": {"$gt": chosen.created_after, "$lt": chosen.created_before},
        "_id": {"$in": list(chosen.ids) if chosen.ids is not None else None},
    }
    for name, bounds in ranges.items():
        given = {operator: bound for operator, bound in bounds.items() if bound is not None}
        found |= {name: given} if given else {}
    return found


def jobs_of(operation: Operation) -> Document:
    """The jobs an operation applies to: those of its filter that were stored before it was requested.

    The first entry of a history is always kept, and made when the job is stored.
    """
    return {**jobs_meant(operation.filter), "history.0.at": {"$not": {"$gt": operation.asked.at}}}


def _turns(query: JobQuery) -> list[int]:
    """All turns that jobs of these priorities can have, so that the index of turns is read no further."""
    low = PRIORITY_LOWEST if query.priority_min is None else query.priority_min
    high = PRIORITY_HIGHEST if query.priority_max is None else query.priority_max
    return [*range(low, high + 1), TURN_NEXT]


def _conditions(query: JobConditions) -> Document:
    found = _ranges(query)
    if query.plugins is not None:
        found["plugin"] = {"$in": [name for name in query.plugins if query.plugin in {None, name}]}
    elif query.plugin is not None:
        found["plugin"] = query.plugin
    if query.tab is not None:
        found["tab"] = query.tab.value
    if query.status is not None:
        found["status"] = query.status.value
        found.setdefault("tab", query.status.tab.value)
    if query.ended_after is not None:
        found["finished"] = {"$gt": query.ended_after}
    if query.restored:
        found["restored"] = {"$type": "date"}
        found.setdefault("tab", Tab.QUEUE.value)
    if terms := [*_terms(query), *_warned_terms(query)]:
        found["$and"] = terms
    return found


def _warned_terms(query: JobConditions) -> list[Document]:
    """Not for a list by the end of jobs, which has an index of its own."""
    by_finish = isinstance(query, JobQuery) and query.sort is Sort.FINISHED
    return [{"terms": warned(query.plugin)}] if query.warnings and not by_finish else []


def _terms(query: JobConditions) -> list[Document]:
    """The index holds only jobs with terms; a search by the beginning of a word has to say so."""
    found: list[Document] = []
    if query.project is not None:
        found.append({"terms": term("project", query.project)})
    if query.process is not None:
        found.append({"terms": term("process", query.process)})
    if query.error_group is not None:
        found.append({"terms": term(ERROR_GROUP, query.error_group)})
    if query.text:
        found += _beginnings(words([query.text]))
    if query.error_text:
        found += _beginnings([error_word(word) for word in words([query.error_text])])
    return found


def _beginnings(wanted: list[str]) -> list[Document]:
    beginnings: list[Document] = [{"terms": {"$regex": f"^{word}"}} for word in wanted]
    return [*beginnings, WITH_TERMS] if beginnings else [{"terms": term("nothing", "")}]
