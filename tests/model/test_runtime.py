"""The int8 runtime: close to the float network, and the same answer alone, among others, and in threads."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from oncogloss.errors import BundleError
from oncogloss.model.bundle import GRAPH
from oncogloss.model.decode import WindowScores
from oncogloss.model.layout import NetworkConfig
from oncogloss.model.runtime import Runtime, graph_of
from oncogloss.model.windows import Window, cut_windows, read_stream
from oncogloss.pipeline import Pipeline
from oncogloss.schema import Document
from toys import SENTENCES, make_document


def window(ids: np.ndarray) -> Window:
    return Window(0, len(ids), 0, len(ids), ids, 0)


def documents() -> list[Document]:
    dice = random.Random(0)
    return [
        make_document(f"d{i}", summary=" ".join(dice.sample(SENTENCES, i + 1)), eligibility="\n".join(SENTENCES[i::4]))
        for i in range(8)
    ]


@pytest.mark.parametrize("length", [1, 2, 7, 48])
def test_int8_is_close_to_float(bundle: Path, tiny_config: NetworkConfig, length: int) -> None:
    torch = pytest.importorskip("torch")
    from oncogloss.training.quantize import load_rounded

    network = load_rounded(tiny_config, bundle / GRAPH).eval()
    ids = np.random.default_rng(length).integers(0, tiny_config.vocabulary_size, length)
    with torch.no_grad():
        wanted = network(torch.from_numpy(ids)[None], None)
    ((_, scores),) = Runtime(graph_of(bundle / GRAPH)).run([window(ids)])
    for name, exact in zip(WindowScores._fields, wanted, strict=False):
        rounded = getattr(scores, name)
        assert exact[0].shape == rounded.shape, name
        spread = float(exact.abs().max())
        assert float(np.abs(exact[0].numpy() - rounded).max()) < 0.06 * spread, name


def test_windows_come_back_in_order_and_lazily(bundle: Path, tiny_config: NetworkConfig) -> None:
    runtime = Runtime(graph_of(bundle / GRAPH), threads=2)
    taken = 0

    def windows():
        nonlocal taken
        for n in range(2, 40):
            taken += 1
            yield window(np.full(n, n))

    lengths = []
    for done, scores in runtime.run(windows()):
        lengths.append(len(done.ids))
        assert scores.boundaries.shape[0] == len(done.ids)
        assert taken - len(lengths) <= 3
    assert lengths == list(range(2, 40))
    assert list(runtime.run([])) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_change_a_number(bundle: Path, pipeline: Pipeline, threads: int) -> None:
    stream = read_stream(documents()[5].passages, pipeline.tokenizer)
    windows = cut_windows(stream, 48, 16)
    assert len(windows) > 4
    alone = Runtime(graph_of(bundle / GRAPH), threads=1)
    wanted = [next(iter(alone.run([w])))[1] for w in windows]
    for (_, scores), one in zip(Runtime(graph_of(bundle / GRAPH), threads=threads).run(windows), wanted, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(scores, one, strict=True))


def test_a_document_alone_among_others_and_in_another_order(pipeline: Pipeline) -> None:
    group = documents()
    alone = {d.id: pipeline.extract(d).model_dump_json() for d in group}
    assert len({d.id for d in group}) == len(group) and any('"type":"CONDITION"' in text for text in alone.values())
    for order in (group[::-1], random.Random(1).sample(group, len(group))):
        assert {d.id: pipeline.extract(d).model_dump_json() for d in order} == alone


def test_eight_threads_give_the_sequential_answers(pipeline: Pipeline) -> None:
    group = documents() * 3
    sequential = [pipeline.extract(d).model_dump_json() for d in group]
    with ThreadPoolExecutor(8) as pool:
        assert [e.model_dump_json() for e in pool.map(pipeline.extract, group)] == sequential


def test_passages_of_a_record_are_read_together(pipeline: Pipeline) -> None:
    """A short title is read with what follows it, so its scores depend on that; the ids stay the same."""
    title = SENTENCES[0]
    alone = read_stream(make_document(brief_title=title).passages, pipeline.tokenizer)
    both = read_stream(make_document(brief_title=title, summary=SENTENCES[1]).passages, pipeline.tokenizer)
    assert both.ids[: len(alone.ids)].tolist() == alone.ids.tolist()


def test_graphs_that_are_none_of_ours_are_refused() -> None:
    onnx = pytest.importorskip("onnx")
    with pytest.raises(BundleError, match=r"^The model's network does not load \(.*\); reinstall the model\.$"):
        Runtime(b"no graph")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    value = [helper.make_tensor_value_info(name, kind, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", value[:1], value[1:])
    other = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(BundleError, match=r"inputs \['x'\] and outputs \['y'\], wanted \['ids'\]"):
        Runtime(other.SerializeToString())


@pytest.mark.parametrize("place", ["secret.bin", "./secret.bin", "../secret.bin", "/etc/hostname"])
def test_a_graph_may_not_read_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Weights outside the checked bytes ("external data") would be read without a digest."""
    onnx = pytest.importorskip("onnx")
    for folder in (tmp_path, tmp_path / "run"):
        folder.mkdir(exist_ok=True)
        (folder / "secret.bin").write_bytes(bytes(32))
    monkeypatch.chdir(tmp_path / "run")
    helper, kinds = onnx.helper, onnx.TensorProto
    weight = onnx.TensorProto(name="w", data_type=kinds.FLOAT, dims=[8], data_location=onnx.TensorProto.EXTERNAL)
    for key, value in {"location": place, "offset": "0", "length": "32"}.items():
        weight.external_data.add(key=key, value=value)
    nodes = [helper.make_node("Identity", ["w"], [name]) for name in WindowScores._fields]
    outputs = [helper.make_tensor_value_info(name, kinds.FLOAT, None) for name in WindowScores._fields]
    inputs = [helper.make_tensor_value_info("ids", kinds.INT64, [1, "L"])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(BundleError, match="does not load"):
        Runtime(model.SerializeToString())


def test_a_missing_graph_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"none\.onnx: No such file or directory"):
        graph_of(tmp_path / "none.onnx")
