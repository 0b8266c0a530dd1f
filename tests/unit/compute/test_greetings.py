import pytest

from howdah.compute.ssh.greetings import ENOUGH, Greetings


@pytest.mark.parametrize(
    ("latest", "lets_in"),
    [("", False), ("-", False), ("+", True), ("+--", True), ("-+-", True), ("+---", False), ("---+", True)],
)
def test_a_host_lets_somebody_in_while_one_of_the_latest_got_through(latest: str, lets_in: bool) -> None:
    greetings = Greetings()
    for one in latest:
        (greetings.heard if one == "+" else greetings.refused)("host:22")
    assert greetings.lets_somebody_in("host:22") is lets_in
    assert ENOUGH == 3, "as many as one attempt makes: a task alone must find out by itself"


def test_hosts_do_not_speak_for_each_other() -> None:
    greetings = Greetings()
    greetings.heard("host:22")
    greetings.refused("host:2222")
    assert not greetings.lets_somebody_in("host:2222")
