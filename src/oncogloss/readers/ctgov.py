"""Records of ClinicalTrials.gov: studies of the API v2 (JSON), and the legacy <clinical_study> (XML).

Both give the same passages in the same order. JSON text is the registry's Markdown, kept as it is; XML
text blocks lose the indentation of their element and keep their hard line ends.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, TypeVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from oncogloss.errors import InputError
from oncogloss.readers.passages import Entry, join_entries, join_lines, join_parts, make_document
from oncogloss.schema import PASSAGE_NAMES, Document, Registry

_Kind = TypeVar("_Kind", dict[str, object], list[object], str)


def read_study(study: dict[str, object], source: str) -> Document:
    """Read one parsed study of the API v2.

    Raises InputError if a field is of the wrong kind, the id is missing, or there is no text.
    """
    protocol = _Field(study, "", source)["protocolSection"]
    titles, about = protocol["identificationModule"], protocol["descriptionModule"]
    topics, treatment = protocol["conditionsModule"], protocol["armsInterventionsModule"]
    arms, parts_of_arms = join_entries("arms", map(_arm, treatment["armGroups"].items()))
    interventions, parts_given = join_entries("interventions", map(_intervention, treatment["interventions"].items()))
    outcomes, parts_measured = join_entries("outcomes", _outcomes(protocol["outcomesModule"]))
    texts = (
        titles["briefTitle"].text(),
        titles["officialTitle"].text(),
        about["briefSummary"].text(),
        about["detailedDescription"].text(),
        join_lines(item.text() for item in topics["conditions"].items()),
        join_lines(item.text() for item in topics["keywords"].items()),
        protocol["eligibilityModule"]["eligibilityCriteria"].text(),
        arms,
        interventions,
        outcomes,
    )
    pairs = zip(PASSAGE_NAMES, texts, strict=True)
    parts = [*parts_of_arms, *parts_given, *parts_measured]
    return make_document(titles["nctId"].text(), pairs, source, parts, _registry(protocol))


def _arm(arm: _Field) -> Entry:
    label = arm["label"].text()
    given = tuple(name.text().partition(": ")[2] or name.text() for name in arm["interventionNames"].items())
    return Entry(label, arm["type"].text(), join_parts(label, arm["description"].text()), given)


def _intervention(item: _Field) -> Entry:
    name = item["name"].text()
    other = ", ".join(name.text() for name in item["otherNames"].items())
    return Entry(name, item["type"].text(), join_parts(name, item["description"].text(), other))


def _outcomes(outcomes: _Field) -> Iterator[Entry]:
    for kind in ("primary", "secondary", "other"):
        for item in outcomes[f"{kind}Outcomes"].items():
            measure, when = item["measure"].text(), item["timeFrame"].text()
            yield Entry(measure, kind, join_parts(measure, item["description"].text(), when), time_frame=when)


def _registry(protocol: _Field) -> Registry:
    eligibility, design = protocol["eligibilityModule"], protocol["designModule"]
    return _registry_of(
        sex=eligibility["sex"].text(),
        minimum_age=eligibility["minimumAge"].text(),
        maximum_age=eligibility["maximumAge"].text(),
        phases=[phase.text() for phase in design["phases"].items()],
        status=protocol["statusModule"]["overallStatus"].text(),
        study_type=design["studyType"].text(),
        sponsor=protocol["sponsorCollaboratorsModule"]["leadSponsor"]["name"].text(),
        first_posted=protocol["statusModule"]["studyFirstPostDateStruct"]["date"].text(),
    )


def _registry_of(
    *,
    sex: str,
    minimum_age: str,
    maximum_age: str,
    phases: Iterable[str],
    status: str,
    study_type: str,
    sponsor: str,
    first_posted: str,
) -> Registry:
    """One spelling for what JSON and XML write each in its own way."""
    missing = {"N/A", "NA", "n/a"}
    sex = sex.lower()
    return Registry(
        sex="all" if sex == "both" else sex,
        minimum_age="" if minimum_age in missing else minimum_age,
        maximum_age="" if maximum_age in missing else maximum_age,
        phases=tuple(word for phase in phases if phase not in missing and (word := phase.upper().replace(" ", ""))),
        status="_".join(status.replace(",", "").upper().split()),
        study_type="_".join(study_type.upper().split()),
        sponsor=sponsor,
        first_posted=_date(first_posted),
    )


def _date(words: str) -> str:
    """A date as JSON has it: "March 7, 2003" becomes 2003-03-07."""
    try:
        return datetime.strptime(words, "%B %d, %Y").date().isoformat()
    except ValueError:
        return words


def read_study_xml(text: str, source: str) -> Document:
    """Read the text of one legacy XML record.

    Raises InputError with line and column if the XML is broken or cut, and without reading on if it
    declares a DTD or entities; also if it is no <clinical_study>, the id is missing, or there is no text.
    """
    study = _parse_xml(text, source)
    if study.tag != "clinical_study":
        raise InputError(f"{source}: XML, but no trial; give a record whose outermost element is <clinical_study>.")
    given = study.findall("intervention")
    arms, parts_of_arms = join_entries("arms", (_xml_arm(arm, given) for arm in study.findall("arm_group")))
    interventions, parts_given = join_entries("interventions", map(_xml_intervention, given))
    outcomes, parts_measured = join_entries("outcomes", _xml_outcomes(study))
    texts = (
        _block(study, "brief_title"),
        _block(study, "official_title"),
        _block(study, "brief_summary/textblock"),
        _block(study, "detailed_description/textblock"),
        join_lines(_blocks(study, "condition")),
        join_lines(_blocks(study, "keyword")),
        _block(study, "eligibility/criteria/textblock"),
        arms,
        interventions,
        outcomes,
    )
    parts = [*parts_of_arms, *parts_given, *parts_measured]
    registry = _registry_of(
        sex=_block(study, "eligibility/gender"),
        minimum_age=_block(study, "eligibility/minimum_age"),
        maximum_age=_block(study, "eligibility/maximum_age"),
        phases=_block(study, "phase").split("/"),
        status=_block(study, "overall_status"),
        study_type=_block(study, "study_type"),
        sponsor=_block(study, "sponsors/lead_sponsor/agency"),
        first_posted=_block(study, "study_first_posted"),
    )
    pairs = zip(PASSAGE_NAMES, texts, strict=True)
    return make_document(_block(study, "id_info/nct_id"), pairs, source, parts, registry)


def _xml_arm(arm: Element, interventions: Iterable[Element]) -> Entry:
    label = _block(arm, "arm_group_label")
    given = tuple(_block(i, "intervention_name") for i in interventions if label in _blocks(i, "arm_group_label"))
    return Entry(label, _block(arm, "arm_group_type"), join_parts(label, _block(arm, "description")), given)


def _xml_intervention(item: Element) -> Entry:
    name = _block(item, "intervention_name")
    text = join_parts(name, _block(item, "description"), ", ".join(_blocks(item, "other_name")))
    return Entry(name, _block(item, "intervention_type"), text)


def _xml_outcomes(study: Element) -> Iterator[Entry]:
    for kind in ("primary", "secondary", "other"):
        for item in study.findall(f"{kind}_outcome"):
            measure, when = _block(item, "measure"), _block(item, "time_frame")
            text = join_parts(measure, _block(item, "description"), when)
            yield Entry(measure, kind, text, time_frame=when)


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
