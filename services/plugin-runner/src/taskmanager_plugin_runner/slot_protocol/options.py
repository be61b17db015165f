"""What a slot is told once, before its first order."""

import json
from dataclasses import asdict, dataclass, field, replace

from taskmanager_plugin_runner.files.seals import Seal
from taskmanager_plugin_runner.system.processes import processors_of
from taskmanager_plugin_runner.system.slot_users import SlotUser


@dataclass(frozen=True, slots=True)
class SlotOptions:
    """What a slot is told once, in the first line of its socket, since anyone can read a command line."""

    plugin: str
    folder: str
    """The runner's folder in the workspace."""
    roots: str
    upload_mode: str
    parent: int
    """Process id of the runner."""
    nice: int = 0
    """By how much the jobs' nice value is raised, as in nice(1): 0 to 19."""
    processors: tuple[int, ...] = ()
    """The processors its jobs may use; empty: all that the runner may use."""
    paths: str = ""
    """Where the folders of jobs are on this machine, as in the settings."""
    ahead_bytes: int = 1024**3
    """How far the input may be copied ahead of the work; 0: all of it before, and all results after."""
    goobi: str = ""
    """The Goobi settings file if files travel over its files API; empty: over the shared file system."""
    foreign_links: bool = True
    """Whether hard links to other owners' files are accepted as sources."""
    memory_bytes: int | None = None
    """The memory limit of all processes of a job together; None: no limit."""
    slot_user: SlotUser | None = None
    """The user the plugin runs as; None: the runner's own user."""
    provenance: bool = False
    """Whether jobs leave a record of what they did, if their template says nothing about that."""
    group: str = ""
    """The control group to enter; empty: the runner's."""
    journal_key: str = field(default="", repr=False)
    """The key that seals journals in process folders, in hexadecimal digits."""

    @property
    def seal(self) -> Seal:
        """The seal of journals in process folders."""
        return Seal(bytes.fromhex(self.journal_key))

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, text: bytes | str) -> "SlotOptions":
        """Decode what `encode` wrote."""
        raw = json.loads(text)
        user = SlotUser(**raw["slot_user"]) if raw["slot_user"] is not None else None
        return cls(**{**raw, "processors": tuple(raw["processors"]), "slot_user": user})

    def as_user(self, user: SlotUser | None) -> "SlotOptions":
        """The options of a slot whose plugin runs as that user: no files are moved while it works."""
        return self if user is None else replace(self, slot_user=user, ahead_bytes=0)

    def on_processors(self, slot: int, limit: int | None) -> "SlotOptions":
        """The options of one slot: `limit` processors, different from its neighbours' if possible."""
        return replace(self, processors=processors_of(slot, limit))
