"""How fast the network runs, in int8 and in float, beside what this machine can multiply at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from oncogloss.evaluation.cost import document_of, fastest, processor
from oncogloss.model.bundle import GRAPH, open_bundle
from oncogloss.model.network import Network
from oncogloss.model.runtime import Runtime, graph_of
from oncogloss.model.windows import Window, cut_windows, read_stream
from oncogloss.pipeline import load
from oncogloss.schema import Document
from oncogloss.training.finetune import TorchScorer
from oncogloss.training.quantize import export_onnx, load_rounded

RECORD = 1_500  # tokens of the record that is timed
ROUNDS = 5  # of timing
LARGE = (1_024, 1_024, 1_024)
THREADS = (1, 2)
INT8 = "int8 ONNX Runtime"

Shape = tuple[int, int, int]  # rows, inputs, outputs of a matrix product
Read = Callable[[Sequence[Window]], object]


def speed(model: str, documents: Sequence[Document]) -> str:
    """Markdown: what each engine reads of short windows, long windows and a record, and this machine's ceiling."""
    bundle, pipeline = open_bundle(model), load(model)
    network = load_rounded(bundle.network, bundle.path(GRAPH)).eval()
    stream = read_stream(document_of(documents, pipeline.tokenizer, RECORD).passages, pipeline.tokenizer)
    full = bundle.network.window
    inputs = [
        cut_windows(stream, full // 6, 0),
        cut_windows(stream, full, 0),
        cut_windows(stream, full, bundle.network.overlap),
    ]
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(network, Path(folder) / "float.onnx")
        readers = _readers(network, bundle.path(GRAPH), Path(folder) / "float.onnx")
    own = [(full, m.in_features, m.out_features) for m in _run_linears(network)]
    products = {"its own products alone": own, "one large product alone": [LARGE]}
    runs: dict[str, Callable[[], object]] = {
        f"{name}/{i}": lambda read=read, windows=windows: read(windows)  # type: ignore[misc]
        for name, read in readers.items()
        for i, windows in enumerate(inputs)
    }
    runs |= {f"{what}/{t}": _products(shapes, t) for what, shapes in products.items() for t in THREADS}
    seconds = fastest(runs, ROUNDS)

    lines = [
        f"Model {pipeline.info.name} {pipeline.info.version}; {processor()}.",
        "",
        f"| engine, threads | windows of {full // 6}, tokens/s | of {full} | record of {len(stream.ids):,} tokens |",
        "|---|---|---|---|",
    ]
    for name in readers:
        rates = [sum(len(w.ids) for w in inputs[i]) / seconds[f"{name}/{i}"] for i in (0, 1)]
        lines.append(f"| {name} | {rates[0]:,.0f} | {rates[1]:,.0f} | {seconds[f'{name}/2'] * 1000:.0f} ms |")
    if not find_spec("openvino"):
        lines.append("| OpenVINO | skipped: openvino is not installed | | |")
    rows = {
        what: [t * sum(_operations(s) for s in shapes) / seconds[f"{what}/{t}"] for t in THREADS]
        for what, shapes in products.items()
    }
    done = sum(_operations((len(w.ids), k, n)) for w in inputs[1] for _, k, n in own)
    rows[f"in the network, windows of {full}"] = [done / seconds[f"{INT8}, {t}/1"] for t in THREADS]
    lines += [
        "",
        f"| int8 products, 10⁹ operations/s | {' | '.join(f'threads: {t}' for t in THREADS)} |",
        "|---|---|---|",
    ]
    lines += [f"| {what} | {' | '.join(f'{r / 1e9:,.0f}' for r in rates)} |" for what, rates in rows.items()]
    ceiling, _, reached = rows.values()
    shares = " | ".join(f"{r / c:.0%}" for r, c in zip(reached, ceiling, strict=True))
    return "\n".join([*lines, f"| share of its own products alone | {shares} |"])


def _operations(shape: Shape) -> int:
    rows, inputs, outputs = shape
    return 2 * rows * inputs * outputs


def _run_linears(network: Network) -> Iterator[nn.Linear]:
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear) and not name.startswith("masked_language."):
            yield module


def _readers(network: Network, int8: Path, exact: Path) -> dict[str, Read]:
    """What reads windows, by name and number of threads; OpenVINO reads float graphs in bf16 if the processor can."""
    engines: dict[str, Callable[[int], Read]] = {
        INT8: lambda threads: _onnx_reader(int8, threads),
        "float ONNX Runtime": lambda threads: _onnx_reader(exact, threads),
        "float torch": lambda threads: _torch_reader(network, threads),
    }
    if find_spec("openvino"):
        engines["OpenVINO, from the int8 graph"] = lambda threads: _openvino_reader(int8, threads)
        engines["OpenVINO, from the float graph"] = lambda threads: _openvino_reader(exact, threads)
    return {f"{name}, {threads}": make(threads) for name, make in engines.items() for threads in THREADS}


def _onnx_reader(graph: Path, threads: int) -> Read:
    runtime = Runtime(graph_of(graph), threads)
    return lambda windows: list(runtime.run(windows))


def _torch_reader(network: Network, threads: int) -> Read:
    scorer = TorchScorer(network)

    def read(windows: Sequence[Window]) -> object:
        torch.set_num_threads(threads)
        return list(scorer.run(windows))

    return read


def _openvino_reader(graph: Path, threads: int) -> Read:
    from openvino import Core

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    compiled = Core().compile_model(graph, "CPU", settings)
    return lambda windows: [compiled([w.ids[None, :]]) for w in windows]


def _products(shapes: Sequence[Shape], threads: int) -> Callable[[], object]:
    """int8 matrix products of these shapes and nothing else, as many times side by side as there are threads."""
    dice = np.random.default_rng(0)
    inputs = {f"a{m}x{k}": dice.integers(0, 256, (m, k), np.uint8) for m, k, _ in shapes}
    weights = [dice.integers(-64, 65, (k, n), np.int8) for _, k, n in shapes]
    nodes = [
        helper.make_node("MatMulInteger", [f"a{m}x{k}", f"w{i}", "zero"], [f"y{i}"])
        for i, (m, k, _) in enumerate(shapes)
    ]
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, value.shape) for name, value in inputs.items()],
        [helper.make_tensor_value_info(f"y{i}", TensorProto.INT32, (m, n)) for i, (m, _, n) in enumerate(shapes)],
        [
            numpy_helper.from_array(np.array(128, np.uint8), "zero"),
            *(numpy_helper.from_array(w, f"w{i}") for i, w in enumerate(weights)),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(lambda _: session.run(None, inputs), range(threads)))
