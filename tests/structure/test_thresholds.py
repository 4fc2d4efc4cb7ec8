from __future__ import annotations

import re

import pytest
from marked import extraction_of

from oncogloss.pipeline import Pipeline
from oncogloss.readers import read_path
from oncogloss.schema import (
    Concept,
    Criterion,
    Document,
    EntityType,
    Extraction,
    Mention,
    ModelInfo,
    Passage,
    Relation,
    Threshold,
)
from oncogloss.structure.criteria import logic_of
from oncogloss.structure.scope import scopes
from oncogloss.structure.thresholds import thresholds_of
from toys import ROOT

TYPES: dict[str, EntityType] = {
    "M": "MEASURE", "V": "VALUE", "C": "CANCER", "D": "CONDITION", "B": "BIOMARKER", "G": "GENE", "O": "OUTCOME",
    "P": "POPULATION", "T": "TIME", "R": "DRUG_CLASS",
}  # fmt: skip


def read(marked: str, *links: str, **concepts: Concept) -> tuple[Threshold, ...]:
    """Thresholds of a criterion a line; "[M ANC]" marks a measure; mentions are numbered; links "1>2" are HAS_VALUE,
    "1~2" ABBREV_OF."""
    text, mentions, end = "", [], 0
    for n, m in enumerate(re.finditer(r"\[([A-Z]) ([^]]*)\]", marked), 1):
        text += marked[end : m.start()]
        place = {"start": len(text), "end": len(text) + len(m[2])}
        mentions.append(
            Mention(id=str(n), passage="eligibility", text=m[2], type=TYPES[m[1]], score=1,
                    concept=concepts.get(f"m{n}"), **place)
        )  # fmt: skip
        text += m[2]
        end = m.end()
    text += marked[end:]
    relations = []
    for link in links:
        head, sign, tail = re.split("([>~])", link)
        relations.append(Relation(type="HAS_VALUE" if sign == ">" else "ABBREV_OF", head=head, tail=tail, score=1))
    criteria = tuple(
        Criterion(id=f"c{n}", passage="eligibility", start=m.start(), end=m.end(), side="inc", score=1)
        for n, m in enumerate(re.finditer(r"[^\n]+", text), 1)
    )
    passage = Passage(name="eligibility", text=text)
    extraction = Extraction(
        id="x", model=ModelInfo(name="none", version="0", sha256="0"), passages=(), mentions=tuple(mentions),
        relations=tuple(relations), criteria=criteria,
    )  # fmt: skip
    return thresholds_of(Document(id="x", passages=(passage,)), extraction)


def brief(thresholds: tuple[Threshold, ...]) -> list[str]:
    return [
        f"{t.criterion} {t.measure} {t.operator} {t.value:g}{'' if t.high is None else f'..{t.high:g}'} {t.unit}"
        + (f" | {t.condition} | {','.join(t.mentions)}" if t.condition else "")
        for t in thresholds
    ]


def test_a_measure_and_its_value() -> None:
    (t,) = read("Adequate marrow: [M ANC] [V ≥ 1,500/mm3] and more", "1>2")
    assert brief((t,)) == ["c1 ANC >= 1.5 10*9/L"]
    assert (t.text, t.mentions, t.condition) == ("≥ 1,500/mm3", ("1", "2"), None)


def test_the_name_is_the_concepts_and_tells_the_unit() -> None:
    concept = Concept(id="X:1", name="Creatinine", vocabulary="X", score=1)
    assert brief(read("[M SCr] [V ≤ 177 µmol/L]", "1>2", m1=concept)) == ["c1 Creatinine <= 2.00222 mg/dL"]


def test_a_value_shared_by_several_measures_counts_for_each() -> None:
    found = read("[M AST] and [M ALT] [V ≤ 2.5 × ULN]", "1>3", "2>3")
    assert brief(found) == ["c1 AST <= 2.5 ULN", "c1 ALT <= 2.5 ULN"]


def test_a_long_form_and_its_short_form_are_one_measure() -> None:
    text = "[M absolute neutrophil count] ([M ANC]) [V ≥ 1.0 x 10^9/L]"
    assert brief(read(text, "1>3", "2>3", "2~1")) == ["c1 absolute neutrophil count >= 1 10*9/L"]
    assert brief(read(text, "2>3", "2~1")) == ["c1 absolute neutrophil count >= 1 10*9/L"]


def test_two_names_of_one_concept_are_one_measure() -> None:
    concept = Concept(id="X:1", name="AST measurement", vocabulary="X", score=1)
    found = read("[M AST]/[M SGOT] [V < 3 × ULN]", "1>3", "2>3", m1=concept, m2=concept)
    assert brief(found) == ["c1 AST measurement < 3 ULN"]


def test_measures_of_one_list_share_the_value_of_the_last() -> None:
    text = "[M FVC] ([M VC]), [M FEV1] or [M DLCO] [V < 65 %]"
    assert brief(read(text, "4>5", "2~1")) == ["c1 FVC < 65 %", "c1 FEV1 < 65 %", "c1 DLCO < 65 %"]
    assert brief(read("Adequate [M liver function] and [M ALT] [V < 3 × ULN]", "2>3")) == ["c1 ALT < 3 ULN"]


def test_a_value_without_relation_belongs_to_the_measure_just_before_it() -> None:
    text = "[M AST] [V < 3 × ULN]; [M ALT] of [V < 2 × ULN]"
    assert brief(read(text, "1>2")) == ["c1 AST < 3 ULN", "c1 ALT < 2 ULN"]


def test_a_value_without_relation_belongs_to_the_only_measure() -> None:
    assert brief(read("[M Hemoglobin] at last visit [V ≥ 9 g/dL]")) == ["c1 Hemoglobin >= 9 g/dL"]
    assert read("[M Hemoglobin] and [M platelets] [V ≥ 9]") == ()


def test_the_criterion_is_the_measures() -> None:
    assert brief(read("[M Age]\n[V 18 and over]", "1>2")) == ["c1 Age >= 18 a"]


@pytest.mark.parametrize(
    ("marked", "links", "wanted"),
    [
        (
            "[M ALT] [V ≤ 2.5 × ULN] ([V ≤ 5 × ULN] with [C liver metastases])", ("1>2", "1>3"),
            ["c1 ALT <= 2.5 ULN", "c1 ALT <= 5 ULN | with liver metastases | 1,3,4"],
        ),
        (
            "[M ALT] [V ≤ 2.5 × ULN] or, for patients with [C liver metastases], [V ≤ 5 × ULN].", ("1>2", "1>4"),
            ["c1 ALT <= 2.5 ULN", "c1 ALT <= 5 ULN | for patients with liver metastases | 1,4,3"],
        ),
        (
            "[M Bilirubin] [V < 1.5 mg/dL] (in patients with [D Gilbert's syndrome]: [V < 3 mg/dL])", ("1>2", "1>4"),
            ["c1 Bilirubin < 1.5 mg/dL", "c1 Bilirubin < 3 mg/dL | in patients with Gilbert's syndrome | 1,4,3"],
        ),
        (
            "[M Bilirubin] [V < 1.5 mg/dL] unless known [D Gilbert's syndrome]; [M INR] [V < 1.5]", ("1>2", "4>5"),
            ["c1 Bilirubin < 1.5 mg/dL | unless known Gilbert's syndrome | 1,2,3", "c1 INR < 1.5 1"],
        ),
        ("[M INR] [V ≤ 3.0] if taking [R warfarin] daily", ("1>2",),
         ["c1 INR <= 3 1 | if taking warfarin daily | 1,2,3"]),
        ("[M Age] [V ≥ 18 years] with [C melanoma]", ("1>2",), ["c1 Age >= 18 a"]),
        (
            "[M ALT] [V ≤ 2 × ULN], unless [C liver metastases] are known, in which case it must be [V ≤ 5 × ULN]",
            ("1>2", "1>4"),
            ["c1 ALT <= 2 ULN | unless liver metastases are known | 1,2,3",
             "c1 ALT <= 5 ULN | liver metastases are known | 1,4,3"],
        ),
        (
            "[M Bilirubin] [V < 1.5 mg/dL] (except those with [D gout], who can have [M bilirubin] [V < 3 mg/dL])",
            ("1>2", "4>5"),
            ["c1 Bilirubin < 1.5 mg/dL | except those with gout | 1,2,3",
             "c1 bilirubin < 3 mg/dL | those with gout | 4,5,3"],
        ),
        (
            "[M Diameter] [V ≥ 10 mm] except [C nodes] ([M short axis] [V ≥ 15 mm])", ("1>2", "4>5"),
            ["c1 Diameter >= 10 mm | except nodes | 1,2,3", "c1 short axis >= 15 mm | nodes | 4,5,3"],
        ),
        (
            "[M ALT] [V ≤ 2 × ULN] (for patients with [C liver metastases], [M ALT] [V ≤ 5 × ULN])", ("1>2", "4>5"),
            ["c1 ALT <= 2 ULN", "c1 ALT <= 5 ULN | for patients with liver metastases | 4,5,3"],
        ),
        (
            "[M ALT] [V ≤ 3 × ULN] ([V ≤ 5 × ULN] is acceptable if [C liver metastases] are present)", ("1>2", "1>3"),
            ["c1 ALT <= 3 ULN", "c1 ALT <= 5 ULN | if liver metastases are present | 1,3,4"],
        ),
        (
            "[M ALT] [V ≤ 3 × ULN] unless [C liver metastases] are known, in which case [M AST] may be high", ("1>2",),
            ["c1 ALT <= 3 ULN | unless liver metastases are known | 1,2,3"],
        ),
        ("[M Age] [V ≥ 18 years] if the parents agree", ("1>2",), ["c1 Age >= 18 a"]),
    ],
)  # fmt: skip
def test_the_condition_under_which_it_holds(marked: str, links: tuple[str, ...], wanted: list[str]) -> None:
    assert brief(read(marked, *links)) == wanted


@pytest.mark.parametrize(
    ("marked", "links", "wanted"),
    [
        (
            "[M Karnofsky] [V ≥ 50] for patients [V > 16 years of age]", ("1>2",),
            ["c1 Karnofsky >= 50 1 | for patients > 16 years of age | 1,2,3"],
        ),
        ("[M Lansky] [V ≥ 50] ([V < 16 years])", ("1>2",), ["c1 Lansky >= 50 1 | < 16 years | 1,2,3"]),
        (
            "[M FSH] [V > 40 mIU/mL] in [P women] [V < 55 years]", ("1>2", "3>4"),
            ["c1 FSH > 40 [IU]/L | in women < 55 years | 1,2,3,4"],
        ),
        (
            "[M Clearance] [V ≥ 60 mL/min] for those with [M creatinine] levels [V > 1.5 × ULN]", ("1>2", "3>4"),
            ["c1 Clearance >= 60 mL/min | for those with creatinine levels > 1.5 × ULN | 1,2,3,4"],
        ),
        ("[M QTc] [V > 450 ms] in men and [V > 470 ms]", ("1>2", "1>3"), ["c1 QTc > 450 ms", "c1 QTc > 470 ms"]),
    ],
)  # fmt: skip
def test_a_value_that_tells_the_group_of_a_limit(marked: str, links: tuple[str, ...], wanted: list[str]) -> None:
    assert brief(read(marked, *links)) == wanted


@pytest.mark.parametrize(
    ("marked", "values", "wanted"),
    [
        (
            "Patients with [STAGE marrow involvement] must have [MEASURE platelets] [VALUE ≥ 50 x 10^9/L]", ((2, 3),),
            ["c1 platelets >= 50 10*9/L | marrow involvement | 2,3,1"],
        ),
        (
            "Patients [VALUE > 16 years] must have [MEASURE Karnofsky] [VALUE ≥ 50]; patients [VALUE ≤ 16 years] must"
            " have [MEASURE Lansky] [VALUE ≥ 60]", ((2, 3), (5, 6)),
            ["c1 Karnofsky >= 50 1 | > 16 years | 2,3,1", "c1 Lansky >= 60 1 | ≤ 16 years | 5,6,4"],
        ),
        (
            "[POPULATION Women] [VALUE < 50 years] must have a negative [CONDITION pregnancy]", ((1, 2),),
            ["c1 age < 50 a | Women < 50 years | 1,2"],
        ),
        (
            "[POPULATION Women] [VALUE ≥ 18 years] must agree to [CONDITION abstinence]", ((1, 2),),
            ["c1 age >= 18 a"],
        ),
        (
            "Patients with [CANCER moon sarcoma] must have [MEASURE platelets] [VALUE ≥ 50 x 10^9/L]", ((2, 3),),
            ["c1 platelets >= 50 10*9/L"],
        ),
    ],
)  # fmt: skip
def test_limits_of_those_whom_the_tree_asks(
    marked: str, values: tuple[tuple[int, int], ...], wanted: list[str]
) -> None:
    document, extraction = extraction_of(("inc", marked), relations=tuple(("HAS_VALUE", *pair) for pair in values))
    extraction = extraction.model_copy(update={"criteria": logic_of(scopes(document, extraction))})
    assert brief(thresholds_of(document, extraction)) == wanted


def test_marked_steps_of_a_score_are_a_range() -> None:
    (t,) = read("[M ECOG] of [V 0], [V 1], or [V 2]", "1>2", "1>3", "1>4")
    assert brief((t,)) == ["c1 ECOG performance status range 0..2 1"]
    assert t.mentions == ("1", "2", "3", "4")
    two = read("[M dose] [V ≥ 40] to [V ≤ 80 Gy]", "1>2", "1>3")
    assert brief(two) == ["c1 dose range 40..80 Gy"]


def test_two_values_far_apart_stay_two() -> None:
    found = read("[M Lesions] [V ≥ 10 mm] by one method, [V ≥ 20 mm] by another", "1>2", "1>3")
    assert brief(found) == ["c1 Lesions >= 10 mm", "c1 Lesions >= 20 mm"]


def test_a_biomarker_with_its_own_cut_off() -> None:
    assert brief(read("[B PD-L1 TPS ≥ 50%]")) == ["c1 PD-L1 TPS >= 50 %"]
    assert brief(read("[B HER2 IHC 3+]")) == ["c1 HER2 IHC = 3 1"]
    for cut in ("1 to 9", "of 1-9", "between 1 and 9"):
        assert [t.split(" range ")[1] for t in brief(read(f"[B PD-L1 CPS {cut}]"))] == ["1..9 1"]
    assert brief(read("[B Ki-67 index of 10-20%]")) == ["c1 Ki-67 range 10..20 %"]
    assert read("[B PD-L1 positive] or [B CD20+]") == ()


def test_the_other_end_of_a_markers_range() -> None:
    for joint in (" and ", ", but "):
        assert brief(read(f"[B PD-L1 CPS ≥ 1]{joint}[B ≤ 9] by 22C3")) == ["c1 PD-L1 CPS range 1..9 1"]
        opened = read(f"[B PD-L1 CPS ≥ 1]{joint}[B < 10] by 22C3")
        assert brief(opened) == ["c1 PD-L1 CPS >= 1 1", "c1 PD-L1 CPS < 10 1"]
        assert [t.mentions for t in opened] == [("1",), ("1", "2")]
    unmarked = read("[B PD-L1 CPS ≥ 1] and < 10 of cells, [B Ki-67 > 20%]")
    assert brief(unmarked) == ["c1 PD-L1 CPS >= 1 1", "c1 Ki-67 > 20 %"]
    assert brief(read("[B PD-L1 TPS ≥ 1%] or [B CPS ≥ 10]")) == ["c1 PD-L1 TPS >= 1 %", "c1 PD-L1 CPS >= 10 1"]
    assert brief(read("[B PD-L1 TPS ≥ 1%] and [B Ki-67 < 20%]")) == ["c1 PD-L1 TPS >= 1 %", "c1 Ki-67 < 20 %"]
    assert brief(read("[M HbA1c] [V ≥ 6.5%] but [V ≤ 9%]", "1>2", "1>3")) == ["c1 HbA1c range 6.5..9 %"]


def test_grades_ages_of_persons_and_genes() -> None:
    assert brief(read("[D neuropathy] [V grade ≥ 2]", "1>2")) == ["c1 neuropathy >= 2 1"]
    assert brief(read("[P children] [V 2 to 17 years]", "1>2")) == ["c1 age range 2..17 a"]
    assert brief(read("[P women], [V at least 6]", "1>2")) == ["c1 women >= 6 1"]
    assert brief(read("[G CA-125] [V at least twice the ULN]", "1>2")) == ["c1 CA-125 >= 2 ULN"]


def test_what_is_no_threshold() -> None:
    assert read("[O survival] [V ≥ 6 months]", "1>2") == ()
    assert read("[M pregnancy test] [V negative]", "1>2") == ()
    assert read("no chemotherapy [T within 4 weeks]") == ()
    assert read("") == ()


def test_the_samples_end_to_end(shipped: Pipeline) -> None:
    found: list[str] = []
    for path in sorted((ROOT / "corpus" / "samples").glob("NCT*.json"))[:3]:
        (document,) = read_path(path)
        extraction = shipped.extract(document)
        by_id = {m.id: m for m in extraction.mentions}
        thresholds = thresholds_of(document, extraction)
        for t in thresholds:
            assert t.criterion in {c.id for c in extraction.criteria}
            assert set(t.mentions) <= by_id.keys()
        found += brief(thresholds)
    assert len(found) >= 15
    assert any("10*9/L" in line for line in found) and any("ULN" in line for line in found)
    assert any(" a" in line and "18" in line for line in found)


def test_a_value_before_its_measure_is_turned_round() -> None:
    found = read("[V 0.3 mIU/L] ≤ [M TSH] [V ≤ 4.2 mIU/L]\n[V 18] < [M age]", "2>3")
    assert [(t.operator, t.value, t.high) for t in found] == [("range", 0.3, 4.2), (">", 18, None)]


def test_values_of_a_run_share_the_unit_behind_the_last() -> None:
    found = read("[M Serum potassium] [V < 3.5] or [V > 5.5 mmol/L]", "1>2", "1>3")
    assert [(t.operator, t.value, t.unit) for t in found] == [("<", 3.5, "mmol/L"), (">", 5.5, "mmol/L")]
    graded = read("[M neuropathy grade] [V 3] or [V 2 or higher]", "1>2", "1>3")
    assert graded[0].operator == "="


def test_of_persons_a_time_is_the_age() -> None:
    found = read("[P Male] or [P female] [V ≥ 18 years]\n[P women] [V > 2 drinks/day]", "1>3", "2>3", "4>5")
    assert [(t.measure, t.unit) for t in found][:2] == [("age", "a"), ("age", "a")]
    assert all(t.measure != "age" for t in found[2:])


def test_a_gene_beside_the_measure_on_its_span_has_no_comparison_of_its_own() -> None:
    document_text = "PSA ≥ 2 ng/mL"
    mentions = [
        Mention(id=i, passage="e", start=a, end=b, text=document_text[a:b], type=t, score=1)
        for i, a, b, t in (("1", 0, 3, TYPES["G"]), ("2", 0, 3, TYPES["M"]), ("3", 4, 13, TYPES["V"]))
    ]
    extraction = Extraction(
        id="x", model=ModelInfo(name="none", version="0", sha256="0"), passages=(), mentions=tuple(mentions),
        relations=tuple(Relation(type="HAS_VALUE", head=h, tail="3", score=1) for h in "12"),
        criteria=(Criterion(id="c1", passage="e", start=0, end=13, side="inc", score=1),),
    )  # fmt: skip
    found = thresholds_of(Document(id="x", passages=(Passage(name="e", text=document_text),)), extraction)
    assert [t.mentions[0] for t in found] == ["2"]


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        ("Minimum [M platelet count] of [V 100,000/mm3]", ["c1 platelet count >= 100 10*9/L"]),
        ("a maximum serum [M creatinine] of [V 1.5 mg/dL]", ["c1 creatinine <= 1.5 mg/dL"]),
        ("[M Maximum bilirubin] [V 1.5 x ULN]", ["c1 bilirubin <= 1.5 ULN"]),
        ("Minimum [M body weight] [V > 30 kg]", ["c1 body weight > 30 kg"]),
        ("a maximum [M diameter] of [V 3 cm]", []),
        ("[M LVEF] of [V 50%]", []),
        ("[M Hemoglobin] = [V = 9 g/dL]", ["c1 Hemoglobin = 9 g/dL"]),
        ("[D neuropathy] of [V grade 2]", ["c1 neuropathy = 2 1"]),
    ],
)
def test_no_equality_that_the_text_does_not_state(marked: str, wanted: list[str]) -> None:
    assert brief(read(marked, "1>2")) == wanted


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        ("[M Creatinine clearance] at [V > 70 years]", []),
        ("[M FSH] in women [V < 55 years of age]", []),
        ("[M Life expectancy] [V > 3]", []),
        ("[M Life expectancy] [V > 3 months]", ["c1 Life expectancy > 91.3125 d"]),
        ("[M Creatinine] [V <= 5]", []),
        ("[P Adults] [V > 18]", ["c1 age > 18 a"]),
        ("[P women], [V > 6]", ["c1 women > 6 1"]),
    ],
)
def test_a_number_is_one_of_its_measure(marked: str, wanted: list[str]) -> None:
    assert brief(read(marked, "1>2")) == wanted


def test_a_class_of_a_heart_disease_is_no_grade() -> None:
    (t,) = read("NYHA class [V III] or [V IV] [D heart failure]", "3>1", "3>2")
    assert (t.measure, t.operator, t.value, t.high) == ("New York Heart Association classification", "range", 3, 4)
    assert t.mentions[0] == "3"
    assert brief(read("Grade [V 3] [D heart failure]", "2>1")) == ["c1 heart failure = 3 1"]


def test_what_is_normal_and_a_pair_are_two_limits() -> None:
    assert brief(read("[M Calcium] [V within normal limits]", "1>2")) == ["c1 Calcium >= 1 LLN", "c1 Calcium <= 1 ULN"]
    assert brief(read("[M BP] [V < 150/90 mmHg]", "1>2")) == [
        "c1 Systolic Blood Pressure < 150 mm[Hg]", "c1 Diastolic Blood Pressure < 90 mm[Hg]",
    ]  # fmt: skip
    assert brief(read("[M urine protein] [V < 1+]", "1>2")) == ["c1 urine protein by dipstick < 1 1"]


@pytest.mark.parametrize(
    ("marked", "links", "wanted"),
    [
        ("[M INR] [V ≤ 1.5] ([V ≤ 3.0] if on [R warfarin])", ("1>2", "1>3"),
         ["c1 INR <= 1.5 1", "c1 INR <= 3 1 | if on warfarin | 1,3,4"]),
        ("[M ECOG] [V 0-1] ([V 2] if due to [D gout])", ("1>2", "1>3"),
         ["c1 ECOG performance status range 0..1 1", "c1 ECOG performance status = 2 1 | if due to gout | 1,3,4"]),
        ("[M QTc] [V > 450 msec] ([V > 470] with [D gout])", ("1>2", "1>3"),
         ["c1 QTc > 450 ms", "c1 QTc > 470 ms | with gout | 1,3,4"]),
        ("[M ALT] [V ≤ 3 × ULN] ([V 5] if [C liver metastases])", ("1>2", "1>3"),
         ["c1 ALT <= 3 ULN", "c1 ALT <= 5 ULN | if liver metastases | 1,3,4"]),
    ],
)  # fmt: skip
def test_a_second_limit_in_brackets_goes_on_with_the_first(
    marked: str, links: tuple[str, ...], wanted: list[str]
) -> None:
    assert brief(read(marked, *links)) == wanted


@pytest.mark.parametrize(
    ("marked", "wanted", "mentions"),
    [
        ("[M Hemoglobin] [V ≥ 9.0 g/dL] ([V ≥ 5.6 mmol/L])", ["c1 Hemoglobin >= 9 g/dL"], ("1", "2", "3")),
        ("[M Hemoglobin] [V ≥ 9.0 g/dL] or [V ≥ 5.6 mmol/L]", ["c1 Hemoglobin >= 9 g/dL"], ("1", "2", "3")),
        ("[M QTc] [V > 450 msec] or [V > 470 ms]", ["c1 QTc > 450 ms", "c1 QTc > 470 ms"], ("1", "2")),
        ("[M Hemoglobin] [V ≥ 9 g/dL], [V ≥ 8 g/L]", ["c1 Hemoglobin >= 9 g/dL", "c1 Hemoglobin >= 0.8 g/dL"],
         ("1", "2")),
    ],
)  # fmt: skip
def test_one_limit_in_two_units_is_one(marked: str, wanted: list[str], mentions: tuple[str, ...]) -> None:
    found = read(marked, "1>2", "1>3")
    assert brief(found) == wanted and found[0].mentions == mentions


def test_a_comparison_beside_its_value() -> None:
    assert brief(read("[M ECOG] less than [V 2]", "1>2")) == ["c1 ECOG performance status < 2 1"]
    assert brief(read("[M LVEF] [V < 50%] or below [V LLN]", "1>2", "1>3")) == ["c1 LVEF < 50 %", "c1 LVEF < 1 LLN"]
