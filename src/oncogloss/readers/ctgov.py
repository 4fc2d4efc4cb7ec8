"""Records of ClinicalTrials.gov: studies of the API v2 (JSON), and the legacy <clinical_study> (XML).

Both give the same passages in the same order. JSON text is the registry's Markdown, kept as it is; XML
text blocks lose the indentation of their element and keep their hard line ends.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from oncogloss.errors import InputError
from oncogloss.readers.passages import join_lines, join_parts, make_document
from oncogloss.schema import PASSAGE_NAMES, Document

_Kind = TypeVar("_Kind", dict[str, object], list[object], str)


def read_study(study: dict[str, object], source: str) -> Document:
    """Read one parsed study of the API v2.

    Raises InputError if a field is of the wrong kind, the id is missing, or there is no text.
    """
    protocol = _Field(study, "", source)["protocolSection"]
    titles, about = protocol["identificationModule"], protocol["descriptionModule"]
    topics, treatment = protocol["conditionsModule"], protocol["armsInterventionsModule"]
    outcomes = protocol["outcomesModule"]
    texts = (
        titles["briefTitle"].text(),
        titles["officialTitle"].text(),
        about["briefSummary"].text(),
        about["detailedDescription"].text(),
        join_lines(item.text() for item in topics["conditions"].items()),
        join_lines(item.text() for item in topics["keywords"].items()),
        protocol["eligibilityModule"]["eligibilityCriteria"].text(),
        join_lines(
            join_parts(arm["label"].text(), arm["description"].text()) for arm in treatment["armGroups"].items()
        ),
        join_lines(
            join_parts(
                item["name"].text(),
                item["description"].text(),
                ", ".join(name.text() for name in item["otherNames"].items()),
            )
            for item in treatment["interventions"].items()
        ),
        join_lines(
            join_parts(item["measure"].text(), item["description"].text(), item["timeFrame"].text())
            for kind in ("primaryOutcomes", "secondaryOutcomes", "otherOutcomes")
            for item in outcomes[kind].items()
        ),
    )
    return make_document(titles["nctId"].text(), zip(PASSAGE_NAMES, texts, strict=True), source)


def read_study_xml(text: str, source: str) -> Document:
    """Read the text of one legacy XML record.

    Raises InputError with line and column if the XML is broken or cut, and without reading on if it
    declares a DTD or entities; also if it is no <clinical_study>, the id is missing, or there is no text.
    """
    study = _parse_xml(text, source)
    if study.tag != "clinical_study":
        raise InputError(f"{source}: XML, but no trial; give a record whose outermost element is <clinical_study>.")
    texts = (
        _block(study, "brief_title"),
        _block(study, "official_title"),
        _block(study, "brief_summary/textblock"),
        _block(study, "detailed_description/textblock"),
        join_lines(_blocks(study, "condition")),
        join_lines(_blocks(study, "keyword")),
        _block(study, "eligibility/criteria/textblock"),
        join_lines(
            join_parts(_block(arm, "arm_group_label"), _block(arm, "description")) for arm in study.findall("arm_group")
        ),
        join_lines(
            join_parts(
                _block(item, "intervention_name"),
                _block(item, "description"),
                ", ".join(_blocks(item, "other_name")),
            )
            for item in study.findall("intervention")
        ),
        join_lines(
            join_parts(_block(item, "measure"), _block(item, "description"), _block(item, "time_frame"))
            for kind in ("primary_outcome", "secondary_outcome", "other_outcome")
            for item in study.findall(kind)
        ),
    )
    return make_document(_block(study, "id_info/nct_id"), zip(PASSAGE_NAMES, texts, strict=True), source)


@dataclass(frozen=True)
class _Field:
    """A value inside a study that knows its path, so that an error can name it. Missing equals null."""

    value: object
    path: str
    source: str

    def __getitem__(self, key: str) -> _Field:
        inner = self._of(dict, "an object").get(key)
        return _Field(inner, f"{self.path}.{key}".lstrip("."), self.source)

    def items(self) -> Iterator[_Field]:
        for number, item in enumerate(self._of(list, "a list")):
            yield _Field(item, f"{self.path}[{number}]", self.source)

    def text(self) -> str:
        return self._of(str, "text").replace("\r\n", "\n").strip()

    def _of(self, kind: type[_Kind], words: str) -> _Kind:
        value = kind() if self.value is None else self.value
        if not isinstance(value, kind):
            raise InputError(f"{self.source}: field {self.path or 'study'} must be {words}; mend it or fetch it again.")
        return value


def _parse_xml(text: str, source: str) -> Element:
    """Parse without any of what XML can fetch or multiply: the first sign of a DTD ends the reading."""

    def refuse_doctype(*_: object) -> NoReturn:
        raise InputError(
            f"{source}: declares a document type (DTD), as trial records never do; "
            "give the record itself, as the registry's XML or JSON."
        )

    body = text.lstrip()
    skipped_lines = text.count("\n", 0, len(text) - len(body))
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(body, True)
        return builder.close()
    except expat.ExpatError as error:
        place = f"{source}, line {skipped_lines + error.lineno}, column {error.offset + 1}"
        problem = expat.ErrorString(error.code)
    raise InputError(f"{place}: not well-formed XML ({problem}); fetch or save the whole file again.")


def _blocks(element: Element, path: str) -> list[str]:
    return [inspect.cleandoc("".join(found.itertext()).replace("\r", "")).strip() for found in element.findall(path)]


def _block(element: Element, path: str) -> str:
    return next(iter(_blocks(element, path)), "")
