"""Which addresses inputs may be read from."""

from ipaddress import ip_network

import pytest

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.storage.addresses import is_permitted, resolve


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_read_from(address: str) -> None:
    assert is_permitted(address, ())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to be refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_internal_addresses_are_not_however_they_are_written(address: str) -> None:
    assert not is_permitted(address, ())


def test_an_operator_may_allow_a_network_and_no_other() -> None:
    allowed = [ip_network("10.1.0.0/16")]
    assert is_permitted("10.1.2.3", allowed)
    assert not is_permitted("10.2.0.1", allowed)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost"])
def test_other_spellings_of_this_machine_are_refused(host: str) -> None:
    with pytest.raises(TaskError) as raised:
        resolve(host, 80, ())
    assert raised.value.failure.kind is FailureKind.PERMANENT
    assert "not public" in raised.value.failure.sentence
