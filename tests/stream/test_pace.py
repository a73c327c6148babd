import pytest
from deidstream.stream.pace import BatchSize, Pace

_PACE = Pace(batch=64, least_batch=16, batch_seconds=0.1)


@pytest.mark.parametrize(
    ("took", "sizes", "why"),
    [
        ([(16, 0.05), (32, 0.05), (64, 0.05)], [32, 64, 64], "a backlog of quick cases doubles it up to the limit"),
        ([(5, 0.05)], [16], "nothing waits"),
        ([(16, 0.05), (32, 0.15)], [32, 32], "as long as it should be"),
        (
            [(16, 0.05), (32, 0.3), (16, 0.3)],
            [32, 16, 16],
            "what takes long together halves it, but not below its own cost",
        ),
        ([(16, 32.0), (8, 16.0), (4, 8.0), (2, 4.0), (1, 2.0)], [8, 4, 2, 1, 1], "pictures come one by one"),
        ([(1, 2.0), (8, 0.01)], [8, 16], "messages after a picture are many again"),
    ],
)
def test_a_batch_is_as_large_as_its_cases_are_quick(took: list[tuple[int, float]], sizes: list[int], why: str) -> None:
    size = BatchSize(_PACE)
    found = []
    for records, seconds in took:
        size.took(records, seconds)
        found.append(size.records)
    assert found == sizes, why
