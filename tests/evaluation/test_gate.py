"""The gate: what it lets pass, what it refuses and why, and the mark that force leaves."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.evaluation import gate as module
from oncogloss.evaluation.gate import (
    ALL,
    ENOUGH,
    LEADS,
    OTHERS,
    RELATIONS,
    Gate,
    Probed,
    changes,
    gate,
    mark_card,
    report,
    verdict,
)
from oncogloss.evaluation.metrics import Score
from oncogloss.evaluation.probes import Probe
from oncogloss.model.bundle import CARD, CONFIG, open_bundle, write_sums
from oncogloss.schema import ModelInfo
from oncogloss.training.corpora import GoldDocument, GoldEntity, GoldPassage, GoldRelation

RECORDS = 30
OLD = ModelInfo(name="toy", version="1", sha256="a" * 64)
NEW = ModelInfo(name="toy", version="2", sha256="b" * 64)
PROBE = Probe("p-1", "kind", "text", (("DRUG", "text"),))


def records(right: int, wanted: int = 20, found: int = 20, type_: str = "DRUG") -> list[dict[str, Score]]:
    return [{type_: Score(right, found, wanted)} for _ in range(RECORDS)]


def measured(types: list[object], probes: tuple[Probed, ...] = ()) -> Gate:
    return Gate((OLD, NEW), types, [], (0.01, 0.02), (1.0, 2.0), (20.0, 8.0), list(probes))  # type: ignore[arg-type]


def test_the_same_model_passes() -> None:
    result = measured(changes(records(15), records(15)), (Probed(PROBE, [], []),))
    assert result.refusals == []
    assert "toy 2 (bbbbbbbbbbbb) in place of toy 1 (aaaaaaaaaaaa) **passes**." in report(result)


def test_a_loss_in_every_record_refuses_and_says_how_much() -> None:
    result = measured(changes(records(15), records(14)))
    assert result.refusals == [
        "DRUG loses 5.0 points of F1 (75.0 to 70.0).", "all loses 5.0 points of F1 (75.0 to 70.0).",
    ]  # fmt: skip
    assert "**is refused**" in report(result)
    assert "**is let through by force**" in report(result, forced=True)


def test_half_a_point_may_be_lost_and_a_gain_is_no_loss() -> None:
    half = [{"DRUG": Score(150 - (i % 2), 200, 200)} for i in range(RECORDS)]  # 0.25 points
    assert measured(changes(records(150, 200, 200), half)).refusals == []
    assert measured(changes(records(15), records(16))).refusals == []


def test_a_loss_in_one_record_that_others_make_up_for_is_noise() -> None:
    after = records(16)[:18] + records(13)[:12]  # 18 gain one, 12 lose two: 0.2 a record lost, 1 point
    change = changes(records(15), after)[0]
    assert change.lost == pytest.approx(1.0) and 0.5 < change.falls < 0.9
    assert change.verdict == "within noise" and measured([change]).refusals == []


def test_rare_types_count_together_and_none_escapes() -> None:
    rare = ENOUGH // RECORDS - 1
    before = [a | b for a, b in zip(records(rare, rare, rare, "GENE"), records(rare, rare, rare, "STAGE"), strict=True)]
    after = [a | b for a, b in zip(records(rare, rare, rare, "GENE"), records(4, rare, rare, "STAGE"), strict=True)]
    found = changes(before, after)
    assert [c.name for c in found] == [OTHERS, ALL]
    assert found[0].verdict == "lost"
    each = ENOUGH // RECORDS
    enough = changes(records(each, each, each), records(each, each, each))
    assert [c.name for c in enough] == ["DRUG", ALL]


def test_a_type_that_is_not_found_any_more_is_lost() -> None:
    found = changes(records(20), [{"DRUG": Score(0, 0, 20)} for _ in range(RECORDS)])
    assert found[0].lost == 100 and found[0].verdict == "lost"


def test_a_probe_that_held_and_breaks_refuses_one_that_failed_before_does_not() -> None:
    broken, old, mended = Probed(PROBE, [], ["misses DRUG text"]), Probed(PROBE, ["x"], ["y"]), Probed(PROBE, ["x"], [])
    assert measured([], (broken,)).refusals == ["Probe p-1 held and breaks: misses DRUG text."]
    assert measured([], (old, mended)).refusals == []
    assert "| probes that hold, of 3 | 1 | 1 |" in report(measured([], (broken, old, mended)))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=8))
def test_whatever_the_counts_no_gain_refuses(pairs: list[tuple[int, int]]) -> None:
    before = [{"DRUG": Score(min(p), 20, 200)} for p in pairs]
    after = [{"DRUG": Score(max(p), 20, 200)} for p in pairs]
    assert measured(changes(before, after)).refusals == []


def gold(text: str = "Zorbatinib plus lunamab in moon sarcoma.") -> list[GoldDocument]:
    spots = [("DRUG", "Zorbatinib"), ("DRUG", "lunamab"), ("CANCER", "moon sarcoma")]
    entities = tuple(GoldEntity(t, text.index(w), text.index(w) + len(w)) for t, w in spots)  # type: ignore[arg-type]
    return [GoldDocument(f"d{i}", (GoldPassage("summary", text, entities),)) for i in range(3)]


def test_two_bundles_are_measured_and_force_marks_the_card(bundle: Path, tmp_path: Path) -> None:
    result = gate(bundle, bundle, gold(), [PROBE], ["xylotinib"], ["BMS-1", "neumab"])
    assert result.refusals == [] and result.megabytes[0] == result.megabytes[1] > 0
    assert [c.name for c in result.names] == ["drugs never taught", "new drugs"]
    assert [c.before.wanted for c in result.names] == [6 * len(LEADS)] * 2
    assert result.calibration[0] == result.calibration[1]
    marked = Path(shutil.copytree(bundle, tmp_path / "marked"))
    worse = replace(result, types=changes(records(15), records(14)))
    mark_card(marked, worse, forced=True)
    told = verdict(worse, marked, forced=True)
    assert (told.bundle, told.old) == (open_bundle(marked).info.sha256, "tiny@0.0.1")
    assert told.refusals == tuple(worse.refusals) and told.metrics["gate all F1 after"] == 0.7
    assert "## Forced through the gate" in (marked / CARD).read_text()
    assert "- DRUG loses 5.0 points of F1" in (marked / CARD).read_text()
    assert open_bundle(marked).info.sha256 != open_bundle(bundle).info.sha256


def test_the_card_of_a_refused_model_says_so(bundle: Path, tmp_path: Path) -> None:
    marked = Path(shutil.copytree(bundle, tmp_path / "marked"))
    mark_card(marked, measured(changes(records(15), records(14))), forced=False)
    assert "## Refused by the gate\n\nIn place of toy 1 it was refused:" in (marked / CARD).read_text()
    assert open_bundle(marked).info.version == "0.0.1"


def test_relations_that_are_not_found_any_more_refuse(tmp_path: Path) -> None:
    text = "Platelets >= 100 x 10^9/L. Prior treatment with pembrolizumab within 4 weeks."
    spots = (
        ("MEASURE", "Platelets"), ("VALUE", ">= 100 x 10^9/L"), ("DRUG", "pembrolizumab"), ("TIME", "within 4 weeks"),
    )  # fmt: skip
    entities = tuple(GoldEntity(t, text.index(w), text.index(w) + len(w)) for t, w in spots)  # type: ignore[arg-type]
    relations = (GoldRelation("HAS_VALUE", 0, 1), GoldRelation("HAS_TIME", 2, 3))
    documents = [GoldDocument("d", (GoldPassage("eligibility", text, entities, relations),))]
    deaf = Path(shutil.copytree(open_bundle("nano").folder, tmp_path / "deaf"))
    config = json.loads((deaf / CONFIG).read_text())
    config["thresholds"]["relations"] = 100.0
    (deaf / CONFIG).write_text(json.dumps(config))
    write_sums(deaf)
    result = gate("nano", deaf, documents, [], [])
    assert result.types[-1].name == RELATIONS and result.types[-1].before.right > 0
    assert result.refusals[-1].startswith("relations, end to end loses ")
    assert len(result.refusals) == 1


def test_a_probe_holds_where_most_of_its_copies_do(monkeypatch: pytest.MonkeyPatch, bundle: Path) -> None:
    for broken, expected in ((1, []), (2, ["misses"])):
        ill = LEADS[:broken]
        monkeypatch.setattr(module, "failures", lambda p, m, before, ill=ill: ["misses"] if before in ill else [])
        result = gate(bundle, bundle, gold(), [PROBE], [])
        assert result.probes == [Probed(PROBE, expected, expected)]
