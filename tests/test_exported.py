"""The public surface: sorted, importable, and light (no torch) to import."""

import subprocess
import sys
from importlib.metadata import version

import oncogloss
import oncogloss.readers
import oncogloss.writers


def test_all_is_sorted_and_importable() -> None:
    for module in (oncogloss, oncogloss.readers, oncogloss.writers):
        assert list(module.__all__) == sorted(set(module.__all__))
        assert all(hasattr(module, name) for name in module.__all__)
    assert len(oncogloss.__all__) <= 12
    assert oncogloss.__version__ == version("oncogloss")


def test_nothing_else_is_visible() -> None:
    modules = {name for name, value in vars(oncogloss).items() if type(value) is type(sys)}
    assert {name for name in vars(oncogloss) if not name.startswith("_")} - modules == set(oncogloss.__all__)


def test_import_loads_no_torch() -> None:
    heavy = ("torch", "onnx", "onnxscript", "safetensors", "oncogloss.training", "oncogloss.evaluation")
    code = f"import sys, oncogloss, oncogloss.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
