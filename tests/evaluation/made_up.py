"""Results of a comparison that nobody ran, in the shape that `compare` writes."""

from __future__ import annotations

from typing import Any

from oncogloss.schema import ENTITY_TYPES

LINE = "Adults with unresectable moon sarcoma receive zorbatinib 40 mg orally."


def result(system: str, f1: float, cpu: float, **changes: Any) -> dict[str, Any]:
    """A system of that strict F1 (of every type) and CPU seconds a record."""

    def counts(share: float, wanted: int = 100) -> dict[str, int]:
        return {"right": round(share * wanted), "found": wanted, "wanted": wanted}

    def table(share: float) -> dict[str, dict[str, int]]:
        return {t: counts(share, 10 if t == "REGIMEN" else 100) for t in ENTITY_TYPES}

    return {
        "system": system,
        "steps": ["cut into words", "tag"],
        "settings": "made up",
        "split": "dev",
        "sample": "",
        "machine": "a machine of ours, 2 cores",
        "date": "2026-11-26",
        "seed": 0,
        "command": "oncogloss compare --split dev",
        "records": {"training": 400, "read": 30},
        "scores": {
            "strict": table(f1),
            "relaxed": table(min(1, f1 + 0.04)),
            "seen": table(min(1, f1 + 0.05)),
            "unseen": table(f1 - 0.1),
            "relations": {"TREATS": counts(f1 - 0.1) if system == "micro" else {"right": 0, "found": 0, "wanted": 100}},
            "attributes": counts(f1 - 0.1),
        },
        "training": {"seconds": 900.0, "cpu_seconds": 600.0, "peak_mib": 900},
        "size": {"parameters": 18_400_000, "bytes": 19_800_000},
        "running": {
            "cold_start_seconds": 0.5,
            "peak_mib": 234,
            "cold_start_cpu_seconds": 0.4,
            "seconds_p50": cpu * 1.1,
            "seconds_p95": cpu * 2.5,
            "cpu_seconds_p50": cpu,
            "cpu_seconds_p95": cpu * 2.4,
            "cpu_seconds": cpu,
            "records_per_hour": round(7200 / cpu),
            "load": 0.4,
            "tokens": None,
            "energy": None,
            "by_length": [
                {"characters": [n * 1000, n * 1900], "records": 7, "seconds": cpu * n / 3, "cpu_seconds": cpu * n / 3}
                for n in (1, 2, 4, 8)
            ],
        },
        "curve": [
            {"share": s, "records": int(400 * s), "strict": f1 - 0.1 * (1 - s), "relaxed": f1, "cpu_seconds": 1.0}
            for s in (0.25, 0.5)
        ],
        "update": {
            "names": 20, "able": True, "sentences": 40, "seconds": 70.0, "cpu_seconds": 60.0,
            "recall_before": f1 - 0.3, "recall_after": f1,
        },
        "examples": [
            {
                "record": "NCT1", "passage": "summary", "start": 100, "end": 100 + len(LINE),
                "wanted": [["STAGE", 112, 124], ["CANCER", 125, 137], ["DRUG", 146, 156]],
                "found": [["CANCER", 112, 137], ["DRUG", 146, 156]],
            }
        ],
        **changes,
    }  # fmt: skip
