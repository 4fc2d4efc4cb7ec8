"""Two versions of a trial, or a patient and trials, held against one another: what `diff` and `match` do with files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from oncogloss.concepts import Vocabulary, link, link_id
from oncogloss.errors import InputError, OncoglossError, shown
from oncogloss.pipeline import Pipeline
from oncogloss.readers import read_path
from oncogloss.readers.patients import read_patient
from oncogloss.schema import Change, Document, Matching, Patient
from oncogloss.structure.diff import changes
from oncogloss.structure.entries import Knowledge
from oncogloss.structure.match import match


def diff_records(old: Path, new: Path, pipeline: Pipeline) -> tuple[Change, ...]:
    """What changed between two files of one record each. Raises InputError where a file holds none or several."""
    return changes_between(_only_record(old), _only_record(new), pipeline)


def changes_between(old: Document, new: Document, pipeline: Pipeline) -> tuple[Change, ...]:
    """What changed between two versions of a trial."""
    before, after = ((document, pipeline.extract(document)) for document in (old, new))
    return changes(before, after)


def _only_record(path: Path) -> Document:
    items = list(read_path(path))
    if len(items) != 1:
        raise InputError(f"{shown(str(path))}: {len(items)} records; give a file that holds one trial.")
    if isinstance(items[0], InputError):
        raise items[0]
    return items[0]


def patient_as_of(path: Path) -> Patient:
    """Read a patient; where the file tells no date as of which it holds, it is today's, and `problems` says so."""
    return as_of_today(read_patient(path))


def as_of_today(patient: Patient) -> Patient:
    """The patient, with today's date where it tells none, which `problems` then says."""
    if patient.date:
        return patient
    today = date.today().isoformat()
    told = f"{patient.id}: no date as of which the file holds; today's ({today}) is taken."
    return patient.model_copy(update={"date": today, "problems": (*patient.problems, told)})


def matchings_of(patient: Patient, documents: Iterable[Document], pipeline: Pipeline) -> Iterator[Matching]:
    """A patient held against each trial, read by a pipeline with a vocabulary."""
    if pipeline.vocabulary is None:
        raise OncoglossError("Matching needs a vocabulary; load the model with one.")
    knowledge = knowledge_of(pipeline.vocabulary)
    for document in documents:
        yield match(patient, document, pipeline.extract(document), knowledge)


def knowledge_of(vocabulary: Vocabulary) -> Knowledge:
    """What matching needs of a vocabulary."""
    return Knowledge(
        known=lambda type_, name: link(type_, name, None, vocabulary),
        with_id=lambda id_: link_id(id_, vocabulary),
        kinds=vocabulary.kinds,
    )
