"""Verbs that keep a model current, as a user meets them."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from oncogloss.cli import app
from oncogloss.errors import InputError


def test_force_needs_a_folder_whose_card_may_be_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["gate", "nano", "micro@0.3.0", "--records", str(tmp_path / "none"), "--force"])
    assert done.exit_code == 2 and "the folder of micro@0.3.0" in " ".join(done.output.replace("│", " ").split())


def test_names_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(b"\xff\xfe")
    done = CliRunner().invoke(app, ["gate", "a", "b", "--records", str(tmp_path), "--names", str(tmp_path / "names")])
    assert isinstance(done.exception, InputError) and "no list of names in UTF-8" in str(done.exception)
