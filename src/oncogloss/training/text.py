"""Running text for the tokenizer and for pretraining, drawn from trial records and articles."""

from __future__ import annotations

import json
import lzma
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from oncogloss.errors import CorpusError
from oncogloss.training.corpora import read_rows, record_passages


def records_without(paths: Iterable[Path], held_apart: set[str]) -> Iterator[dict[str, Any]]:
    """Rows of record files, those held apart for dev and test left out."""
    for path in paths:
        for row in read_rows(path):
            if (row.get("id") or row.get("nct_id")) not in held_apart:
                yield row


def articles_of(path: Path) -> Iterator[dict[str, Any]]:
    """Articles: `{"id", "oncology", "sections": [[heading, text], …]}` a line, xz-compressed.

    Raises CorpusError where the file is something else.
    """
    try:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (lzma.LZMAError, EOFError, ValueError) as error:
        raise CorpusError(f"{path}: no xz-compressed JSON lines ({error}); give the articles as they come.") from None


def tokenizer_texts(records: Sequence[Path], articles: Path | None, held_apart: set[str]) -> Iterator[str]:
    """Texts to train the tokenizer on: oncology records three times, others once; oncology articles and
    one in four of the rest."""
    for row in records_without(records, held_apart):
        text = "\n".join(record_passages(row).values())
        yield from [text] * (3 if row.get("oncology", True) else 1)
    if articles is not None:
        for number, article in enumerate(articles_of(articles)):
            if article["oncology"] or number % 4 == 0:
                yield "\n".join(text for _, text in article["sections"])


Texts = list[tuple[str, str]]  # (passage name, text) of one document


def pretraining_passages(
    records: Sequence[Path], articles: Path | None, held_apart: set[str], *, wide: bool
) -> tuple[list[Texts], list[Texts]]:
    """(training, dev) documents; dev are 100 oncology records.

    Where there is time for many passes (`wide`), training has every other oncology record three times, all others,
    every oncology article twice, all others; else what a short run can see: the oncology records, one in six of the
    others, one in three of the oncology articles.
    """
    dice, thin = random.Random(1), random.Random(2)  # apart, so that dev is the same for long and short runs
    training: list[Texts] = []
    dev: list[Texts] = []
    for row in records_without(records, held_apart):
        oncology = row.get("oncology", True)
        passages = list(record_passages(row).items())
        if oncology and len(dev) < 100 and dice.random() < 0.02:
            dev.append(passages)
        elif oncology or wide or thin.random() < 1 / 6:
            training += [passages] * (3 if oncology and wide else 1)
    for article in articles_of(articles) if articles else ():
        text = "\n".join(text for _, text in article["sections"])
        if wide or (article["oncology"] and thin.random() < 1 / 3):
            training += [[("text", text)]] * (2 if article["oncology"] and wide else 1)
    dice.shuffle(training)
    return training, dev
