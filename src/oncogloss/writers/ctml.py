"""A trial as CTML, the clinical trial markup language of MatchMiner, in YAML.

The match tree says only what CTML has words for. What it leaves out it leaves open: no patient whom the text admits is
turned away by a part of the tree, and each criterion that the tree does not say in full is listed in `notes`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from oncogloss.errors import MissingExtraError
from oncogloss.limits import are_apart
from oncogloss.schema import Arm, Criterion, Document, Extraction, Logic, Marker, Mention, Summary, Threshold
from oncogloss.writers.criteria import Criteria, is_age, number, one_line, passage_text, sex_of, signed, spelled_out

Json = dict[str, Any]

OPEN = ("RECRUITING", "ENROLLING_BY_INVITATION")
PHASES = {"EARLY_PHASE1": "0", "EARLYPHASE1": "0", "PHASE1": "I", "PHASE2": "II", "PHASE3": "III", "PHASE4": "IV"}
RECEPTORS = {"ERBB2": "her2_status", "ESR1": "er_status", "PGR": "pr_status"}
SIGNATURES = {
    ("microsatellite", "instability-high"): {"ms_status": "MSI-H"},
    ("microsatellite", "stable"): {"ms_status": "MSS"},
    ("mismatch repair", "deficient"): {"mmr_status": "MMR-Deficient"},
    ("mismatch repair", "proficient"): {"mmr_status": "MMR-Proficient"},
}
WIDE = {"OG:solid_tumors": "_SOLID_", "DOID:2531": "_LIQUID_"}  # MatchMiner's words for all of a kind
AGAINST = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
OTHER_DISEASES = frozenset(("second_malignancy", "cns", "comorbidity"))  # not the one the patient is treated for
ACIDS = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*",
}  # fmt: skip
_COPIES = {"variant_category": "Copy Number Variation"}
STATES: dict[str, list[Json]] = {
    "mutation": [{"variant_category": "Mutation"}],
    "somatic mutation": [{"variant_category": "Mutation"}],
    "wild type": [{"wildtype": True}],
    "amplification": [{**_COPIES, "cnv_call": "High level amplification"}],
    "deletion": [{**_COPIES, "cnv_call": "Heterozygous deletion"}, {**_COPIES, "cnv_call": "Homozygous deletion"}],
}
_ACID = "|".join(ACIDS)
_CHANGE = re.compile(rf"(?:p\.)?({_ACID})(\d+)((?:{_ACID})(?:/(?:{_ACID}))*)?")
_EXON = re.compile(r"exon (\d+)(?: (deletion|insertion))?")
_BURDEN = re.compile(r"([<>]=?)\s*(\d+(?:\.\d+)?)\s*mut", re.IGNORECASE)
# which key of a genomic node bears the `!` that turns the whole node round
_TURNED = ("protein_change", "wildcard_protein_change", "ms_status", "mmr_status", "variant_category")


class Said(NamedTuple):
    """A node of the match tree (None: nothing that CTML can say) and whether it says all that was meant."""

    node: Json | None
    full: bool


NOTHING = Said(None, False)


def ctml(document: Document, extraction: Extraction) -> str:
    """A trial as YAML; equal extractions give equal text. Raises MissingExtraError where PyYAML is not installed."""
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("pyyaml", "ctml") from None
    return str(yaml.safe_dump(_trial(document, extraction), sort_keys=False, allow_unicode=True, width=100))


def _trial(document: Document, extraction: Extraction) -> Json:
    tree = _Tree(Criteria(document, extraction))
    match, notes = tree.match(extraction.summary)
    registry, model = document.registry, extraction.model
    identifier = one_line(document.id)
    drugs = dict.fromkeys(name for arm in extraction.arms for name in _drugs(arm, tree.criteria))
    step: Json = {"step_internal_id": 1, "step_code": "1", "step_type": "Registration"}
    step["arm"] = [_arm(i, arm, tree.criteria) for i, arm in enumerate(extraction.arms, 1)]
    trial: Json = {"protocol_no": identifier}
    if re.fullmatch(r"NCT\d{8}", identifier):
        trial["nct_id"] = identifier
    trial |= {
        "long_title": passage_text(document, "official_title", "brief_title"),
        "short_title": passage_text(document, "brief_title", "official_title"),
        "phase": "/".join(PHASES.get(phase, phase) for phase in registry.phases) if registry else "",
        "status": "open to accrual" if registry and registry.status in OPEN else "closed to accrual",
        "drug_list": {"drug": [{"drug_name": name} for name in drugs]},
        "treatment_list": {"step": [{**step, "match": [match] if match else []}]},
        "oncotree_codes": tree.codes,
        "notes": [f"Written by oncogloss (model {model.name} {model.version}); check before use.", *notes],
    }
    return trial


def _drugs(arm: Arm, criteria: Criteria) -> list[str]:
    mentions = [criteria.mentions[treatment.mention] for treatment in arm.treatments]
    return [one_line(m.concept.name if m.concept else m.text) for m in mentions if m.type == "DRUG"]


def _arm(i: int, arm: Arm, criteria: Criteria) -> Json:
    given = [one_line(criteria.mentions[treatment.mention].text) for treatment in arm.treatments]
    words = "; ".join((one_line(arm.label), *given))
    return {
        "arm_code": str(i), "arm_internal_id": i, "arm_description": words, "arm_suspended": "N", "dose_level": [],
    }  # fmt: skip


class _Tree:
    """Builds the match tree; `codes` gathers the OncoTree codes of the diagnoses it names."""

    def __init__(self, criteria: Criteria) -> None:
        self.criteria = criteria
        self.codes: dict[str, str] = {}

    def match(self, summary: Summary) -> tuple[Json | None, list[str]]:
        """(what all criteria together say, notes on those not said in full)."""
        nodes, notes = _fields(summary), []
        for criterion in self.criteria.roots():
            logic = self.criteria.whole(criterion)
            said = NOTHING if logic is None else self._said(signed(logic, negate=criterion.side == "exc"), criterion)
            if said.node is not None and said.node not in nodes:
                nodes.append(said.node)
            if not said.full:
                side = "Inclusion" if criterion.side == "inc" else "Exclusion"
                how = "only in part" if said.node else "not"
                told = f": {self.criteria.words(criterion)}"
                if doubt := self.criteria.doubt(criterion):
                    told = f" ({doubt}): {self.criteria.all_words(criterion)}"
                notes.append(f"{side} criterion {how} in the match tree{told}")
        return _joined("and", nodes), notes

    def _said(self, logic: Logic, criterion: Criterion) -> Said:
        negated = logic.op == "not"
        inner = logic.parts[0] if negated else logic
        if inner.op == "except":
            return self._said(signed(spelled_out(inner), negate=negated), criterion)
        if inner.op == "fact":
            return self._leaf(inner, criterion, negated=negated)
        parts = [self._said(part, criterion) for part in logic.parts]
        nodes = [part.node for part in parts if part.node is not None]
        full = all(part.full for part in parts)
        if logic.op == "all" or logic.n == len(parts):
            return Said(_joined("and", nodes), full)
        if len(nodes) < len(parts) or (logic.op == "at_least" and logic.n != 1):
            return NOTHING
        return Said(_joined("or", nodes), full)

    def _leaf(self, fact: Logic, criterion: Criterion, *, negated: bool) -> Said:
        mention = self.criteria.mentions.get(fact.mention or "")
        if mention is None or "hist" in mention.attributes:
            return NOTHING
        thresholds = self.criteria.thresholds(mention)
        narrowed = bool(self.criteria.qualifiers(mention))
        told = bool(fact.qualifiers or fact.about) or fact.washout is not None
        if ages := [t for t in thresholds if is_age(t)]:
            said = _all_said([_age(t, negated=negated) for t in ages], negated=negated != are_apart(ages))
            sexes = [_gender(mention, negated=negated)] if mention.type == "POPULATION" else []
            return _all_said([*sexes, said], negated=negated)
        if thresholds or (negated and (narrowed or told)):  # who has another of it is not kept out
            return NOTHING
        found = NOTHING
        if mention.type == "CANCER" and not OTHER_DISEASES & set(criterion.categories):
            found = self._diagnosis(mention, negated=negated)
        elif mention.type == "BIOMARKER" and mention.concept and mention.concept.marker:
            found = _marker(mention.concept.marker, negated=negated)
        elif mention.type == "POPULATION":
            found = _gender(mention, negated=negated)
        return Said(found.node, found.full and not narrowed)

    def _diagnosis(self, mention: Mention, *, negated: bool) -> Said:
        concept = mention.concept
        if concept is None or concept.match in ("broader", "alike"):
            return NOTHING
        name, sign = one_line(concept.name), "!" if negated else ""
        if concept.id in WIDE:
            return Said({"clinical": {"oncotree_primary_diagnosis": f"{sign}{WIDE[concept.id]}"}}, True)
        codes = [id_.partition(":")[2] for id_ in (concept.id, *concept.xrefs) if id_.startswith("ONCOTREE:")]
        if not codes:
            return NOTHING
        self.codes[name] = codes[0]
        return Said({"clinical": {"oncotree_primary_diagnosis": sign + name}}, True)


def _joined(word: str, nodes: list[Json]) -> Json | None:
    """The nodes under `and` or `or`, those that are such nodes themselves taken apart; one node as it is."""
    flat = [inner for node in nodes for inner in node.get(word, [node])]
    if len(flat) < 2:
        return flat[0] if flat else None
    return {word: flat}


def _all_said(parts: list[Said], *, negated: bool) -> Said:
    """What holds if all the parts do, or, turned round, if one does not."""
    nodes = [part.node for part in parts if part.node is not None]
    full = len(nodes) == len(parts)
    if negated and not full:
        return NOTHING
    return Said(_joined("or" if negated else "and", nodes), full and all(part.full for part in parts))


def _age(threshold: Threshold, *, negated: bool) -> Said:
    ends = {">=": threshold.value, "<=": threshold.high}
    if threshold.operator != "range":
        ends = {threshold.operator: threshold.value}
    compared = [
        Said({"clinical": {"age_numerical": f"{AGAINST[op] if negated else op}{number(value)}"}}, True)
        if op in AGAINST and value is not None
        else NOTHING
        for op, value in ends.items()
    ]
    return _all_said(compared, negated=negated)


def _gender(mention: Mention, *, negated: bool) -> Said:
    sex = sex_of(mention)
    return Said({"clinical": {"gender": f"{'!' if negated else ''}{sex.capitalize()}"}}, True) if sex else NOTHING


def _fields(summary: Summary) -> list[Json]:
    """The age and sex that the registry's fields and the text ask for together."""
    ends = [f"{op}{number(age)}" for op, age in zip((">=", "<="), summary.age, strict=True) if age is not None]
    sex = [{"gender": summary.sex.capitalize()}] if summary.sex in ("female", "male") else []
    return [{"clinical": fields} for fields in [*({"age_numerical": end} for end in ends), *sex]]


def _marker(marker: Marker, *, negated: bool) -> Said:
    """A biomarker as clinical or genomic nodes: of its genes all where the marker is absent in each, else any."""
    genes, state = marker.genes, marker.state or ""
    if genes == ("TMB",):
        burden = _BURDEN.search(marker.threshold or "")
        op = AGAINST[burden[1]] if burden and negated else burden[1] if burden else ""
        return Said({"clinical": {"tmb_numerical": f"{op}{burden[2]}"}}, True) if burden else NOTHING
    if marker.threshold:
        return NOTHING
    if len(genes) == 1 and (genes[0], state) in SIGNATURES:
        return Said({"genomic": _turned(SIGNATURES[genes[0], state], negated=negated)}, True)
    if state in ("positive", "negative") and set(genes) <= set(RECEPTORS):
        nodes = [{"clinical": {RECEPTORS[gene]: state.capitalize()}} for gene in genes]
        # MatchEngine reads no `!` here, and a patient whose status is unknown is not negative
        return NOTHING if negated else Said(_joined("and" if state == "negative" else "or", nodes), True)
    variants = _variants(marker)
    nodes = [{"genomic": _turned(variant, negated=negated)} for variant in variants]
    absent = (state == "wild type") != negated
    return Said(_joined("and" if absent else "or", nodes), True) if nodes else NOTHING


def _turned(node: Json, *, negated: bool) -> Json:
    """The node, or its contrary."""
    if not negated:
        return dict(node)
    if "wildtype" in node:
        return {**node, "wildtype": not node["wildtype"]}
    key = next(key for key in _TURNED if key in node)
    return {**node, key: f"!{node[key]}"}


def _variants(marker: Marker) -> list[Json]:
    """The alternatives that a marker stands for; none where CTML has no words for it."""
    genes, state = marker.genes, marker.state or ""
    if state in ("germline mutation", "skipping"):
        return []
    if state == "fusion":
        rearranged = [{"hugo_symbol": gene, "variant_category": "Structural Variation"} for gene in genes]
        return [{**rearranged[0], "fusion_partner_hugo_symbol": genes[1]}] if len(genes) == 2 else rearranged
    changes = _changes(marker.alteration) if marker.alteration else STATES.get(state, [])
    return [{"hugo_symbol": gene, **change} for gene in genes for change in changes]


def _changes(alteration: str) -> list[Json]:
    if change := _CHANGE.fullmatch(alteration):
        old, codon, new = change.groups()
        place = f"p.{ACIDS[old]}{codon}"
        if new is None:
            return [{"variant_category": "Mutation", "wildcard_protein_change": place}]
        return [{"variant_category": "Mutation", "protein_change": place + ACIDS[acid]} for acid in new.split("/")]
    if exon := _EXON.fullmatch(alteration):
        kind = {"deletion": "In_Frame_Del", "insertion": "In_Frame_Ins"}.get(exon[2] or "")
        node: Json = {"variant_category": "Mutation", "exon": int(exon[1])}
        return [{**node, "variant_classification": kind} if kind else node]
    return []
