"""Which backend an installation has, by its settings."""

from api_server.cluster.abstract import ControlPlane, NoControlPlane
from api_server.cluster.local_stack import LocalStack
from api_server.settings import ApiSettings
from howdah.contracts.errors import ConfigurationError


def open_control_plane(settings: ApiSettings) -> ControlPlane:
    """Return the backend that ``HOWDAH_CLUSTER`` names; nothing is asked of it yet."""
    match settings.cluster:
        case "none":
            return NoControlPlane()
        case "local":
            if settings.cluster_socket is None:
                raise ConfigurationError(
                    "HOWDAH_CLUSTER_SOCKET: the path of the local stack's control socket is needed"
                )
            return LocalStack(settings.cluster_socket)
        case "kubernetes":
            from api_server.cluster.kubernetes.backend import open_kubernetes  # half a second, and not everybody's

            return open_kubernetes(settings.cluster_namespace)
