"""Growing and checking the corpus: which records to annotate next, where model and annotation differ, and how
well two annotators agree."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from oncogloss.errors import CorpusError
from oncogloss.evaluation.metrics import (
    Facts,
    Spot,
    criterion_scores,
    merge,
    relation_scores,
    relaxed_scores,
    strict_scores,
    total,
)
from oncogloss.evaluation.run import gold_facts
from oncogloss.schema import Document
from oncogloss.training.corpora import GoldDocument, record_passages

SHINGLE = 8  # words
NEAR = 0.5  # share of common shingles from which two texts count as near-identical
_FAMILIES = (
    "breast", "lung|nsclc|sclc", "prostat", "colorectal|colon|rectal", "gastric|esophag|stomach",
    "hepatocellular|biliary|cholangio|liver", "pancrea", "myeloma", "acute myeloid|myelodysplas", "lymphoblastic",
    "lymphoma", "chronic lymphocytic|chronic myel|myelofib", "melanoma|skin", "head and neck|nasophar|thyroid",
    "ovarian|cervical|endometr|gyneco", "bladder|urothel", "renal cell|kidney", "glio|brain|medullobl|dipg",
    "sarcoma|gist|osteo", "neuroblast|wilms|pediatric|retinobl", "neuroendocr|adrenal", "solid tum|advanced cancer",
    "nausea|pain|fatigue|mucositis|anxiety|quality",
)  # fmt: skip
_BAD_TEXT = {"comparison-signs-may-be-missing", "bullets-removed"}


def shingles(text: str) -> set[int]:
    """Hashes of all runs of SHINGLE words: what near-identical texts have in common."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {hash(tuple(words[i : i + SHINGLE])) for i in range(len(words) - SHINGLE + 1)}


def select(
    rows: Iterable[dict[str, Any]], known: Sequence[GoldDocument], count: int, seed: int = 0
) -> Iterator[dict[str, Any]]:
    """Choose `count` oncology records to annotate, as `{"nct_id", "passages"}`.

    Each next one is of the cancer family, source and year that were taken least; records annotated before and
    texts near-identical to those taken are left out. Two in five are full records (arms and outcomes).
    """
    taken_ids = {d.id for d in known}
    seen = set().union(*(shingles(p.text) for d in known for p in d.passages if p.name == "eligibility"))
    pool = []
    for row in rows:
        text = row.get("eligibility_text") or ""
        fresh = row.get("oncology") and row["nct_id"] not in taken_ids
        if fresh and 500 < len(text) < 5_000 and not _BAD_TEXT & set(row.get("quality") or ()):
            pool.append(row)
    random.Random(seed).shuffle(pool)
    tally: Counter[str] = Counter()
    chosen = 0
    while pool and chosen < count:
        wanted = [row for row in pool if bool(row.get("arms")) == (chosen % 5 < 2)] or pool
        row = min(wanted, key=lambda r: sum(tally[key] / weight for key, weight in _kinds(r)))
        pool.remove(row)
        mine = shingles(row["eligibility_text"])
        if len(mine & seen) > NEAR * len(mine):
            continue
        seen |= mine
        tally.update(key for key, _ in _kinds(row))
        chosen += 1
        passages = {name: text for name, text in record_passages(row).items() if name != "description"}
        yield {"nct_id": row["nct_id"], "passages": passages}


def _kinds(row: dict[str, Any]) -> list[tuple[str, float]]:
    """(what a record counts as, how lightly it weighs)."""
    words = " ".join([*(row.get("conditions") or []), row.get("brief_title") or ""]).lower()
    families = [(f"family {f}", 1.0) for f in _FAMILIES if re.search(f, words)] or [("family other", 0.2)]
    return [*families[:2], (f"source {row.get('source_repo')}", 3.0), (f"year {row.get('first_posted_year')}", 5.0)]


def disagreements(read: Callable[[Document], Facts], documents: Iterable[GoldDocument]) -> Iterator[str]:
    """Lines that show an annotator where the model found something else: record, passage, what, and the words
    around it. `+` the model alone, `-` the annotation alone."""
    for document in documents:
        wanted = gold_facts(document)
        found = read(document.document)
        text = {p.name: p.text for p in document.passages}
        yield f"#record\t{document.id}"
        for sign, spots in (("+", found.entities - wanted.entities), ("-", wanted.entities - found.entities)):
            yield from (f"{sign}\t{_shown(s, text)}" for s in sorted(spots, key=str))
        for sign, pairs in (("+", found.relations - wanted.relations), ("-", wanted.relations - found.relations)):
            kept = [p for p in pairs if {p[0], p[1]} <= found.entities & wanted.entities]
            yield from (
                f"{sign}\t{kind}\t{_quote(head, text)} → {_quote(tail, text)}"
                for head, tail, kind in sorted(kept, key=str)
            )


def _quote(spot: Spot, text: dict[str, str]) -> str:
    passage = text[spot[0][1]]  # type: ignore[index]
    return " ".join(passage[spot[1] : spot[2]].split())


def _shown(spot: Spot, text: dict[str, str]) -> str:
    name = spot[0][1]  # type: ignore[index]
    before, after = text[name][max(0, spot[1] - 30) : spot[1]], text[name][spot[2] : spot[2] + 30]
    return f"{name}\t{spot[3]}\t{' '.join(before.split())} [{_quote(spot, text)}] {' '.join(after.split())}"


def agreement(first: Sequence[GoldDocument], second: Sequence[GoldDocument]) -> str:
    """Markdown: how far two annotations of the same records agree, by type; κ is Cohen's, on criterion sides.

    Raises CorpusError where they share no record.
    """
    ids = {d.id for d in first} & {d.id for d in second}
    if not ids:
        raise CorpusError("The two annotations have no record in common whose text is there; check --records.")
    a, b = (merge(gold_facts(d) for d in part if d.id in ids) for part in (first, second))
    strict, relaxed = strict_scores(b.entities, a.entities), relaxed_scores(b.entities, a.entities)
    relations, criteria = relation_scores(b.relations, a.relations), criterion_scores(b.criteria, a.criteria)
    lines = [
        f"{len(ids)} records annotated twice.",
        "",
        "| what | strict F1 | relaxed F1 | first | second |",
        "|---|---|---|---|---|",
    ]
    relaxed["**entities**"] = total(relaxed)
    lines += [
        f"| {name} | {s.f1:.3f} | {relaxed[name].f1:.3f} | {s.wanted} | {s.found} |"
        for name, s in {"**entities**": total(strict), **strict}.items()
    ]
    everything = {"**relations**": total(relations), **relations, "**criterion starts**": criteria.starts}
    lines += [f"| {name} | {s.f1:.3f} | | {s.wanted} | {s.found} |" for name, s in everything.items()]
    lines += ["", f"Criterion side, Cohen's κ: {_kappa(a, b):.3f}; categories F1 {criteria.categories.f1:.3f}."]
    return "\n".join(lines)


def _kappa(a: Facts, b: Facts) -> float:
    shared = a.criteria.keys() & b.criteria.keys()
    if not shared:
        return 0.0
    same = sum(a.criteria[k][0] == b.criteria[k][0] for k in shared) / len(shared)
    share = [sum(x.criteria[k][0] == "exc" for k in shared) / len(shared) for x in (a, b)]
    chance = share[0] * share[1] + (1 - share[0]) * (1 - share[1])
    return (same - chance) / (1 - chance) if chance < 1 else 1.0
