"""What requests carry and answers bring back, where it is not the schema's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from oncogloss.errors import InputError, unquoted
from oncogloss.readers import read_bytes, strict_json
from oncogloss.readers.passages import check_strings
from oncogloss.schema import Change, Concept, Document, Extraction, Matching, Passage
from oncogloss.service.problems import ProblemError, fields_that_fail

B = TypeVar("B", bound=BaseModel)
BODY = "the body"
Record = dict[str, Any]  # a ClinicalTrials.gov study, or {"id", "passages": {name: text}}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextBody(_Body):
    """Plain text to read, such as one criterion."""

    text: Annotated[str, Field(min_length=1)]
    passage: Annotated[str, Field(min_length=1, max_length=100)] = "text"


class LinkBody(_Body):
    """Names whose concepts are wanted; of one entity type, or of any."""

    names: Annotated[list[Annotated[str, Field(min_length=1, max_length=500)]], Field(min_length=1, max_length=1_000)]
    type: str | None = None


class DiffBody(_Body):
    """Two versions of one trial."""

    old: Record
    new: Record


class MatchBody(_Body):
    """A patient (our own JSON or a FHIR Bundle) and the trials to hold against it."""

    patient: Record
    trials: Annotated[list[Record], Field(min_length=1, max_length=100)]


class Linked(BaseModel):
    """What a name means, by entity type; None where nothing is known."""

    name: str
    concepts: dict[str, Concept] | None


class Changes(BaseModel):
    """What changed between two versions."""

    changes: list[Change]


class Matchings(BaseModel):
    """How a patient stands to each trial. It informs a person and decides nothing."""

    matchings: list[Matching]


class View(BaseModel):
    """A document's text and all that was found in it."""

    document: Document
    extraction: Extraction


class ServedModel(BaseModel):
    """A model that answers here; `served_as` is what `?model=` chooses it by."""

    served_as: str
    name: str
    version: str
    sha256: str
    default: bool


class Served(BaseModel):
    """The models that answer here, the default first, and whether corrections are kept here."""

    models: list[ServedModel]
    reviews: bool


class Health(BaseModel):
    """Is the process alive, or ready?"""

    status: Literal["ok", "loading"]


def parsed(data: bytes, model: type[B]) -> B:
    """A JSON body as `model`. Raises ProblemError 422 that says where it does not fit, without its values."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError(422, f"The body, byte {error.start}: not UTF-8 text.") from None
    try:
        value = strict_json.parse(text, "the body")
        check_strings(value, "the body")
        return model.model_validate(value)
    except InputError as error:
        detail = unquoted(str(error))
    except ValidationError as error:
        detail = fields_that_fail(error)
    raise ProblemError(422, detail)


def documents_of(data: bytes, media_type: str) -> list[Document]:
    """The documents of a body: `{"text": …}`, a record, or a file as it is; all must be readable, and what is called
    JSON must be JSON.

    Raises ProblemError 422 otherwise.
    """
    if text := _text_body(data, strict=media_type == "application/json"):
        return [Document(id="text", passages=(Passage(name=text.passage, text=text.text),))]
    documents = []
    for item in read_bytes(data, BODY):
        if isinstance(item, InputError):
            raise ProblemError(422, unquoted(str(item)))
        documents.append(item if item.id != BODY else item.model_copy(update={"id": "text"}))
    return documents


def _text_body(data: bytes, *, strict: bool) -> TextBody | None:
    """The body as `{"text": …}`; None where it is something else. Raises ProblemError 422 where it is, but does not
    fit, and, if `strict`, where it is no JSON."""
    if not strict and not data.lstrip().startswith(b"{"):
        return None
    try:
        value = strict_json.parse(data.decode("utf-8-sig"), BODY)
    except UnicodeDecodeError:
        return None
    except InputError as error:
        if strict:
            raise ProblemError(422, unquoted(str(error))) from None
        return None
    return parsed(data, TextBody) if isinstance(value, dict) and "text" in value else None


def document_of(record: Record, place: str) -> Document:
    """The one document of a record within a body. Raises ProblemError 422 where it is none."""
    import json

    documents = documents_of(json.dumps(record).encode("utf-8", "surrogatepass"), "record")
    if len(documents) != 1:
        raise ProblemError(422, f"{place}: {len(documents)} records; give one trial.")
    return documents[0]
