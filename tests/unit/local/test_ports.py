import socket
from pathlib import Path

import pytest

from howdah.local.errors import LocalStackError
from howdah.local.ports import HOST, PortBook, is_free


def test_a_port_is_remembered_by_the_next_start(tmp_path: Path) -> None:
    port = PortBook(tmp_path / "state.json").get("api-server")
    assert PortBook(tmp_path / "state.json").get("api-server") == port


def test_names_get_different_ports_outside_the_range_of_outgoing_connections(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "state.json")
    ports = [book.get(f"child-{number}") for number in range(20)]
    assert len(set(ports)) == 20
    assert all(10_000 <= port <= 32_000 for port in ports)


def test_a_port_that_somebody_else_took_is_replaced(tmp_path: Path) -> None:
    port = PortBook(tmp_path / "state.json").get("kafka")
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()
        assert not is_free(port)
        fresh = PortBook(tmp_path / "state.json").get("kafka")
    assert fresh != port
    assert PortBook(tmp_path / "state.json").get("kafka") == fresh


def test_a_port_that_our_own_child_listens_on_is_kept(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "state.json")
    port = book.get("kafka")
    with socket.socket() as ours:
        ours.bind((HOST, port))
        ours.listen()
        assert book.get("kafka") == port


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"ports": {"kafka": "x"}}'])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, damage: str) -> None:
    (tmp_path / "state.json").write_text(damage)
    with pytest.raises(LocalStackError, match=r"state\.json is damaged .*delete it"):
        PortBook(tmp_path / "state.json").get("kafka")
