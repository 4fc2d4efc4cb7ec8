"""Gold mentions are read with their ids and long forms, linked and counted."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.concepts import Context, open_vocabulary
from oncogloss.errors import CorpusError
from oncogloss.evaluation.linking import GoldMention, gold_mentions, linking_report

TEXT = "7|t|Seizures (SZ) after cisplatin.\n7|a|Moonitis.\n"
ROWS = (
    "7\t0\t8\tSeizures\tDisease\tD012640\n7\t10\t12\tSZ\tDisease\tD012640\n"
    "7\t20\t29\tcisplatin\tChemical\tD002945\n7\t31\t39\tMoonitis\tDisease\t-1\n7\tCID\tD002945\tD012640\n"
)


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    (tmp_path / "bc5cdr_pubtator").mkdir()
    with gzip.open(tmp_path / "bc5cdr_pubtator" / "CDR_DevelopmentSet.PubTator.txt.gz", "wt") as stream:
        stream.write(TEXT + ROWS)
    return tmp_path


def test_mentions_come_with_ids_and_long_forms(corpora: Path) -> None:
    mentions = list(gold_mentions(corpora / "bc5cdr_pubtator" / "CDR_DevelopmentSet.PubTator.txt.gz"))
    assert mentions[1] == GoldMention(
        "7", "SZ", "Disease", ("MESH:D012640",), "Seizures", Context("Seizures (SZ) after cisplatin.", 10)
    )
    assert [m.text for m in mentions] == ["Seizures", "SZ", "cisplatin"], "one without an id is left out"


def test_the_report_counts(corpora: Path) -> None:
    report = linking_report(corpora, open_vocabulary())
    assert "| BC5CDR | dev | Chemical | 1 | 1.000 | 1.000 | 1.000 | 0.000 | 0.000 |" in report
    assert "| BC5CDR | dev | Disease | 2 | 1.000 | 1.000 | 1.000 | 0.000 | 0.000 |" in report


@pytest.mark.parametrize(
    "cut",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"no gzip",
        lambda _: gzip.compress(b"7|t|x\n7\ta\tb\tc\tDisease\tD1\n"),
    ],
)
def test_a_damaged_file_is_refused(corpora: Path, cut: Callable[[bytes], bytes]) -> None:
    path = corpora / "bc5cdr_pubtator" / "CDR_DevelopmentSet.PubTator.txt.gz"
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(CorpusError, match="no gzipped PubTator file"):
        list(gold_mentions(path))


def test_a_folder_without_corpora_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="none of bc5cdr_pubtator"):
        linking_report(tmp_path, open_vocabulary())


def test_the_command_writes_the_report(corpora: Path) -> None:
    out = corpora / "linking.md"
    done = CliRunner().invoke(app, ["vocabulary", "accuracy", "--corpora", str(corpora), "--out", str(out)])
    assert done.exit_code == 0 and "| BC5CDR | dev | Disease | 2 |" in out.read_text()
