"""Abbreviations by rule, on invented sentences."""

from __future__ import annotations

import pytest

from oncogloss.evaluation.schwartz_hearst import abbreviations


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Moon sarcoma (MS) is rare.", [("MS", "Moon sarcoma")]),
        ("All had MS (moon sarcoma).", [("MS", "moon sarcoma")]),
        ("All had TFD (tide fever of the deep).", [("TFD", "tide fever of the deep")]),
        ("The crater growth factor 2 (CGF2) binds.", [("CGF2", "crater growth factor 2")]),
        ("Nobody knows (see below) what zorbatinib (20 mg) does.", []),
        ("Dose fell. Lunar dust (LD; grey) rose.", [("LD", "Lunar dust")]),
        ("Nothing (XQ) fits.", []),
        ("", []),
    ],
)
def test_pairs(text: str, pairs: list[tuple[str, str]]) -> None:
    assert list(abbreviations(text)) == pairs
