"""Small batches of invented records, read by the tiny bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oncogloss.batch.run import Progress, Settings, run_batch
from oncogloss.evaluation.kills import invented_records

Run = Callable[..., Progress]


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 records and a broken line."""
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    invented_records(path, 24)
    return path


@pytest.fixture
def run(bundle: Path) -> Run:
    """`run(inputs, store, **settings)`: a batch with the tiny bundle, in parts of one chunk."""

    def batch(inputs: Path | list[Path], store: Path, **settings: object) -> Progress:
        paths = inputs if isinstance(inputs, list) else [inputs]
        return run_batch(paths, store, Settings(model=str(bundle), part=1, **settings))  # type: ignore[arg-type]

    return batch
