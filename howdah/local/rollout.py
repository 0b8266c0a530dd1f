"""Bringing the children that run to those that are wanted, one instance of a service at a time."""

from collections.abc import Callable, Sequence

from howdah.contracts.control import ChildState
from howdah.local.child import ChildSpec
from howdah.local.kept_child import KeptChild

_ON_ITS_WAY = frozenset({ChildState.WAITING, ChildState.STARTING})


def step(wave: list[KeptChild], specs: Sequence[ChildSpec], start: Callable[[ChildSpec], KeptChild]) -> None:
    """Do what is due now, without waiting for anything: call it again and again.

    Children that are not wanted any more are asked to stop; ones of an older revision too, but only while no other
    instance of their service is on its way up or down. What has ended is forgotten; what is missing is started.
    """
    wanted = {spec.name: spec for spec in specs}
    for kept in list(wave):
        if kept.state is ChildState.STOPPED:
            wave.remove(kept)
        elif kept.state is not ChildState.STOPPING and _is_due(kept, wave, wanted):
            kept.retire()
    running = {kept.name for kept in wave}
    for name, spec in wanted.items():
        if name not in running:
            wave.append(start(spec))


def _is_due(kept: KeptChild, wave: Sequence[KeptChild], wanted: dict[str, ChildSpec]) -> bool:
    spec = wanted.get(kept.name)
    if spec is None:
        return True
    if spec.member == kept.child.spec.member:
        return False
    siblings = [one for one in wave if one is not kept and _service(one) == _service(kept)]
    return not any(
        one.state is ChildState.STOPPING or (one.state in _ON_ITS_WAY and not _is_stale(one, wanted))
        for one in siblings
    )


def _is_stale(kept: KeptChild, wanted: dict[str, ChildSpec]) -> bool:
    spec = wanted.get(kept.name)
    return spec is None or spec.member != kept.child.spec.member


def _service(kept: KeptChild) -> str | None:
    member = kept.child.spec.member
    return member.service if member else None
