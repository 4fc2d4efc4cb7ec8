"""Annotators' sheets of logic and thresholds turned into rows of `corpus/logic.jsonl.gz`.

A sheet is one record: lines `L<TAB>c3<TAB>(all 4 (not 5))` and `T<TAB>c3<TAB>4<TAB>>=<TAB>1.5<TAB>10^9/L[<TAB>if 7]`;
numbers are places of mentions in the annotated passage, `c3` is its third criterion by start, `#` begins what is only
for the eye.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from oncogloss.errors import CorpusError
from oncogloss.structure.notation import read_logic, write_logic
from oncogloss.training.corpora import GoldDocument, GoldPassage, text_hash


def sheets_to_rows(paths: Iterable[Path], gold: Iterable[GoldDocument]) -> Iterator[dict[str, Any]]:
    """One row a sheet, in offsets; the split is what the sheet's name begins with (`dev_NCT01234567.txt`).

    Raises CorpusError naming the sheet and line that does not fit, or the record that is not among `gold`.
    """
    documents = {document.id: document for document in gold}
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        name = next((line.split("\t")[1] for line in lines if line.startswith("#record\t")), "")
        passages = documents[name].passages if name in documents else ()
        passage = next((p for p in passages if p.name == "eligibility" and p.criteria), None)
        if passage is None:
            raise CorpusError(f"{path}: record '{name}' has no annotated criteria here.")
        criteria, thresholds = _read(path, lines, passage)
        yield {
            "id": name,
            "split": path.name.split("_")[0],
            "passage": passage.name,
            "hash": text_hash(passage.text),
            "criteria": criteria,
            "thresholds": thresholds,
        }


def _read(path: Path, lines: Sequence[str], passage: GoldPassage) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    ordered = sorted(passage.criteria or (), key=lambda c: c.start)
    criteria: list[dict[str, Any]] = []
    thresholds: list[dict[str, Any]] = []

    def start(word: str) -> int:
        return ordered[int(word.removeprefix("c")) - 1].start

    def span(word: str) -> list[int]:
        entity = passage.entities[int(word) - 1]
        return [entity.start, entity.end]

    for number, line in enumerate(lines, 1):
        kind, *cells = line.split("\t")
        try:
            if kind == "L":
                text = cells[1].strip()
                logic = None if text == "-" else read_logic(text)
                notation = logic and write_logic(
                    logic, lambda word: "-".join(map(str, span(word))), lambda word: f"c{start(word)}"
                )
                side = ordered[int(cells[0].removeprefix("c")) - 1].side
                criteria.append({"start": start(cells[0]), "side": side, "logic": notation})
            elif kind == "T":
                thresholds += (
                    _threshold(start(cells[0]), span(measure), cells[2:], span) for measure in cells[1].split(",")
                )
        except (ValueError, IndexError) as error:
            raise CorpusError(f"{path}, line {number}: does not fit its record ({error}).") from None
    return criteria, thresholds


def _threshold(
    criterion: int, measure: list[int], cells: Sequence[str], span: Callable[[str], list[int]]
) -> dict[str, Any]:
    operator, values, unit, *condition = cells
    value, _, high = values.partition("..")
    named = condition[0].strip().removeprefix("if").split(",") if condition else []
    return {
        "criterion": criterion,
        "measure": measure,
        "operator": operator,
        "value": float(value),
        "high": float(high) if high else None,
        "unit": unit.strip(),
        "conditions": [span(word.strip()) for word in named if word.strip()],
    }
