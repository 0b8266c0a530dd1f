from hypothesis import given, settings
from hypothesis import strategies as st

from howdah.messaging.memory.group import Group

steps = st.lists(st.tuples(st.sampled_from(["join", "leave", "poll", "grow"]), st.integers(0, 5)), max_size=40)


@given(st.integers(1, 12), steps)
@settings(max_examples=80)
def test_partitions_are_shared_evenly_and_never_owned_by_two(partitions: int, moves: list[tuple[str, int]]) -> None:
    group, sizes = Group(), {"t": partitions}
    for what, member in moves:
        if what == "join" and member not in group.members:
            group.join(member, ["t"], sizes)
        elif what == "leave" and member in group.members:
            group.leave(member, sizes)
        elif what == "grow":
            sizes = {"t": min(20, sizes["t"] + 1)}
            group.rebalance(sizes)
        elif what == "poll" and member in group.members:
            _poll(group, member)
    for _ in range(2):
        for member in group.members:
            _poll(group, member)
    load = [sum(owner == member for owner in group.owners.values()) for member in group.members]
    if load:
        assert sum(load) == sizes["t"]
        assert max(load) - min(load) <= 1


def _poll(group: Group, member: int) -> None:
    for partition in group.to_revoke(member):
        del group.owners[partition]
    for partition in group.to_assign(member):
        assert partition not in group.owners
        group.owners[partition] = member


def test_a_newcomer_moves_only_its_share() -> None:
    group, sizes = Group(), {"t": 12}
    for member in (1, 2):
        group.join(member, ["t"], sizes)
    for member in (1, 2):
        _poll(group, member)
    group.join(3, ["t"], sizes)
    assert len(group.to_revoke(1)) == len(group.to_revoke(2)) == 2
