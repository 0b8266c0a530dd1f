"""Which addresses files may come from and go to: public ones, and what the operator allows besides.

A name is resolved once and the connection goes to the very address that was checked, so that a name server that
changes its answer gains nothing.
"""

import ipaddress
import socket
from collections.abc import Sequence

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def resolve(host: str, port: int, allowed: Sequence[Network]) -> list[str]:
    """Return the addresses of ``host`` that may be connected to.

    Raises:
        TaskError: TRANSIENT when the name can't be resolved, PERMANENT when any of its addresses is an internal one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        sentence = f"The name {host} could not be resolved: {error}."
        raise TaskError.of(FailureKind.INTERNAL, sentence, host=host, operation="resolve") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        if not is_permitted(text, allowed):
            sentence = (
                f"{host} has the address {text}, which is not public: no file comes from or goes to an internal "
                "address unless the operator allows the network (HOWDAH_STAGING_ALLOWED_NETWORKS)."
            )
            raise TaskError.of(FailureKind.PERMANENT, sentence, host=host, operation="resolve")
    return addresses


def is_permitted(text: str, allowed: Sequence[Network]) -> bool:
    """Tell whether the address is public, or in a network that the operator allows."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    inner = _inside(address)
    return any(address in network for network in allowed) or (
        _is_public(address) and (inner is None or _is_public(inner))
    )


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inside(address: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo; the prefix of NAT64 is reserved."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
