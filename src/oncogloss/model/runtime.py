"""Running the exported network: ONNX on the CPU, one window a call.

A call holds one window and runs on one thread, calls run side by side. So a window's result never depends
on its neighbours in a batch: int8 activations are scaled within one call.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

from oncogloss.errors import BundleError
from oncogloss.model.decode import WindowScores
from oncogloss.model.windows import Window

_SLOWER = ["SkipLayerNormFusion"]  # its fused kernel takes nine times as long as a sum and a norm: decision 8
_INPUTS, _OUTPUTS = ["ids"], [name for name in WindowScores._fields if name != "own"]


class Runtime:
    """An ONNX session behind a small pool of threads; immutable, may be shared between threads."""

    def __init__(self, graph: bytes, threads: int | None = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
            )
        except Exception as error:  # onnxruntime raises its own unexported classes
            reason = str(error).splitlines()[0][:200]
            raise BundleError(f"The model's network does not load ({reason}); reinstall the model.") from None
        names = ([i.name for i in self._session.get_inputs()], [o.name for o in self._session.get_outputs()])
        self._outputs = names[1]
        if names[0] != _INPUTS or self._outputs not in (_OUTPUTS, [*_OUTPUTS, "own"]):
            raise BundleError(
                f"The model's network has inputs {names[0]} and outputs {names[1]}, wanted {_INPUTS} and {_OUTPUTS}."
            )
        self._threads = threads or min(4, usable_cores())
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="oncogloss")

    def run(self, windows: Iterable[Window]) -> Iterator[tuple[Window, WindowScores]]:
        """Scores of each window, in order; only a few are held in memory at a time."""
        waiting: deque[tuple[Window, Future[WindowScores]]] = deque()
        for window in windows:
            waiting.append((window, self._pool.submit(self._scores, window)))
            if len(waiting) > self._threads:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()

    def _scores(self, window: Window) -> WindowScores:
        outputs = self._session.run(self._outputs, {"ids": window.ids[None, :]})
        own = outputs[len(_OUTPUTS) :]
        return WindowScores(*(np.asarray(output)[0] for output in outputs[: len(_OUTPUTS)]), *own)


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def graph_of(path: Path) -> bytes:
    """The bytes of an ONNX file. Raises BundleError where it is missing."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}; reinstall the model.") from None
