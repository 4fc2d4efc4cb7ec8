from pathlib import Path

import pytest

from oncogloss.places import keys_folder, registry_folder, terms_begun, terms_file


def test_all_lies_in_the_users_folder_unless_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for variable in ("ONCOGLOSS_TERMS", "ONCOGLOSS_REGISTRY", "ONCOGLOSS_KEYS"):
        monkeypatch.delenv(variable, raising=False)
    places = terms_file(), registry_folder(), keys_folder()
    assert places == tuple(tmp_path / "oncogloss" / name for name in ("terms.tsv", "registry", "keys"))
    assert terms_begun() is None
    places[0].parent.mkdir()
    places[0].touch()
    assert terms_begun() == places[0]
    monkeypatch.setenv("ONCOGLOSS_TERMS", "mine.tsv")
    assert terms_file() == terms_begun() == Path("mine.tsv")
