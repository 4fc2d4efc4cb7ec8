"""CTML: keys that MatchMiner knows, a tree that never says more than the text, notes on all that it leaves out."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml
from clinical import DOCUMENT, EXTRACTION, LINES

from oncogloss.errors import MissingExtraError
from oncogloss.pipeline import Pipeline
from oncogloss.readers import read_path
from oncogloss.schema import Document, Extraction, Logic, Marker
from oncogloss.structure.notation import read_logic
from oncogloss.writers.ctml import _marker as marker_said
from oncogloss.writers.ctml import ctml
from toys import ROOT

CLINICAL = {"oncotree_primary_diagnosis", "age_numerical", "gender", "her2_status", "er_status", "pr_status",
            "tmb_numerical"}  # fmt: skip
GENOMIC = {
    "hugo_symbol", "variant_category", "protein_change", "wildcard_protein_change", "variant_classification", "exon",
    "cnv_call", "wildtype", "mmr_status", "ms_status", "fusion_partner_hugo_symbol",
}  # fmt: skip
CATEGORIES = {"Mutation", "Copy Number Variation", "Structural Variation"}


def check(node: dict[str, Any]) -> None:
    """A node is `and`/`or` of at least two, or one clinical or genomic node of known keys."""
    ((key, inner),) = node.items()
    if key in ("and", "or"):
        assert len(inner) > 1
        for part in inner:
            check(part)
    else:
        assert set(inner) <= {"clinical": CLINICAL, "genomic": GENOMIC}[key] and inner
        assert str(inner.get("variant_category", "Mutation")).lstrip("!") in CATEGORIES


def trial(document: Document = DOCUMENT, extraction: Extraction = EXTRACTION) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(ctml(document, extraction))
    (step,) = found["treatment_list"]["step"]
    for node in step["match"]:
        check(node)
    return found


def tree(logic: str | Logic, side: str = "inc", **mention: Any) -> dict[str, Any] | None:
    """The match tree where the first criterion alone is there, with this logic; `mention` changes the first mention."""
    asked = read_logic(logic) if isinstance(logic, str) else logic
    first = EXTRACTION.criteria[0].model_copy(update={"logic": asked, "side": side})
    mentions = tuple(m.model_copy(update=mention) if m.id == "m1" else m for m in EXTRACTION.mentions)
    changed = {"criteria": (first,), "mentions": mentions, "summary": type(EXTRACTION.summary)()}
    match = trial(DOCUMENT, EXTRACTION.model_copy(update=changed))["treatment_list"]["step"][0]["match"]
    return match[0] if match else None


LUNG = {"clinical": {"oncotree_primary_diagnosis": "Lung Non-Small Cell Carcinoma"}}
KRAS = {"genomic": {"hugo_symbol": "KRAS", "variant_category": "Mutation", "protein_change": "p.G12C"}}


def test_the_trial() -> None:
    found = trial()
    assert (found["nct_id"], found["phase"], found["status"]) == ("NCT99000099", "I/II", "open to accrual")
    assert found["drug_list"] == {"drug": [{"drug_name": "Zorbatinib"}]}
    assert found["oncotree_codes"] == {"Lung Non-Small Cell Carcinoma": "NSCLC"}
    (arm,) = found["treatment_list"]["step"][0]["arm"]
    assert (arm["arm_code"], arm["arm_suspended"]) == ("1", "N")


def test_the_match_tree() -> None:
    (match,) = trial()["treatment_list"]["step"][0]["match"]
    egfr = {"hugo_symbol": "EGFR", "variant_category": "Mutation", "exon": 19, "variant_classification": "In_Frame_Del"}
    assert match["and"] == [
        {"clinical": {"age_numerical": ">=18"}},
        {"clinical": {"age_numerical": "<=80"}},
        {"clinical": {"gender": "Female"}},
        LUNG,
        {"or": [KRAS, {"genomic": egfr}]},
        {"genomic": {**KRAS["genomic"], "protein_change": "!p.G12C"}},
        {"clinical": {"gender": "!Female"}},
    ]


def test_what_the_tree_leaves_out_is_noted() -> None:
    notes = trial()["notes"][1:]
    left = [line for line in LINES[:10] if not any(note.endswith(line) for note in notes)]
    assert left == [LINES[0], LINES[1], LINES[6]]  # said in full
    assert [note.split(" in the")[0] for note in notes if note.endswith(LINES[9])] == [
        "Exclusion criterion only in part"
    ]


def test_the_tree_is_never_narrower_than_the_text() -> None:
    assert tree("(all m1 m8)") == LUNG
    assert tree("(any m1 m8)") is None  # one who has the other alternative may join
    assert tree("(any m1 m8)", side="exc")["clinical"]["oncotree_primary_diagnosis"].startswith("!")
    assert tree("(all m1 m8)", side="exc") is None  # to have one of the two is allowed
    assert tree("m1", attributes=("hist",)) is None
    assert tree("(at-least 1 m1 m2)") == {"or": [LUNG, KRAS]}
    assert tree("(at-least 2 m1 m2)") == {"and": [LUNG, KRAS]}
    assert tree("(at-least 2 m1 m2 m3)") is None
    assert tree("(if m2 m1)")["or"][0]["genomic"]["protein_change"] == "!p.G12C"
    assert tree("(except m1 m2)")["and"][0] == LUNG
    assert tree("(except m1 m6)", side="exc") is None  # one whose ANC is high may have it
    assert tree("m4", side="exc") == {"clinical": {"age_numerical": "<18"}}
    for qualified in (
        Logic(op="fact", mention="m1", qualifiers=("active",)),
        Logic(op="fact", mention="m1", washout=28),
    ):
        assert tree(qualified, side="exc") is None  # one whose disease is not active may join
        assert tree(qualified) == LUNG


@pytest.mark.parametrize(
    ("marker", "node"),
    [
        (Marker(genes=("ERBB2",), state="positive"), {"clinical": {"her2_status": "Positive"}}),
        (Marker(genes=("microsatellite",), state="instability-high"), {"genomic": {"ms_status": "MSI-H"}}),
        (Marker(genes=("TMB",), threshold=">= 10 mut/Mb"), {"clinical": {"tmb_numerical": ">=10"}}),
        (Marker(genes=("BRAF",), state="wild type"), {"genomic": {"hugo_symbol": "BRAF", "wildtype": True}}),
        (
            Marker(genes=("EGFR",), alteration="p.Gly719", state="mutation"),
            {"genomic": {
                "hugo_symbol": "EGFR", "variant_category": "Mutation", "wildcard_protein_change": "p.G719",
            }},
        ),
        (
            Marker(genes=("EML4", "ALK"), state="fusion"),
            {"genomic": {
                "hugo_symbol": "EML4", "variant_category": "Structural Variation",
                "fusion_partner_hugo_symbol": "ALK",
            }},
        ),
        (
            Marker(genes=("MET",), state="amplification"),
            {"genomic": {
                "hugo_symbol": "MET", "variant_category": "Copy Number Variation",
                "cnv_call": "High level amplification",
            }},
        ),
        (Marker(genes=("CD274",), state="positive"), None),
        (Marker(genes=("CD274",), threshold="TPS >= 50 %"), None),
        (Marker(genes=("MET",), alteration="exon 14 skipping", state="skipping"), None),
        (Marker(genes=("BRCA1",), state="germline mutation"), None),
    ],
)  # fmt: skip
def test_markers(marker: Marker, node: dict[str, Any] | None) -> None:
    said = marker_said(marker, negated=False)
    assert said.node == node
    assert said.full == (node is not None)
    if node is not None:
        check(node)


def test_a_marker_of_several_genes() -> None:
    triple = marker_said(Marker(genes=("ERBB2", "ESR1", "PGR"), state="negative"), negated=False)
    assert triple.node is not None and len(triple.node["and"]) == 3
    changes = marker_said(Marker(genes=("BRAF",), alteration="p.Val600Glu/Lys", state="mutation"), negated=False)
    assert changes.node is not None
    assert [node["genomic"]["protein_change"] for node in changes.node["or"]] == ["p.V600E", "p.V600K"]
    either = Marker(genes=("BRCA1", "BRCA2"), state="mutation")
    assert list(marker_said(either, negated=False).node or {}) == ["or"]
    assert list(marker_said(either, negated=True).node or {}) == ["and"]
    assert marker_said(Marker(genes=("ERBB2",), state="positive"), negated=True).node is None


def test_without_pyyaml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"oncogloss\[ctml\]"):
        ctml(DOCUMENT, EXTRACTION)


def test_samples_are_written(shipped: Pipeline) -> None:
    for path in sorted((ROOT / "corpus" / "samples").glob("NCT*.*"))[2::5]:
        for document in read_path(path):
            assert isinstance(document, Document)
            extraction = shipped.extract(document)
            said = trial(document, extraction)
            assert 1 <= len(said["notes"]) <= 1 + len(extraction.criteria)
            assert said["treatment_list"]["step"][0]["match"]
