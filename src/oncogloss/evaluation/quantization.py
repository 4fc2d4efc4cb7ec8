"""What rounding to int8 costs: the float network beside ways of rounding it, on annotated records."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import QuantType

from oncogloss.evaluation.metrics import Facts, total
from oncogloss.evaluation.run import Evaluation, evaluate, model_reader
from oncogloss.model.bundle import GRAPH, open_bundle
from oncogloss.model.runtime import Runtime, graph_of
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document
from oncogloss.training.adapters import bundle_network
from oncogloss.training.corpora import GoldDocument
from oncogloss.training.quantize import PLACES, calmed, export_onnx, quantize

FREQUENT = 50  # annotated mentions from which a type's own F1 is looked at


def quantization(model: str, gold: Sequence[GoldDocument]) -> str:
    """Markdown: a bundle's network in float, as it ships, and rounded in other ways, all with its thresholds.

    The float network has the weights of the bundle, so what is compared is how activations and weights are rounded on.
    """
    bundle, pipeline = open_bundle(model), load(model)
    network = bundle_network(bundle)
    with tempfile.TemporaryDirectory() as folder:
        plain, calm, rounded = (Path(folder) / name for name in ("plain.onnx", "calm.onnx", "rounded.onnx"))
        export_onnx(network, plain)
        export_onnx(calmed(network), calm)
        exact = _read(pipeline, plain, gold)
        readings = {"float": exact, "int8, as it ships": _read(pipeline, bundle.path(GRAPH), gold)}
        ways: dict[str, tuple[Path, dict[str, Any]]] = {
            "int8, as `oncogloss export` writes it": (calm, {}),
            "feed-forward layers not calmed": (plain, {}),
            "weights of 8 bits": (calm, {"reduce_range": False}),
            "unsigned weights of 8 bits": (calm, {"reduce_range": False, "weight_type": QuantType.QUInt8}),
            "one scale a matrix, not calmed": (plain, {"per_channel": False}),
            "embeddings in float": (calm, {"op_types_to_quantize": ["MatMul"]}),
            "heads in float": (calm, {"nodes_to_exclude": _heads(calm)}),
        }
        for name, (source, changes) in ways.items():
            quantize(source, rounded, **changes)
            readings[name] = _read(pipeline, rounded, gold)
    lines = [
        "| network | entities strict | relaxed | relations | most lost by a frequent type | spans as in float |",
        "|---|---|---|---|---|---|",
    ]
    for name, (e, spans) in readings.items():
        losses = [s.f1 - e.strict[t].f1 for t, s in exact[0].strict.items() if s.wanted >= FREQUENT]
        shared = len(spans & exact[1]) / max(1, len(spans | exact[1]))
        figures = (total(e.strict).f1, total(e.relaxed).f1, total(e.relations).f1, max(losses, default=nan), shared)
        lines.append(f"| {name} | " + " | ".join("–" if isnan(x) else f"{x:.3f}" for x in figures) + " |")
    return "\n".join([f"Model {pipeline.info.name} {pipeline.info.version}, {len(gold)} records.", "", *lines])


def _read(pipeline: Pipeline, graph: Path, gold: Sequence[GoldDocument]) -> tuple[Evaluation, set[Any]]:
    """(scores, all spans found) where the pipeline runs another graph."""
    runtime = Runtime(graph_of(graph))
    read = model_reader(Pipeline(pipeline.info, pipeline.config, pipeline.tokenizer, runtime, pipeline.thresholds))
    spans: set[Any] = set()

    def kept(document: Document) -> Facts:
        found = read(document)
        spans.update(found.entities)
        return found

    return evaluate(kept, gold), spans


def _heads(graph: Path) -> list[str]:
    """Names of the products with the heads' matrices."""
    model = onnx.load(graph)
    places = json.loads(next(p.value for p in model.metadata_props if p.key == PLACES))
    matrices = {place for name, (place, _) in places.items() if not name.startswith("encoder.")}
    return [node.name for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in matrices]
