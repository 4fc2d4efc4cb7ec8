"""Short forms with several senses mean what type and context say; what neither decides has no concept."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncogloss.concepts import Context, link, open_vocabulary
from oncogloss.concepts.short_forms import NONE, Sense, choose, read_senses, spelled_out
from oncogloss.errors import CorpusError
from oncogloss.pipeline import contexts_of, load
from toys import ROOT, make_document

TABLE = ROOT / "vocabulary" / "short_forms.tsv"


def concept_in(type_: str, sentence: str, short: str, record: str = "") -> str | None:
    concept = link(type_, short, None, open_vocabulary(), Context(sentence, sentence.index(short), record))
    return concept.name if concept else None


@pytest.mark.parametrize(
    ("type_", "sentence", "short", "name"),
    [
        ("GENE", "ER positive breast cancer", "ER", "ESR1"),
        ("GENE", "morphine ER tablets 10 mg", "ER", None),
        ("MEASURE", "CLIP score of 3 or less", "CLIP", None),
        ("MEASURE", "expression of CLIP in B cells", "CLIP", "CD74"),
        ("CONDITION", "RA treated with adalimumab", "RA", "rheumatoid arthritis"),
        ("CANCER", "RA with excess blasts, a myelodysplastic syndrome", "RA", "Refractory Anemia"),
        ("CONDITION", "polymyositis or DM with a heliotrope rash", "DM", "dermatomyositis"),
        ("CONDITION", "a history of DM", "DM", "diabetes mellitus"),
        ("CANCER", "PATIENTS MUST MEET ALL CRITERIA", "ALL", None),
        ("CANCER", "relapsed ALL after blinatumomab", "ALL", "Acute Lymphoblastic Leukemia"),
    ],
)
def test_context_decides(type_: str, sentence: str, short: str, name: str | None) -> None:
    assert concept_in(type_, sentence, short) == name


def test_the_record_decides_where_the_sentence_does_not() -> None:
    assert concept_in("CANCER", "adults with PC", "PC") is None, "prostate or pancreas"
    assert concept_in("CANCER", "adults with PC", "PC", "gemcitabine\nCA 19-9") == "Pancreatic Carcinoma"
    assert concept_in("CANCER", "adults with PC", "PC", "enzalutamide\nPSA") == "Prostate Carcinoma"


def test_without_context_or_with_a_long_form_the_table_is_not_asked() -> None:
    vocabulary = open_vocabulary()
    defined = link("CONDITION", "DM", "diabetes mellitus", vocabulary, Context("DM with a heliotrope rash", 0))
    assert defined is not None and defined.name == "diabetes mellitus"
    alone = link("OUTCOME", "PD", None, vocabulary)
    assert alone is not None and alone.name == "progressive disease"


def test_a_short_form_inside_a_longer_mention_is_spelled_out() -> None:
    senses = {"PN": [Sense("CONDITION", "peripheral neuropathy", 1, "numb"), Sense("CANCER", "x", 2, "nf1")]}
    context = Context("sensory PN with numbness", 0)
    assert spelled_out("sensory PN", ("CONDITION",), context, senses) == "sensory peripheral neuropathy"
    assert spelled_out("sensory pn", ("CONDITION",), context, senses) is None


def test_cues_beside_the_mention_weigh_more() -> None:
    tablet, gene = Sense(NONE, "extended-release", 2, "_ tablet"), Sense("GENE", "ESR1", 1, "breast")
    assert choose([tablet, gene], (), ("breast pain: _ tablets",)) is tablet
    assert choose([tablet, gene], ("GENE",), ("nothing", "")) is gene
    assert choose([tablet, gene], ("DRUG",), ("nothing",)) is None


def test_mentions_of_a_document_are_linked_in_their_sentences() -> None:
    text = (
        "Eligibility:\n- Prior treatment of RA with adalimumab or tofacitinib.\n- Low-risk RA with ringed sideroblasts."
    )
    document = make_document(eligibility=text)
    mentions = load().extract(document).mentions
    contexts = list(contexts_of(document, load().read(document).readings, mentions))
    for m, context in zip(mentions, contexts, strict=True):
        assert context.sentence[context.start :].startswith(m.text) and m.text in context.record


def test_the_shipped_table_is_ours_and_names_concepts() -> None:
    vocabulary, senses = open_vocabulary(), read_senses(TABLE)
    assert vocabulary.senses == senses and all(len(of_one) > 1 or of_one[0].type == NONE for of_one in senses.values())
    missing = [
        (short, s.name)
        for short, of_one in senses.items()
        for s in of_one
        if s.type != NONE and not link(s.type, s.name, None, vocabulary)
    ]
    assert not missing


def test_a_line_that_is_no_sense_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short_forms.tsv"
    path.write_text("# comment\nER\tGENE\tESR1\tfirst\tbreast\n")
    with pytest.raises(CorpusError, match="line 2: not `short form"):
        read_senses(path)
