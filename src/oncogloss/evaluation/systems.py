"""What `compare` compares: the contract of a system, those of the house, and those that others plug in.

A package of its own plugs a system in by one class and one line, in the entry-point group `oncogloss.systems`
(name → class); the class is made without arguments. A system that lacks an optional package raises
MissingExtraError, and one whose weights or runtime are not there OncoglossError: the run then says "skipped" and why.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

from oncogloss.errors import OncoglossError, shown
from oncogloss.evaluation.metrics import Facts
from oncogloss.schema import Document
from oncogloss.training.corpora import GoldDocument

GROUP = "oncogloss.systems"


class Size(NamedTuple):
    """How large a system is as it stands, ready to read: learned parameters (0: none), and bytes on disk."""

    parameters: int
    bytes: int


class System(ABC):
    """One way to find mentions. Made anew in each child process of the run, then trained or loaded there."""

    name: str
    steps: tuple[str, ...]  # the preprocessing that it needs, in words
    settings: str = ""  # what was chosen, in words: epochs, penalties, prompt
    curve: bool = False  # is it trained fast enough for a learning curve?
    tokens: tuple[int, int] | None = None  # read and written since `load`, of a language model that counts them
    most: int | None = None  # of the records to be read, as many as it can read in reasonable time; None: all

    def train(self, training: Sequence[GoldDocument], dev: Sequence[GoldDocument], folder: Path) -> None:  # noqa: B027
        """Learn from `training`, choose by `dev`, save into `folder`; a system that learns nothing does nothing."""

    @abstractmethod
    def load(self, folder: Path) -> None:
        """Make ready to read with what `train` saved into `folder`, which is empty where it saved nothing."""

    @abstractmethod
    def extract(self, document: Document) -> Facts:
        """What it finds: entities, and attributes, relations and criteria where it can; after `load`."""

    @abstractmethod
    def size(self, folder: Path) -> Size:
        """How large it is; after `load`."""

    def add_names(
        self, names: Sequence[str], sentences: Sequence[GoldDocument], training: Sequence[GoldDocument], folder: Path
    ) -> int | None:
        """Learn new drugs, in place in `folder`, after `load`: by their names alone, or by annotated sentences of them
        (and of what was learned before, `training`, so that it is not forgotten).

        Returns how many annotated sentences that took, or None where the system has no way to learn them.
        """
        return None


HOUSE = {
    "dictionary": "oncogloss.evaluation.systems_plain:DictionarySystem",
    "crf": "oncogloss.evaluation.systems_taught:CrfSystem",
    "bilstm-crf": "oncogloss.evaluation.systems_taught:LstmSystem",
    "spacy": "oncogloss.evaluation.systems_taught:SpacySystem",
    "nano": "oncogloss.evaluation.systems_plain:Nano",
    "micro": "oncogloss.evaluation.systems_plain:Micro",
    "llm": "oncogloss.evaluation.generative:Llm",
    "endpoint": "oncogloss.evaluation.generative:Endpoint",
}


def system_names() -> list[str]:
    """Names of all systems: those of the house, then those plugged in."""
    return [*HOUSE, *sorted(e.name for e in entry_points(group=GROUP) if e.name not in HOUSE)]


def make_system(name: str) -> System:
    """A new system of that name. Raises OncoglossError where there is none."""
    if name in HOUSE:
        module, _, kind = HOUSE[name].partition(":")
        made: System = getattr(import_module(module), kind)()
        return made
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            plugged: System = entry.load()()
            return plugged
    raise OncoglossError(f"{shown(name)}: no such system; there are {', '.join(system_names())}.")


def folder_bytes(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
