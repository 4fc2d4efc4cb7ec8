from pathlib import Path

import pytest

from oncogloss.errors import CorpusError
from oncogloss.evaluation.lists import read_list


def _two(cells: list[str]) -> tuple[str, str] | None:
    return (cells[0], cells[1]) if len(cells) == 2 else None


def test_rows_comments_and_header(tmp_path: Path) -> None:
    path = tmp_path / "list.tsv"
    path.write_text("one\tother\n# said\na\tb\n\tc\n")
    assert read_list(path, "one, other", _two, "one\tother") == [("a", "b"), ("", "c")]
    assert read_list(path, "one, other", _two)[0] == ("one", "other")


@pytest.mark.parametrize(
    ("text", "header", "said"),
    [
        ("a\tb\n\n", "", r"list\.tsv, line 2: not `one, other` with tabs between\.$"),
        ("# nothing\n", "", r"list\.tsv: empty; give rows of `one, other`\.$"),
        ("h\n", "h", r"list\.tsv: empty; give rows"),
        ("a\tb\n", "h", r"list\.tsv: give rows of `one, other` behind a line of their names\.$"),
    ],
)
def test_what_is_no_list_is_one_sentence(text: str, header: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "list.tsv"
    path.write_text(text)
    with pytest.raises(CorpusError, match=said):
        read_list(path, "one, other", _two, header)
