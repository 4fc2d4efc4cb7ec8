from __future__ import annotations

import pytest
from marked import extraction_of

from oncogloss.structure.alternatives import replaced_limits
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
