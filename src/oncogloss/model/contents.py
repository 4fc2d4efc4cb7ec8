"""What a bundle's files may hold, looked at before any of them is used: an ONNX graph that is whole in its file, and
safetensors whose header fits. Neither can run code; a pickle by any name is neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from oncogloss.errors import BundleError

SUFFIXES = (".json", ".md", ".onnx", ".safetensors", ".xz")
_HEADER = 1 << 20  # bytes of the longest safetensors header that is read
_DEPTH = 64  # messages inside one another

# Of ONNX's messages (onnx.proto3), the fields that hold messages in which a tensor may stand: number → message.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # fields of a tensor


def check_contents(path: Path, data: bytes) -> None:
    """Raises BundleError where a file of a bundle is of another kind than its name says, or data lies elsewhere."""
    if path.suffix not in SUFFIXES:
        raise BundleError(f"{path} is no kind of file that a model has ({', '.join(SUFFIXES)}).")
    if path.suffix == ".onnx":
        try:
            outside = _has_outside_data(memoryview(data), "model")
        except ValueError:
            raise BundleError(f"{path} does not load as an ONNX graph; reinstall the model.") from None
        if outside:
            raise BundleError(f"{path} keeps data in other files; a model's network must be whole in its file.")
    elif path.suffix == ".safetensors" and not _is_safetensors(data):
        raise BundleError(f"{path} is no safetensors file; reinstall the model.")


def _has_outside_data(message: memoryview, kind: str, depth: int = 0) -> bool:
    if depth > _DEPTH:
        raise ValueError("too deep")
    for number, value in _fields(message):
        if kind == "tensor" and number in (_EXTERNAL_DATA, _DATA_LOCATION) and value != 0:
            return True
        inside = _INSIDE[kind].get(number)
        if inside is not None:
            if isinstance(value, int):
                raise ValueError("a number in place of a message")
            if _has_outside_data(value, inside, depth + 1):
                return True
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of a protobuf message's fields; raises ValueError where its bytes are none."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if wire == 2:
            length, at = _varint(message, at)
        else:
            length = {1: 8, 5: 4}.get(wire, len(message) + 1)
        if length > len(message) - at:
            raise ValueError("a field is longer than the message")
        yield key >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number that does not end")


def _is_safetensors(data: bytes) -> bool:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, _HEADER):
        return False
    try:
        header = json.loads(data[8 : 8 + length])
        places = sorted(tuple(entry["data_offsets"]) for name, entry in header.items() if name != "__metadata__")
        edges = [0, *(end for _, end in places)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return [start for start, _ in places] == edges[:-1] and edges[-1] == len(data) - 8 - length
