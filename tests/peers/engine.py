"""An engine that watches a folder, as those for OCR and JPEG 2000 do: it takes tickets and answers."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

Answering = Callable[["HotFolders", Path], None]


@dataclass
class HotFolders:
    """The folders of an engine, what it has taken, and what it does with a ticket.

    `answering` is called with each ticket, which lies in `work` by then. While `asleep` is set, nothing
    happens.
    """

    root: Path
    answering: Answering
    watched: str = "input"
    asleep: threading.Event = field(default_factory=threading.Event)
    taken: list[tuple[str, list[str]]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        for name in (self.watched, "output", "errors", "control", "work"):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self.root / name

    def look(self) -> None:
        """Take what is complete, one ticket after the other."""
        for folder in sorted(self.path(self.watched).iterdir()):
            if self.asleep.is_set() or folder.name.startswith("_temp_") or not folder.is_dir():
                continue
            at_work = self.path("work") / folder.name
            try:
                folder.rename(at_work)
            except FileNotFoundError:
                continue  # taken back at this moment
            self.taken.append((folder.name, sorted(one.name for one in at_work.iterdir())))
            self.answering(self, at_work)
            if at_work.exists():
                shutil.rmtree(at_work)

    def run(self) -> None:
        """Look again and again until it is stopped."""
        while not self.stopped.wait(0.01):
            self.look()


def xml_and_text(engine: HotFolders, ticket: Path) -> None:
    """Answer with a small XML file and a text for each picture, beside a log."""
    answer = engine.path("output") / ticket.name
    answer.mkdir()
    for picture in sorted(ticket.glob("*.tif")):
        (answer / f"{picture.stem}.xml").write_text(f"<page>{escape(picture.stem)}</page>", encoding="utf-8")
        (answer / f"{picture.stem}.txt").write_text(picture.stem, encoding="utf-8")
    (answer / "engine.log").write_text("done", encoding="utf-8")


@contextmanager
def watching(root: Path, answering: Answering = xml_and_text, watched: str = "input") -> Iterator[HotFolders]:
    """An engine at work in a thread."""
    engine = HotFolders(root, answering, watched)
    thread = threading.Thread(target=engine.run)
    thread.start()
    try:
        yield engine
    finally:
        engine.stopped.set()
        thread.join()
