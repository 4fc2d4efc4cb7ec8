"""What a model costs on this machine: disk, cold start, memory, speed. A benchmark to read, not a timed test."""

from __future__ import annotations

import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from oncogloss.model.bundle import find_bundle, open_bundle
from oncogloss.model.runtime import usable_cores
from oncogloss.model.tokenizer import Tokenizer
from oncogloss.model.windows import cut_windows, read_stream
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import Document

FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")

_COLD = """
import resource, sys, time
begun = time.perf_counter()
import oncogloss
oncogloss.extract(sys.stdin.read(), model=sys.argv[1])
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(documents: Sequence[Document], model: str) -> str:
    """Markdown table of what the model costs on this machine, measured now on `documents`."""
    pipeline = load(model)
    folder = find_bundle(model)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 1e6
    text = "\n".join(p.text for p in documents[0].passages)
    cold = [_cold_start(text, str(folder)) for _ in range(5)]
    times = [_best(lambda d=d: pipeline.extract(d)) for d in documents]  # type: ignore[misc]
    long = document_of(documents, pipeline.tokenizer, 1_500)
    *lengths, length = (len(read_stream(d.passages, pipeline.tokenizer).ids) for d in (*documents, long))
    rows = [
        ("bundle on disk", f"{size:.1f} MB"),
        (
            "import + first extraction, a fresh process (median of 5)",
            f"{statistics.median(c[0] for c in cold):.2f} s",
        ),
        ("peak memory of that process", f"{max(c[1] for c in cold):.0f} MiB"),
        ("peak memory of this process over all records", f"{_peak():.0f} MiB"),
        (
            f"a record, median of {len(documents)} ({statistics.median(lengths):.0f} tokens)",
            _ms(statistics.median(times)),
        ),
        (f"a record of {length:,} tokens", _ms(_best(lambda: pipeline.extract(long)))),
        ("tokens a second, whole pipeline", f"{sum(lengths) / sum(times):,.0f}"),
        *_beside_torch(documents, pipeline, model),
    ]
    lines = [
        f"Model {pipeline.info.name} {pipeline.info.version}; {machine()}.",
        "",
        "| what | figure |",
        "|---|---|",
    ]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])


def machine() -> str:
    """What this machine is, for figures that depend on it."""
    return f"{platform.machine()}, {usable_cores()} cores, Python {platform.python_version()}"


def processor() -> str:
    """Name of this machine's processor and those of its abilities that int8 products depend on."""
    source = Path("/proc/cpuinfo")
    text = source.read_text() if source.is_file() else ""
    name, flags = (re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE) for key in ("model name", "flags"))
    able = [flag for flag in FLAGS if flags and flag in flags[1].split()]
    return f"{name[1] if name else 'unknown processor'} with {', '.join(able) or 'none of its abilities known'}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cold_start(text: str, model: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _COLD, model],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    seconds, mebibytes = done.stdout.split()
    return float(seconds), float(mebibytes)


def _best(run: Callable[[], object], times: int = 3) -> float:
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        run()
        spent.append(time.perf_counter() - begun)
    return min(spent)


def fastest(runs: Mapping[str, Callable[[], object]], times: int = 3) -> dict[str, float]:
    """Least seconds that each took, run in turn so that all see the same machine."""
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            spent[name].append(_best(run, 1))
    return {name: min(seconds) for name, seconds in spent.items()}


def document_of(documents: Sequence[Document], tokenizer: Tokenizer, tokens: int) -> Document:
    """The documents' passages one after another, cut at about `tokens` tokens."""
    text = "\n\n".join(p.text for d in documents for p in d.passages)
    end = tokenizer.encode(text)[1][:tokens][-1, 1]
    return Document(id="long", passages=({"name": "text", "text": text[:end]},))  # type: ignore[arg-type]


def _beside_torch(documents: Sequence[Document], pipeline: Pipeline, model: str) -> list[tuple[str, str]]:
    """The network alone, int8 ONNX beside the same network eager in torch (float32, all cores), in turn."""
    if not (find_spec("torch") and find_spec("onnx")):
        return [("network beside eager torch", "skipped: torch or onnx is not installed")]
    from oncogloss.training.adapters import bundle_network
    from oncogloss.training.finetune import TorchScorer

    bundle = open_bundle(model)
    eager = TorchScorer(bundle_network(bundle))
    windows = [
        w
        for d in documents[:6]
        for w in cut_windows(
            read_stream(d.passages, pipeline.tokenizer), pipeline.config.window, pipeline.config.overlap
        )
    ]
    tokens = sum(len(w.ids) for w in windows)
    times = fastest({"torch": lambda: list(eager.run(windows)), "int8": lambda: list(pipeline.scorer.run(windows))})
    torch, int8 = tokens / times["torch"], tokens / times["int8"]
    return [
        ("network alone, int8 ONNX", f"{int8:,.0f} tokens/s"),
        ("the same network, eager torch", f"{torch:,.0f} tokens/s"),
        ("ratio", f"{int8 / torch:.1f} ×"),
    ]
