import pytest
from deidstream.stream.instances import Instance, instances

CHAINS = (("ingest",), ("identify",), ("fields", "text"), ("delivery",))


def test_every_chain_is_one_process_unless_said_otherwise() -> None:
    assert [one.name for one in instances(CHAINS)] == ["ingest", "identify", "fields+text", "delivery"]


def test_replicas_of_a_stage_are_replicas_of_its_chain_each_with_a_name_and_a_number() -> None:
    found = instances(CHAINS, {"text": 3})
    assert [(one.name, one.number) for one in found] == [
        ("ingest", 0),
        ("identify", 1),
        ("fields+text", 2),
        ("fields+text.2", 3),
        ("fields+text.3", 4),
        ("delivery", 5),
    ]


def test_the_replicas_of_a_chain_know_that_they_share_what_it_has() -> None:
    assert [one.shares for one in instances(CHAINS, {"ingest": 2})] == [True, True, False, False, False]
    assert Instance(("ingest",), 2).shares  # added by hand, to a number that it does not know


def test_a_part_of_a_chain_is_named_like_the_whole() -> None:
    assert Instance(("fields", "text"), 2).named(["text"]) == "text.2"


@pytest.mark.parametrize(
    ("chains", "replicas", "said"),
    [
        ((("identify",), ("identify", "fields")), {}, "two chains"),
        ((("identity",),), {}, "no such stage: identity"),
        (CHAINS, {"txet": 2}, "no such stage: txet"),
        (CHAINS, {"writer": 2}, "no chain has: writer"),
        (CHAINS, {"text": 0}, "from 1 to 64"),
        (CHAINS, {"text": 2, "fields": 3}, "different numbers"),
    ],
)
def test_what_cannot_be_is_refused(chains: tuple[tuple[str, ...], ...], replicas: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        instances(chains, replicas)
