from __future__ import annotations

from oncogloss.evaluation.batches import Turns


def test_a_clock_of_turns_tells_the_first_from_the_rest() -> None:
    clock = Turns()
    for clock.turns in (0, 1, 2, 3):
        clock.time(lambda: sum(range(3_000_000)))  # type: ignore[arg-type, return-value]
    assert clock.first > 0 and clock.warm > 0
    assert abs(clock.first + clock.warm - clock.cpu) < 1e-9
