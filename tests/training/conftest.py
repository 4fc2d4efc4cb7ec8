"""Where torch is not installed, the tests of what trains are left out; those of corpora and labels run."""

from importlib.util import find_spec

import pytest

NEED_TORCH = [
    "test_benchmark.py",
    "test_finetune.py",
    "test_objectives.py",
    "test_pretrain.py",
    "test_curve.py",
    "test_quantize.py",
    "test_recipes.py",
    "test_packing.py",
    "test_distillation.py",
    "test_ablation.py",
    "test_taggers.py",
    "test_adapters.py",
    "test_update.py",
    "test_labels.py",
]
collect_ignore = [] if find_spec("torch") else NEED_TORCH


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> None:
    """Networks this small run slower on many threads than on one."""
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)
