"""A tiny real run of the studio's part without the baselines; `make bench` runs those too."""

import pytest

from bench.serving.sizes import Sizes
from bench.serving.suite import measure_serving

pytestmark = pytest.mark.deep  # 10 to 20 seconds; `make bench` measures the same

TINY = Sizes(
    baselines=False,
    batch_rows=3_000,
    training_rows=600,
    rounds=1,
    warm_up_s=0.0,
    round_s=0.2,
    swaps=4,
    swaps_a_round=4,
    swap_pause_s=0.1,
    job_rows=(600,),
    job_rounds=1,
)


def test_the_studio_is_measured() -> None:
    """Every measurement gives its rows; while models are swapped no answer fails, and none is by neither model."""
    announced: list[str] = []
    results = measure_serving(TINY, None, announced.append)

    rows = {row.what: row for row in results.rows}
    assert not results.failed
    assert not results.left_out
    assert {row.unit for row in results.rows if row.what == "one row, the studio"} >= {"rows/s", "ms, p99"}
    assert {row.unit for row in results.rows if row.what == "1,000 rows, the studio"} >= {"rows/s", "ms, p99"}
    swaps = [row for what, row in rows.items() if "swapped" in what and row.limit is not None]
    assert [(row.measured, row.limit) for row in swaps] == [(0, 0), (0, 0)]
    assert rows["a job on 600-rows.csv: behind a bare LightGBM fit"].measured < 0.2
    assert {"one row beside 1 batch of 3,000 rows", "one row beside 4 batches of 3,000 rows"} <= set(rows)
    assert len(announced) == 6
