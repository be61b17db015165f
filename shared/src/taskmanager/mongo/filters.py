"""From typed filters to conditions on the documents of jobs; opens no connection."""

from taskmanager.mongo.client import Document
from taskmanager.mongo.documents import term, words
from taskmanager.mongo.migrations import ENDED, WITH_TERMS
from taskmanager.operations import JobFilter, Operation
from taskmanager.queries import JobQuery, Sort
from taskmanager.states import Tab


def job_filter(query: JobQuery) -> Document:
    """The query's filters, from typed fields only."""
    found = _common(query)
    if query.sort is Sort.FINISHED:
        found |= ENDED
    return found


def jobs_meant(chosen: JobFilter) -> Document:
    """The jobs a filter of an operation means.

    A tab of ended jobs is served by an index that holds only those.
    """
    found = _common(chosen)
    if found.get("tab") in {Tab.DONE.value, Tab.ERROR.value}:
        found |= ENDED
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
    """The jobs an operation means: those of its filter that were stored before it was asked for.

    The first entry of a history is always kept, and made when the job is stored.
    """
    return {**jobs_meant(operation.filter), "history.0.at": {"$not": {"$gt": operation.asked.at}}}


def _common(query: JobQuery | JobFilter) -> Document:
    found: Document = {}
    if query.plugins is not None:
        found["plugin"] = {"$in": [name for name in query.plugins if query.plugin in {None, name}]}
    elif query.plugin is not None:
        found["plugin"] = query.plugin
    if query.tab is not None:
        found["tab"] = query.tab.value
    if query.status is not None:
        found["status"] = query.status.value
        found.setdefault("tab", query.status.tab.value)
    if terms := _terms(query):
        found["$and"] = terms
    return found


def _terms(query: JobQuery | JobFilter) -> list[Document]:
    """The index holds only jobs with terms, which a search by the beginning of a word has to say."""
    found: list[Document] = []
    if query.project is not None:
        found.append({"terms": term("project", query.project)})
    if query.process is not None:
        found.append({"terms": term("process", query.process)})
    if query.text:
        beginnings = [{"terms": {"$regex": f"^{word}"}} for word in words([query.text])]
        found += [*beginnings, WITH_TERMS] if beginnings else [{"terms": term("nothing", "")}]
    return found
