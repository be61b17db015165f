"""Compares what the jobs themselves recorded with what the system believes. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from tests.soak.evidence import Document, Folder, RunLine, Verdict

from taskmanager.model.states import Status

CLOCK_SLACK = timedelta(seconds=1)
"""Tolerance between the scheduler's estimate of the database's clock and the file system's clock."""
PAGES, SUMMARY = "out/pages", "out/summary.json"


def started_once(lines: Sequence[RunLine]) -> Verdict:
    """Duplicate tickets, grants and messages start nothing twice."""
    verdict = Verdict("I11", "no attempt runs twice, whatever is purged or doubled")
    counts = Counter((line.job, line.attempt) for line in lines if line.what == "start")
    for (job, attempt), count in counts.items():
        verdict.check(count == 1, f"{job} attempt {attempt} was started {count} times")
    return verdict


def started_by_grant(lines: Sequence[RunLine], granted: set[tuple[str, int]]) -> Verdict:
    """Plugin code runs only for a stored grant; a job that was cancelled in the queue has none."""
    verdict = Verdict("I10", "no plugin code runs without a stored grant; cancelled queued jobs never run")
    for line in lines:
        if line.what == "start":
            known = (line.job, line.attempt) in granted
            verdict.check(known, f"{line.job} attempt {line.attempt} ran without a grant")
    return verdict


def alone_outside(lines: Sequence[RunLine], plugin: str) -> Verdict:
    """For a plugin with outside effects: once an attempt has begun, no earlier one shows any sign of life."""
    verdict = Verdict("I2a", "attempts with outside effects never overlap")
    by_job: dict[str, list[RunLine]] = defaultdict(list)
    for line in lines:
        if line.plugin == plugin:
            by_job[line.job].append(line)
    for job, own in by_job.items():
        numbers = [line.attempt for line in own]
        verdict.check(numbers == sorted(numbers), f"{job}: attempts overlap: {numbers}")
    return verdict


def placed(
    jobs: Mapping[str, Document],
    folders: Mapping[str, Folder],
    lost: Mapping[str, Sequence[Document]] = MappingProxyType({}),
) -> tuple[Verdict, Verdict]:
    """The process folder of every job: one complete result, or nothing of it.

    `lost`: job -> its state in an older database; its result of that time is a valid earlier state, too.
    """
    whole = Verdict("I7", "DONE is one complete result of its attempt; else the folder is as it was")
    still = Verdict("I2b", "nothing touches the results after DONE")
    for name, folder in folders.items():
        job = jobs.get(name)
        if job is None or job["status"] != Status.DONE:
            status = job["status"] if job else "not stored"
            former = [{**folder.before, **_results(one, folder)} for one in lost.get(name, ())]
            untouched = folder.after in (folder.before, *former)
            whole.check(untouched, f"{name} ({status}) left {_difference(folder)}")
            continue
        wanted = {**folder.before, **_results(job, folder)}
        whole.check(folder.after == wanted, f"{name}: {_difference(folder, wanted)}")
        late = folder.changed - (job["finished"] + CLOCK_SLACK).timestamp()
        still.check(late <= 0, f"{name}: its results changed {late:.1f} s after it was DONE")
    return whole, still


def _results(job: Document, folder: Folder) -> dict[str, str]:
    made_by = f"{job['_id']}|{job['attempt']}"
    pages = {f"{PAGES}/{stem}.txt": f"{text}|{made_by}\n" for stem, text in folder.sources.items()}
    summary = f'{{"job": "{job["_id"]}", "attempt": {job["attempt"]}, "files": {len(pages)}}}'
    return {**pages, SUMMARY: summary}


def _difference(folder: Folder, wanted: Mapping[str, str] | None = None) -> dict[str, str]:
    """Names that are unexpected, missing, or have different content."""
    expected = folder.before if wanted is None else wanted
    names = sorted({*expected, *folder.after})
    return {
        name: folder.after.get(name, "(missing)")[:80]
        for name in names
        if folder.after.get(name) != expected.get(name)
    }
