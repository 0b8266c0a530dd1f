from uuid import UUID

from howdah.local.kafka import new_cluster_id


def test_a_cluster_id_never_begins_with_what_looks_like_an_option() -> None:
    draws = iter([UUID(bytes=b"\xf8" + bytes(15)), UUID(bytes=b"\xfb" + bytes(15)), UUID(bytes=b"\x04" + bytes(15))])
    assert new_cluster_id(lambda: next(draws)) == "BAAAAAAAAAAAAAAAAAAAAA"
