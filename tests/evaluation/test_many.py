import json
import re
from pathlib import Path

from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.evaluation.many import made_records
from oncogloss.readers import read_path
from oncogloss.schema import Document
from toys import ROOT

SAMPLES = [ROOT / "corpus/samples/NCT99000001.json", ROOT / "corpus/samples/NCT99000010.xml"]


def test_no_text_and_no_id_is_anothers() -> None:
    given = [item for path in SAMPLES for item in read_path(path) if isinstance(item, Document)]
    for short in (True, False):
        made = list(made_records(given, 60, short=short))
        assert made == list(made_records(given, 60, short=short))
        texts = [text for _, passages in made for text in passages.values()]
        assert len({name for name, _ in made}) == 60 and len(set(texts)) == len(texts)


def test_every_id_is_counted_once(bundle: Path, tmp_path: Path) -> None:
    source = tmp_path / "records.jsonl"
    passages = {"brief_title": "Study of lunamab", "eligibility": "Age of 18 years or older\n" * 20}
    source.write_text(json.dumps({"id": "a", "passages": passages}))
    asked = ["bench-batch", str(source), "--many", "40", "--short", "--model", str(bundle)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", done.output, re.MULTILINE))
    assert rows["read, failed, known to the cache"] == "40, 0, 0"
    assert rows["ids in `records`: once, more often, never"] == "40, 0, 0"
    assert rows["ids in `trials`: once, more often, never"] == "40, 0, 0"
    assert rows["of it: mean of each quarter of the records"].count("MiB") == 4
