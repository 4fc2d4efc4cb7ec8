from __future__ import annotations

import pytest
from marked import extraction_of

from oncogloss.structure.alternatives import age_asked_of, group_behind, replaced_limits
from oncogloss.structure.scope import scopes


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        ("[MEASURE ALT] [VALUE < 2], or for those on [DRUG luna] [VALUE < 5]", ((1, 2), (1, 4)), [("2", "3", "")]),
        ("[MEASURE ALT] [VALUE < 2] unless [CONDITION gout], then [VALUE < 5]", ((1, 2), (1, 4)), [("2", "3", "")]),
        (
            "[MEASURE ALT] [VALUE < 2] except if [CONDITION gout] is known, in whom [MEASURE AST] is [VALUE < 5]",
            ((1, 2), (4, 5)), [("2", "3", "4")],
        ),
        ("[MEASURE ALT] [VALUE < 2] with [CONDITION gout], [MEASURE AST] [VALUE < 5]", ((1, 2), (4, 5)), []),
        ("[MEASURE ALT] [VALUE < 2]; no [CONDITION gout]; [MEASURE AST] [VALUE < 5]", ((1, 2), (4, 5)), []),
        ("[MEASURE ALT] [VALUE < 2] in those with [CONDITION gout] and [VALUE < 5]", ((1, 2), (1, 4)), []),
    ],
)  # fmt: skip
def test_the_group_of_a_limit_in_the_place_of_another(
    text: str, values: tuple[tuple[int, int], ...], wanted: list[tuple[str, str, str]]
) -> None:
    document, extraction = extraction_of(
        ("inc", text), relations=tuple(("HAS_VALUE", head, tail) for head, tail in values)
    )
    (scope,) = scopes(document, extraction)
    found = [(r.limit.id, ",".join(m.id for m in r.group), ",".join(m.id for m in r.measures))
             for r in replaced_limits(scope)]  # fmt: skip
    assert found == wanted


@pytest.mark.parametrize(
    ("text", "related", "wanted"),
    [
        ("[MEASURE pulse] [VALUE ≥ 60] ([VALUE ≥ 40] if on [DRUG luna])", True, None),
        ("[MEASURE pulse] [VALUE ≥ 60] ([VALUE ≥ 40] if on [DRUG luna])", False, None),
        ("[MEASURE pulse] [VALUE ≥ 60] (women [VALUE ≥ 70])", True, None),
        ("[MEASURE pulse] [VALUE ≥ 60] (women [VALUE ≥ 70])", False, "women ≥ 70"),
        ("[MEASURE pulse] [VALUE ≥ 60] for patients [VALUE > 16]", False, "for patients > 16"),
        ("[MEASURE pulse] [VALUE ≥ 60] ([VALUE > 16 years])", True, "> 16 years"),
    ],
)
def test_a_bare_number_in_brackets_is_no_age(text: str, related: bool, wanted: str | None) -> None:
    document, extraction = extraction_of(("inc", text))
    (scope,) = scopes(document, extraction)
    measure, one, other = scope.mentions[:3]
    start = group_behind(scope.text, one, other, measure, related=related)
    assert (None if start is None else scope.text[start : other.end]) == wanted


def test_the_age_at_which_a_limit_holds_says_that_it_is_one() -> None:
    for age, wanted in (("> 16 years", "3"), ("> 16", None)):
        document, extraction = extraction_of(
            ("inc", f"[MEASURE pulse] [VALUE ≥ 60] ([VALUE {age}])"), relations=(("HAS_VALUE", 1, 2),)
        )
        (scope,) = scopes(document, extraction)
        found = age_asked_of(scope, scope.mentions[0])
        assert (found and found.id) == wanted
