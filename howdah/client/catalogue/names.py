"""Names to ids: what a document refers to, looked up in the catalogue once and remembered."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from howdah.client.catalogue.errors import DocumentsError
from howdah.client.catalogue.reading import Document
from howdah.client.client import Client
from howdah.client.models import (
    ApplicationDeployment,
    ApplicationInterface,
    ApplicationModule,
    ComputeResource,
    Credential,
)

T = TypeVar("T")


class Names:
    """The catalogue as it stands, by name; ``apply`` keeps it up to date with what it makes."""

    def __init__(self, client: Client) -> None:
        self.credentials: dict[str, Credential] = {one.name: one for one in client.credentials.list()}
        self.resources: dict[str, ComputeResource] = {one.name: one for one in client.resources.list()}
        self.modules: dict[tuple[str, str], ApplicationModule] = {
            (one.name, one.release): one for one in client.modules.list()
        }
        self.interfaces: dict[str, ApplicationInterface] = {one.name: one for one in client.interfaces.list()}
        self.deployments: dict[tuple[str, str], ApplicationDeployment] = {
            (one.module_id, one.resource_id): one for one in client.deployments.list()
        }

    def credential_id(self, document: Document, name: str, field: str = "credential") -> str:
        """Return the id of the credential."""
        return self._found(document, field, "credential", self.credentials, name).id

    def resource_id(self, document: Document, name: str, field: str = "resource") -> str:
        """Return the id of the resource."""
        return self._found(document, field, "compute resource", self.resources, name).id

    def interface_id(self, document: Document, name: str) -> str:
        """Return the id of the interface."""
        return self._found(document, "interface", "application interface", self.interfaces, name).id

    def module_id(self, document: Document, name: str, release: str | None) -> str:
        """Return the id of the module; without ``release`` there must be only one."""
        releases = {key[1]: one for key, one in self.modules.items() if key[0] == name}
        if release is not None:
            return self._found(document, "module_release", f"release of {name}", releases, release).id
        if len(releases) > 1:
            known = ", ".join(sorted(releases))
            message = f"{name} is there in several releases ({known}); say which in module_release"
            raise DocumentsError([document.error("module", message)])
        if not releases:
            names = {key[0]: one for key, one in self.modules.items()}
            return self._found(document, "module", "application module", names, name).id
        return next(iter(releases.values())).id

    @staticmethod
    def _found(document: Document, field: str, what: str, known: Mapping[str, T], name: str) -> T:
        try:
            return known[name]
        except KeyError:
            raise DocumentsError([document.error(field, _unknown(what, known, name))]) from None


def _unknown(what: str, known: Iterable[str], name: str) -> str:
    names = sorted(known)
    shown = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")  # noqa: PLR2004 - as many as a person reads
    return f"there is no {what} named {name!r}" + (f"; there are {shown}" if names else ", nor any other")
