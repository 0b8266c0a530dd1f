"""Which services the stack runs, in how many instances and which revision: kept in a file, for the next start too.

Nothing is started or stopped here: the fleet says what is wanted, the supervisor brings its children to it
(``rollout``).
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from howdah.contracts.control import (
    Accepted,
    DeployService,
    RefusalReason,
    Refused,
    RemoveService,
    RestartService,
    RollBackService,
    ScaleService,
    ServiceWish,
)
from howdah.contracts.services import MAX_REPLICAS, MAX_REVISIONS, ServiceDeployment, ServiceKind, ServiceName
from howdah.local.child import ChildSpec
from howdah.local.errors import LocalStackError
from howdah.runtime.private_files import write_private

Describe = Callable[[str, ServiceDeployment | None, int, str], ChildSpec]
"""(service, what it was deployed as if it is a custom one, number of the instance, revision) → what to run."""
FIRST: Final = "1"


class _Revision(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    deployment: ServiceDeployment


class _Kept(BaseModel):
    """What is remembered of one service. A built-in one has no revisions: it is what is installed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    replicas: int = Field(default=1, ge=0, le=MAX_REPLICAS)
    number: int = Field(default=1, ge=1)
    """Counts every change that replaces instances."""
    revisions: tuple[_Revision, ...] = ()
    """The last is the present one."""


class _Memory(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    services: dict[ServiceName, _Kept] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One service as it is wanted."""

    name: str
    kind: ServiceKind
    replicas: int
    revision: str
    deployment: ServiceDeployment | None = None
    can_roll_back: bool = False


class Fleet:
    """The services of one stack. Safe to share among threads: wishes come from the control socket's."""

    def __init__(self, path: Path, built_in: Iterable[str], platform: Iterable[str], describe: Describe) -> None:
        self._path = path
        self._built_in = tuple(built_in)
        self._platform = tuple(platform)
        self._describe = describe
        self._lock = threading.Lock()
        self._services: Mapping[str, _Kept] = self._read()
        self._described: tuple[tuple[tuple[Wanted, int], ...], tuple[ChildSpec, ...]] = ((), ())

    def wanted(self) -> tuple[Wanted, ...]:
        """Return every service, in starting order: the platform's own, the built-in ones, the custom ones."""
        with self._lock:
            services = self._services
        custom = [name for name, kept in services.items() if kept.revisions]
        return (
            *(Wanted(name, ServiceKind.PLATFORM, 1, FIRST) for name in self._platform),
            *(_wanted(name, ServiceKind.BUILT_IN, services.get(name, _Kept())) for name in self._built_in),
            *(_wanted(name, ServiceKind.CUSTOM, services[name]) for name in sorted(custom)),
        )

    def specs(self, *kinds: ServiceKind) -> tuple[ChildSpec, ...]:
        """Return what to run for the services of these kinds, but not the platform's own. For one thread."""
        instances = tuple(
            (one, number)
            for one in self.wanted()
            if one.kind in kinds and one.kind is not ServiceKind.PLATFORM
            for number in range(1, one.replicas + 1)
        )
        if instances != self._described[0]:  # asked ten times a second, and each description reads files
            specs = (self._describe(one.name, one.deployment, number, one.revision) for one, number in instances)
            self._described = (instances, tuple(specs))
        return self._described[1]

    def take(self, wish: ServiceWish) -> Accepted | Refused:
        """Remember what is wished, or say why it can't be. The supervisor follows within moments."""
        with self._lock:
            kind, kept = self._kind_of(wish.name), self._services.get(wish.name, _Kept())
            refusal = self._refusal(wish, kind, kept)
            if refusal is not None:
                return refusal
            changed = _changed(wish, kept)
            services = {name: one for name, one in self._services.items() if name != wish.name}
            if changed is not None:
                services[wish.name] = changed
            write_private(self._path, _Memory(services=services).model_dump_json(indent=2).encode() + b"\n")
            self._services = services
        return Accepted()

    def is_platform(self, name: str) -> bool:
        """Tell whether ``name`` is one of the platform's own processes."""
        return name in self._platform

    def _kind_of(self, name: str) -> ServiceKind | None:
        if name in self._platform:
            return ServiceKind.PLATFORM
        if name in self._built_in:
            return ServiceKind.BUILT_IN
        return ServiceKind.CUSTOM if name in self._services else None

    @staticmethod
    def _refusal(wish: ServiceWish, kind: ServiceKind | None, kept: _Kept) -> Refused | None:
        if isinstance(wish, DeployService):
            return _refused_deployment(wish, kind)
        if kind is None:
            return Refused(sentence=f"there is no service {wish.name!r}", reason=RefusalReason.UNKNOWN)
        match wish:
            case ScaleService() if kind is ServiceKind.PLATFORM:
                return _conflict(f"{wish.name} runs once in a local stack")
            case RemoveService() if kind is not ServiceKind.CUSTOM:
                return _conflict(f"{wish.name} is a service of the platform: scale it to 0 where it is not wanted")
            case RollBackService() if len(kept.revisions) < 2:  # noqa: PLR2004 - the present one and one before it
                return _conflict(f"{wish.name} has no earlier revision")
            case _:
                return None

    def _read(self) -> Mapping[str, _Kept]:
        try:
            return _Memory.model_validate_json(self._path.read_bytes()).services
        except FileNotFoundError:
            return {}
        except ValidationError as error:
            raise LocalStackError(
                f"{self._path} is damaged ({error.error_count()} fields): restore it, or delete it to run the "
                "built-in services only"
            ) from None


def _wanted(name: str, kind: ServiceKind, kept: _Kept) -> Wanted:
    deployment = kept.revisions[-1].deployment if kept.revisions else None
    return Wanted(name, kind, kept.replicas, str(kept.number), deployment, can_roll_back=len(kept.revisions) > 1)


def _changed(wish: ServiceWish, kept: _Kept) -> _Kept | None:
    following = kept.number + 1 if kept.revisions else kept.number
    match wish:
        case ScaleService(replicas=replicas):
            return kept.model_copy(update={"replicas": replicas})
        case RestartService():
            return kept.model_copy(update={"number": kept.number + 1})
        case DeployService(deployment=deployment):
            present = kept.revisions[-1].deployment if kept.revisions else None
            if present is not None and _runs_the_same(present, deployment):
                return kept.model_copy(update={"replicas": deployment.replicas})
            revisions = (*kept.revisions, _Revision(number=following, deployment=deployment))[-MAX_REVISIONS:]
            return _Kept(replicas=deployment.replicas, number=following, revisions=revisions)
        case RollBackService():
            *oldest, before, last = kept.revisions
            again = _Revision(number=following, deployment=before.deployment)
            return kept.model_copy(update={"number": following, "revisions": (*oldest, last, again)})
        case RemoveService():
            return None


def _runs_the_same(one: ServiceDeployment, other: ServiceDeployment) -> bool:
    return one.model_copy(update={"replicas": 0}) == other.model_copy(update={"replicas": 0})


def _refused_deployment(wish: DeployService, kind: ServiceKind | None) -> Refused | None:
    folder = wish.deployment.directory
    if kind not in {None, ServiceKind.CUSTOM}:
        return _conflict(f"{wish.name} is a service of the platform: choose another name")
    if folder is None:
        return Refused(sentence="directory: is needed on a local stack: the folder that holds the module")
    return None if Path(folder).is_dir() else Refused(sentence=f"directory: there is no folder {folder}")


def _conflict(sentence: str) -> Refused:
    return Refused(sentence=sentence, reason=RefusalReason.CONFLICT)
