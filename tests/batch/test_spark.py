"""The recipe of docs/batch.md, where Spark is installed."""

from __future__ import annotations

import json
import re

import pytest

from toys import ROOT

pytest.importorskip("pyspark")
pytestmark = [pytest.mark.enable_socket, pytest.mark.filterwarnings("ignore")]


def test_the_recipe_reads_records_and_says_what_it_cannot_read() -> None:
    from pyspark.sql import SparkSession

    (recipe,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/batch.md").read_text("utf-8"), re.DOTALL)
    spark = SparkSession.builder.master("local[1]").getOrCreate()
    record = json.dumps({"id": "a", "passages": {"eligibility": "Age of 18 years or older."}})
    names = {"studies": spark.createDataFrame([(record,), ("{broken",)], ["json"])}
    exec(recipe, names)
    first, second = (json.loads(row.extraction) for row in names["facts"].collect())  # type: ignore[attr-defined]
    spark.stop()
    assert first["id"] == "a" and first["criteria"] and "not valid JSON" in second["error"]
