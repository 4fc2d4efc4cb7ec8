"""Low-rank adapters (Hu et al. 2021): a small product of two matrices beside each large one of a network.

An update learns nothing else. The rounded weights stay as they are to the last bit, for what is learned is smaller than
their rounding steps and would be lost in them; in the graph the adapters stand beside them in float.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from oncogloss.errors import BundleError
from oncogloss.model.bundle import GRAPH, TOKENIZER, Bundle, open_bundle
from oncogloss.model.network import Network
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.training.quantize import CALM, PLACES, load_rounded

ADAPTERS = "oncogloss.adapters"  # key of the graph's metadata: the layers that have one, as JSON
RANK = 16
HEADS = ("spans.ends",)
IN_A_LAYER = ("attention_output", "feed_forward_out")  # the narrow outputs: wide ones cost a tenth of the time each

Adapters = dict[str, tuple[Tensor, Tensor]]  # by a layer's name: down (rank, inputs), up (outputs, rank)


class Adapted(nn.Module):
    """A linear layer that is left as it is, and a low-rank one added to it. Starts as the layer alone."""

    def __init__(self, plain: nn.Linear, rank: int) -> None:
        super().__init__()
        self.plain = plain
        self.down = nn.Parameter(torch.randn(rank, plain.in_features) / plain.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(plain.out_features, rank))

    def forward(self, input: Tensor) -> Tensor:
        """(…, inputs) → (…, outputs)."""
        output: Tensor = self.plain(input) + F.linear(F.linear(input, self.down), self.up)
        return output


def layer_names(network: Network) -> Iterator[str]:
    """The linear layers that get an adapter, by their names in the network."""
    for i in range(len(network.encoder.layers)):
        yield from (f"encoder.layers.{i}.{name}" for name in IN_A_LAYER)
    yield from HEADS


def adapted(network: Network, learned: Adapters, rank: int = RANK) -> Network:
    """A copy of the network of which only adapters can learn: those `learned` before, or fresh ones."""
    copied = copy.deepcopy(network)
    copied.requires_grad_(False)
    for name in list(layer_names(copied)):
        above, _, last = name.rpartition(".")
        parent = copied.get_submodule(above)
        layer = Adapted(getattr(parent, last), rank)
        if name in learned:
            down, up = learned[name]
            layer.down, layer.up = nn.Parameter(down.clone()), nn.Parameter(up.clone())
        setattr(parent, last, layer)
    return copied


def adapters_of(network: Network) -> Adapters:
    """What the adapters of a network from `adapted` have learned."""
    return {
        name: (layer.down.detach().cpu(), layer.up.detach().cpu())
        for name, layer in network.named_modules()
        if isinstance(layer, Adapted)
    }


def stored_adapters(graph: onnx.ModelProto) -> Adapters:
    """The adapters that a graph holds, by layer; none where it was never updated."""
    held = {t.name: numpy_helper.to_array(t) for t in graph.graph.initializer}
    listed = {p.key: p.value for p in graph.metadata_props}
    calm = _calms(graph)
    found: Adapters = {}
    for name in json.loads(listed.get(ADAPTERS, "[]")):
        down, up = (torch.from_numpy(held[f"adapter.{name}.{part}"].T.copy()) for part in ("down", "up"))
        found[name] = (down * calm.get(name, torch.ones(1)), up)
    return found


class Pupil(NamedTuple):
    """A model that is to learn more: its graph, a network of which only adapters can learn, and the one without any
    adapter, whom it goes on to imitate: were it to imitate what it has become, each update would add to the drift."""

    bundle: Bundle
    tokenizer: Tokenizer
    graph: onnx.ModelProto
    network: Network
    teacher: Network


def pupil_of(model: str | Path) -> Pupil:
    """Open a model to teach it more. Raises BundleError where it holds no weights that can be updated."""
    bundle = open_bundle(model)
    tokenizer = Tokenizer(bundle.path(TOKENIZER).read_text(encoding="utf-8"))
    graph = onnx.load(bundle.path(GRAPH), load_external_data=False)
    teacher = load_rounded(bundle.network, bundle.path(GRAPH)).eval()
    network = adapted(teacher, stored_adapters(graph)).eval()  # dropout would teach it to do without what is dropped
    return Pupil(bundle, tokenizer, graph, network, teacher)


def bundle_network(bundle: Bundle) -> Network:
    """The network of a bundle, rounded as it runs, its adapters added to the weights that they stand beside."""
    path = bundle.path(GRAPH)
    network = load_rounded(bundle.network, path)
    for name, (down, up) in stored_adapters(onnx.load(path, load_external_data=False)).items():
        network.get_submodule(name).weight.data += up @ down  # type: ignore[operator]
    return network


def graft(graph: onnx.ModelProto, learned: Adapters) -> onnx.ModelProto:
    """A copy of a rounded graph of ours with these adapters beside its matrices, in place of those it had.

    Raises BundleError where the graph does not hold its matrices as `training.quantize` leaves them.
    """
    grown = onnx.ModelProto()
    grown.CopyFrom(graph)
    _remove(grown)
    places = json.loads({p.key: p.value for p in grown.metadata_props}[PLACES])
    calm = _calms(grown)
    nodes = list(grown.graph.node)
    for name, (down, up) in learned.items():
        product = _product_of(nodes, places[f"{name}.weight"][0])
        value = _input_of(nodes, product)
        scaled = next(n for n in nodes if n.op_type == "Mul" and n.input[0] == f"{product.output[0]}_cast_output")
        biased = next(n for n in nodes if n.op_type == "Add" and n.input[0] == scaled.output[0])
        output, plain = biased.output[0], f"adapter.{name}.plain"
        biased.output[0] = plain
        down = down / calm.get(name, torch.ones(1))
        for part, matrix in (("down", down), ("up", up)):
            held = numpy_helper.from_array(matrix.T.contiguous().numpy(), f"adapter.{name}.{part}")
            grown.graph.initializer.append(held)
        added = [
            helper.make_node("MatMul", [value, f"adapter.{name}.down"], [f"adapter.{name}.low"]),
            helper.make_node("MatMul", [f"adapter.{name}.low", f"adapter.{name}.up"], [f"adapter.{name}.high"]),
            helper.make_node("Add", [plain, f"adapter.{name}.high"], [output]),
        ]
        at = nodes.index(biased) + 1
        nodes[at:at] = added
    del grown.graph.node[:]
    grown.graph.node.extend(nodes)
    others = {p.key: p.value for p in grown.metadata_props}
    helper.set_model_props(grown, others | {ADAPTERS: json.dumps(sorted(learned))})
    onnx.checker.check_model(grown)
    return grown


def hidden_name(graph: onnx.ModelProto) -> str:
    """The name of the encoder's vectors in a graph, from which the heads read."""
    places = json.loads({p.key: p.value for p in graph.metadata_props}[PLACES])
    nodes = list(graph.graph.node)
    return _input_of(nodes, _product_of(nodes, places["spans.ends.weight"][0]))


def _remove(graph: onnx.ModelProto) -> None:
    """Take the adapters out of a graph, in place."""
    nodes = [n for n in graph.graph.node if n.op_type != "MatMul" or not n.output[0].startswith("adapter.")]
    joined = {n.input[0]: n for n in nodes if n.op_type == "Add" and n.input[1].startswith("adapter.")}
    for node in nodes:
        if node.output[0] in joined:
            node.output[0] = joined[node.output[0]].output[0]
    kept = [n for n in nodes if n not in joined.values()]
    matrices = [t for t in graph.graph.initializer if not t.name.startswith("adapter.")]
    del graph.graph.node[:]
    graph.graph.node.extend(kept)
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(matrices)


def _calms(graph: onnx.ModelProto) -> dict[str, Tensor]:
    """What the inputs of calmed layers are multiplied by, by layer."""
    held = {t.name: t for t in graph.graph.initializer}
    places = json.loads({p.key: p.value for p in graph.metadata_props}[PLACES])
    return {
        name.removesuffix(CALM): torch.from_numpy(numpy_helper.to_array(held[place]).copy())
        for name, (place, _) in places.items()
        if name.endswith(CALM)
    }


def _product_of(nodes: list[onnx.NodeProto], matrix: str) -> onnx.NodeProto:
    for node in nodes:
        if node.op_type == "MatMulInteger" and node.input[1] == f"{matrix}_quantized":
            return node
    raise BundleError(f"The model's graph has no rounded product with {matrix}; it can't be updated, only tuned anew.")


def _input_of(nodes: list[onnx.NodeProto], product: onnx.NodeProto) -> str:
    rounding = next(n for n in nodes if n.op_type == "DynamicQuantizeLinear" and n.output[0] == product.input[0])
    return str(rounding.input[0])
