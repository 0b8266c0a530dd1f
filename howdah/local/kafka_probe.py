"""Asks a Kafka broker for its metadata over a plain socket: is it really serving?

Speaks Metadata version 4 of the Kafka protocol (https://kafka.apache.org/protocol#The_Messages_Metadata) with an empty
topic list. A KRaft broker that is still fenced is not in the answer, so a listening port alone does not count. The
platform's own clients live in ``howdah.messaging``; starting a broker must not need them.
"""

import socket
import struct

from howdah.local.ports import HOST

_METADATA, _VERSION, _CORRELATION = 3, 4, 1
_MAX_ANSWER = 1_000_000
_TIMEOUT_SECONDS = 1.0


def broker_trouble(port: int, cluster_id: str) -> str | None:
    """Return None when a broker of our cluster is active at ``port`` of the loopback address, else a sentence."""
    try:
        with socket.create_connection((HOST, port), timeout=_TIMEOUT_SECONDS) as connection:
            connection.sendall(_request())
            (size,) = struct.unpack(">i", _read(connection, 4))
            if not 0 < size <= _MAX_ANSWER:
                return f"something that is no Kafka broker answers on port {port}"
            brokers, found_id = _parse(_read(connection, size))
    except (OSError, struct.error) as error:
        return f"no Kafka broker answers on port {port} yet ({type(error).__name__})"
    if found_id != cluster_id:
        return f"another Kafka cluster answers on port {port}"
    return None if port in brokers else f"the broker on port {port} is not active yet"


def _request() -> bytes:
    client = b"howdah-probe"
    header = struct.pack(f">hhih{len(client)}s", _METADATA, _VERSION, _CORRELATION, len(client), client)
    body = header + struct.pack(">i?", 0, False)  # no topics, and create none
    return struct.pack(">i", len(body)) + body


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionResetError("the broker closed the connection")
        data += chunk
    return data


def _parse(answer: bytes) -> tuple[set[int], str]:
    """Return the ports of the active brokers and the cluster's id.

    After correlation id and throttle time comes the array of brokers, then the id.
    """
    _, _, count = struct.unpack_from(">iii", answer)
    offset, ports = 12, set()
    for _ in range(count):
        _, host_size = struct.unpack_from(">ih", answer, offset)
        offset += 6 + host_size
        port, rack_size = struct.unpack_from(">ih", answer, offset)
        offset += 6 + max(0, rack_size)
        ports.add(port)
    (id_size,) = struct.unpack_from(">h", answer, offset)
    return ports, answer[offset + 2 : offset + 2 + max(0, id_size)].decode()
