"""Scores become shares: the fit finds the scale that made them, the error sees when they lie."""

from __future__ import annotations

import numpy as np
import pytest

from oncogloss.evaluation.metrics import total
from oncogloss.evaluation.reliability import expected_calibration_error, fit_scores, judged, reliability
from oncogloss.evaluation.run import evaluate, given_spans_reader, layout_report, model_reader
from oncogloss.model.layout import Thresholds
from oncogloss.pipeline import load
from oncogloss.schema import Document
from oncogloss.training.corpora import GoldDocument, read_standoff
from oncogloss.training.silver import LAYOUTS
from toys import ROOT


@pytest.fixture(scope="module")
def samples() -> list[GoldDocument]:
    return read_standoff(ROOT / "corpus" / "samples" / "annotations.jsonl", [])[0][:2]


def test_the_fit_finds_the_scale_again() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(1, 2, 20_000)
    right = random.random(20_000) < 1 / (1 + np.exp(-(0.5 * logits - 0.7)))
    pairs = list(zip((1 / (1 + np.exp(-logits))).tolist(), right.tolist(), strict=True))
    assert fit_scores(pairs) == pytest.approx((0.5, -0.7), abs=0.06)


def test_the_fit_holds_where_scores_crowd_at_the_top() -> None:
    random = np.random.default_rng(1)
    logits = np.minimum(9.2, random.normal(7, 3, 5_000))
    right = random.random(5_000) < 1 / (1 + np.exp(-(0.4 * logits - 0.6)))
    pairs = list(zip((1 / (1 + np.exp(-logits))).round(4).tolist(), right.tolist(), strict=True))
    assert fit_scores(pairs) == pytest.approx((0.4, -0.6), abs=0.15)


def test_the_error_is_the_distance_of_score_and_share() -> None:
    honest = [(0.75, k % 4 != 0) for k in range(400)]
    assert expected_calibration_error(honest) == pytest.approx(0)
    assert expected_calibration_error([(0.95, k % 2 == 0) for k in range(100)]) == pytest.approx(0.45)
    assert expected_calibration_error([]) == 0


def test_a_least_score_is_a_threshold() -> None:
    thresholds = Thresholds(spans=0.3, slope=0.5, offset=-0.7)
    assert 1 / (1 + np.exp(-(0.5 * thresholds.at_score(0.2).spans - 0.7))) == pytest.approx(0.2)


def test_a_higher_least_score_keeps_a_part(samples: list[GoldDocument]) -> None:
    document = Document(id="d", passages=tuple(p.passage for p in samples[0].passages))
    low, high = (
        {(m.passage, m.start, m.end, m.type): m.score for m in pipeline.extract(document).mentions}
        for pipeline in (load("micro", min_score=0.2), load("micro", min_score=0.9))
    )
    assert len(high) < len(low)
    assert high == {spot: score for spot, score in low.items() if score >= 0.9}


def test_the_report_says_what_was_judged(samples: list[GoldDocument]) -> None:
    pairs = judged(load("micro"), samples)
    text = reliability("micro", samples)
    assert text.startswith(
        f"Expected calibration error {expected_calibration_error(pairs):.3f} over {len(pairs):,} mentions."
    )
    assert "| --min-score | precision | recall | F1 | found |" in text


def test_told_the_spans_the_model_relates_them(samples: list[GoldDocument]) -> None:
    pipeline = load("micro")
    e = evaluate(model_reader(pipeline), samples, given_spans_reader(pipeline))
    assert e.given is not None
    told = given_spans_reader(pipeline)(samples[0])
    wanted = {(p.name, x.start, x.end, x.type) for p in samples[0].passages for x in p.entities}
    found = {(spot[0][1], *spot[1:]) for spot in told.entities}  # type: ignore[index]
    assert len(found & wanted) / len(wanted) > 0.97, "but for names that are cut within a token"
    assert total(e.given).f1 > total(e.relations).f1


def test_worse_layouts_are_scored_too(samples: list[GoldDocument]) -> None:
    lines = layout_report(model_reader(load("micro")), samples[:1]).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["as it is", *LAYOUTS]
    starts = [float(line.split("|")[2]) for line in lines[2:]]
    assert starts[0] > 0.9 and min(starts) > 0.6
