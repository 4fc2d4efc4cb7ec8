"""Small batches of invented records, read by the tiny bundle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oncogloss.batch.run import Progress, Settings, run_batch
from oncogloss.evaluation.kills import invented_records
from oncogloss.model.bundle import CONFIG, GRAPH, write_sums
from oncogloss.model.layout import BOUNDARY_SLICES

Run = Callable[..., Progress]


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 records and a broken line."""
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    invented_records(path, 24)
    return path


@pytest.fixture(scope="session")
def taught(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with a label of its own, PLACE, which it finds in arbitrary places."""
    import onnx
    from onnx import helper, numpy_helper

    folder = tmp_path_factory.mktemp("taught") / "tiny"
    shutil.copytree(bundle, folder)
    model = onnx.load(folder / GRAPH)
    column = np.array([BOUNDARY_SLICES["depth"].start])
    model.graph.initializer.append(numpy_helper.from_array(column, "own.column"))
    steps = [  # from token to token, where the sum of two numbers is above 0
        helper.make_node("Gather", ["boundaries", "own.column"], ["own.firsts"], axis=2),
        helper.make_node("Transpose", ["own.firsts"], ["own.lasts"], perm=[0, 2, 1]),
        helper.make_node("Add", ["own.firsts", "own.lasts"], ["own.pairs"]),
        helper.make_node("Trilu", ["own.pairs"], ["own"], upper=1),
    ]
    model.graph.node.extend(steps)
    model.graph.output.append(helper.make_tensor_value_info("own", onnx.TensorProto.FLOAT, None))
    onnx.save(model, folder / GRAPH)
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, "labels": ["PLACE"]}))
    write_sums(folder)
    return folder


@pytest.fixture
def run(bundle: Path) -> Run:
    """`run(inputs, store, **settings)`: a batch with the tiny bundle, in parts of one chunk."""

    def batch(inputs: Path | list[Path], store: Path, **settings: object) -> Progress:
        paths = inputs if isinstance(inputs, list) else [inputs]
        given = {"model": str(bundle), "part": 1, **settings}
        return run_batch(paths, store, Settings(**given))  # type: ignore[arg-type]

    return batch
