"""`make books`: the sample books through the whole house, each as one chain from a step of a fake Goobi.

Prints a table for each: seconds, files, bytes, and the characters read wrong where the right text is known.
The first and the last page of each PDF are drawn to `.books`, to be looked at. Exit code 1 if a chain is not
done, a step not closed, or a PDF does not have the pages of its book.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.books.house import Book, chain_of
from tests.books.reading import error_rate
from tests.books.report import complaints, table
from tests.e2e.conftest import System, running_system
from tests.e2e.goobi_steps import settings_file

from taskmanager_testing.goobi import FakeGoobi, RunningGoobi, Step, StepStatus, running_goobi
from taskmanager_testing.goobi.app import book as goobi_process
from taskmanager_testing.goobi.workflow import Workflow
from taskmanager_testing.waiting import eventually

ROOT = Path(__file__).parents[2]
SHOWN = ROOT / ".books"
PLUGINS = ("tiffvalidation", "images", "jp2", "jp2validation", "ocr", "pdf", "epub", "checksums")
CHAIN_SECONDS = 900


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all books, or those named."""
    options = _parser().parse_args(arguments)
    found = sorted(folder.parent for folder in (options.data / "books").glob("*/images"))
    chosen = [folder for folder in found if not options.only or folder.name in options.only]
    if not chosen:
        sys.exit(f"no books in {options.data / 'books'}: name their folder with --data")
    shutil.rmtree(SHOWN, ignore_errors=True)
    SHOWN.mkdir()
    wrong: list[str] = []
    workflow = Workflow(goobi_process(number, ["Conversion"]) for number in range(1, len(chosen) + 1))
    with tempfile.TemporaryDirectory(prefix="tm-books-") as name, running_goobi(FakeGoobi(workflow)) as goobi:
        base = Path(name)
        settings = {"TASKMANAGER_GOOBI": str(settings_file(base, goobi.url))}
        with running_system(base, "--plugins", *PLUGINS, "--slots", "1", settings=settings) as system:
            for number, folder in enumerate(chosen, start=1):
                book = Book(folder.name, Path(shutil.copytree(folder, system.roots / folder.name)))
                wrong += _run(system, goobi, book, number)
    sys.exit("\n".join(wrong) or None)


def _run(system: System, goobi: RunningGoobi, book: Book, number: int) -> Iterator[str]:
    """One book; yields what is wrong."""
    [step] = goobi.goobi.workflow.process(number).steps
    answer = system.submit(**chain_of(book, number, step.id))
    jobs = _ended(system, answer["chain"])
    pages = len(book.pages)
    _say(f"\n## {book.id} {book.title}: {pages} pages\n\n{table(jobs, pages)}\n")
    for line in complaints(jobs):
        _say(line)
    for truth in book.truths:
        rate = error_rate(book.read(truth.stem), truth.read_text(encoding="utf-8"))
        _say(f"- {truth.stem}: {100 * rate:.1f} % of the characters read wrong")
    if any(job["status"] != "DONE" for job in jobs):
        yield f"{book.id}: {', '.join(job['plugin'] for job in jobs if job['status'] != 'DONE')} not done"
        return
    yield from _step_is_closed(book, step)
    yield from _pdf_is_whole(book)


def _ended(system: System, chain: Sequence[str]) -> list[dict[str, Any]]:
    """The jobs once none of them is going to do anything."""

    def settled() -> list[dict[str, Any]] | None:
        jobs = [system.job(job) for job in chain]
        failed = any(job["status"] in {"ERROR", "CANCELLED"} for job in jobs)
        return jobs if failed or all(job["status"] == "DONE" for job in jobs) else None

    return eventually(settled, within_seconds=CHAIN_SECONDS, what="the end of the chain") or []


def _step_is_closed(book: Book, step: Step) -> Iterator[str]:
    eventually(lambda: step.status is StepStatus.DONE, within_seconds=60, what="the end of Goobi's step")
    if step.close_requests != 1:
        yield f"{book.id}: its step was closed {step.close_requests} times"


def _pdf_is_whole(book: Book) -> Iterator[str]:
    """Draw its first and last page; by another program than the one that made it."""
    found = sorted(book.folder.rglob("*.pdf"))
    for pdf in found:
        info = subprocess.run([_program("pdfinfo"), pdf], capture_output=True, text=True, check=True).stdout
        pages = int(next(line for line in info.splitlines() if line.startswith("Pages:")).split()[1])
        if pages != len(book.pages):
            yield f"{book.id}: {pdf.name} has {pages} pages, the book {len(book.pages)}"
        for page in {1, pages}:
            shown = SHOWN / f"{book.id}-{page}"
            span = ("-f", str(page), "-l", str(page), "-r", "72", "-singlefile", "-png")
            subprocess.run([_program("pdftoppm"), *span, pdf, shown], check=True)
    if not found:
        yield f"{book.id}: there is no PDF"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is missing: `make setup` installs it")
    return found


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make books", description=__doc__)
    data = Path(os.environ.get("TASKMANAGER_SAMPLE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=data, help="folder with the folder `books`")
    parser.add_argument("only", nargs="*", help="ids of books (default: all)")
    return parser


if __name__ == "__main__":
    main()
