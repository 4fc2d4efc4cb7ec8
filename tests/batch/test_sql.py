from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from oncogloss.batch.sql import file_literal, literal

NAMES = ("s[12]", "a*b", "w?", "b[", "[!a]", "{1,2}", "Anna's", '"', "~", "part=5", "back\\slash")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_named_and_not_sought(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (name, "s1", "axb", "wx"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x").write_text(f"{folder}\n")
    monkeypatch.chdir(tmp_path)
    read = "read_csv({}, auto_detect=false, delim='|', quote='', columns={{'a': 'VARCHAR'}})"
    table = read.format(file_literal(Path(name, "x")))
    assert duckdb.sql(f"SELECT a, {literal(name)} FROM {table}").fetchall() == [(name, name)]
