"""Files that are written whole or not at all."""

from pathlib import Path

from oncogloss.model.files import replace_file


def test_a_file_is_replaced_whole_also_after_a_writer_that_died(tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "result.json"
    replace_file(path, b"old")
    (path.parent / "result.json.new").write_bytes(b"half of a dead")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["result.json"]
