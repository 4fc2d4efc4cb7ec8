"""What a bundle's files may hold: graphs that are whole, safetensors that fit, nothing that runs code."""

from __future__ import annotations

import contextlib
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.errors import BundleError
from oncogloss.model.contents import check_contents
from toys import ROOT

onnx = pytest.importorskip("onnx")
PLACES = ("../outside", "/etc/passwd", "weights.bin", "link", "a/../../b")


def outside(location: str) -> object:
    """A tensor whose data lie in another file."""
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def model(**parts: object) -> object:
    graph = onnx.helper.make_graph(parts.pop("nodes", []), "g", [], [], **parts)
    return onnx.helper.make_model(graph)


def in_constant(tensor: object) -> object:
    return model(nodes=[onnx.helper.make_node("Constant", [], ["y"], value=tensor)])


def in_branch(tensor: object) -> object:
    branch = onnx.helper.make_graph([], "b", [], [], initializer=[tensor])
    return model(nodes=[onnx.helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)])


def in_sparse(tensor: object) -> object:
    return model(sparse_initializer=[onnx.SparseTensorProto(values=tensor, indices=tensor, dims=[1])])


def in_sparse_constant(tensor: object) -> object:
    sparse = onnx.SparseTensorProto(values=tensor, indices=tensor, dims=[1])
    return model(nodes=[onnx.helper.make_node("Constant", [], ["y"], sparse_value=sparse)])


def in_function(tensor: object) -> object:
    made = model()
    made.functions.add(name="f").node.append(onnx.helper.make_node("Constant", [], ["y"], value=tensor))
    return made


def in_training(tensor: object) -> object:
    made = model()
    made.training_info.add().algorithm.initializer.append(tensor)
    return made


HOLDERS = (
    lambda t: model(initializer=[t]), in_constant, in_branch, in_sparse, in_sparse_constant, in_function, in_training,
)  # fmt: skip


@pytest.mark.parametrize("location", PLACES)
@pytest.mark.parametrize("holder", HOLDERS)
def test_data_in_other_files_is_refused_wherever_a_tensor_stands(holder: object, location: str) -> None:
    with pytest.raises(BundleError, match="keeps data in other files"):
        check_contents(Path("x/network.onnx"), holder(outside(location)).SerializeToString())
    whole = onnx.numpy_helper.from_array(np.ones(1, np.float32), "w")
    check_contents(Path("x/network.onnx"), holder(whole).SerializeToString())


def test_a_place_without_a_mark_and_a_mark_without_a_place_are_refused_too() -> None:
    for spare in ("external_data", "data_location"):
        tensor = outside("x")
        tensor.ClearField(spare)
        with pytest.raises(BundleError, match="keeps data in other files"):
            check_contents(Path("network.onnx"), model(initializer=[tensor]).SerializeToString())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_graph_or_refused_with_one_sentence(data: bytes) -> None:
    for name in ("network.onnx", "adapter.safetensors"):
        with contextlib.suppress(BundleError):  # nothing else may come out
            check_contents(Path(name), data)


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps({"w": [1.0]}), b"PK\x03\x04" + bytes(60), b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x3a\x10\x00", b"\x08" + b"\xff" * 11, b"\x0b",
    ],
)  # fmt: skip
def test_a_pickle_a_zip_and_impossible_lengths_are_no_graph(data: bytes) -> None:
    with pytest.raises(BundleError, match="does not load as an ONNX graph"):
        check_contents(Path("network.onnx"), data)


def within(tag: int, data: bytes) -> bytes:
    """A protobuf message as a field of another."""
    length, coded = len(data), b""
    while length > 127:
        coded, length = coded + bytes([length & 127 | 128]), length >> 7
    return bytes([tag]) + coded + bytes([length]) + data


@pytest.mark.parametrize(("depth", "fits"), [(5, True), (100, False)])
def test_graphs_nested_without_end_are_refused(depth: int, fits: bool) -> None:
    data = b""
    for _ in range(depth):
        for tag in (0x32, 0x2A, 0x0A):  # graph in attribute in node in graph
            data = within(tag, data)
    if fits:
        check_contents(Path("network.onnx"), within(0x3A, data))
    else:
        with pytest.raises(BundleError, match="does not load"):
            check_contents(Path("network.onnx"), within(0x3A, data))


def safetensors(header: object, body: bytes = b"", length: int | None = None) -> bytes:
    raw = json.dumps(header).encode()
    return (len(raw) if length is None else length).to_bytes(8, "little") + raw + body


GOOD = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {"x": "y"}}


def test_safetensors_that_fit_pass_and_others_do_not() -> None:
    path = Path("adapter.safetensors")
    check_contents(path, safetensors(GOOD, bytes(4)))
    gap = {"a": {"data_offsets": [0, 4]}, "b": {"data_offsets": [8, 12]}}
    for bad in (
        safetensors(GOOD, bytes(4), 2**63), safetensors(GOOD, bytes(4), 10**9), safetensors(GOOD, bytes(3)),
        safetensors(GOOD, bytes(5)), safetensors(gap, bytes(12)), safetensors([1]), safetensors({"a": 3}), b"",
        pickle.dumps([1]), safetensors({"a": {"data_offsets": [0]}}, bytes(4)), b"\x08\0\0\0\0\0\0\0" + b"[" * 8,
        safetensors({"a": {"data_offsets": ["x", "y"]}}), safetensors({"a": {"data_offsets": [[], 4]}}, bytes(4)),
    ):  # fmt: skip
        with pytest.raises(BundleError, match="is no safetensors file"):
            check_contents(path, bad)


@pytest.mark.parametrize("name", ["model.pt", "model.pkl", "network.bin", "x.npy", "run.py", "a.pth", "noname"])
def test_other_kinds_of_file_are_refused(name: str) -> None:
    with pytest.raises(BundleError, match="is no kind of file that a model has"):
        check_contents(Path(name), b"x")


@pytest.mark.parametrize("name", ["micro", "nano"])
def test_the_graphs_that_ship_are_whole(name: str) -> None:
    path = ROOT / "models" / name / "network.onnx"
    check_contents(path, path.read_bytes())
