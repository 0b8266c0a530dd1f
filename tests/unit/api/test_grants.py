"""What a capability grants of the object store."""

from dataclasses import replace

import pytest

from api_server.auth.capabilities import Grant
from api_server.problems import ForbiddenError
from howdah.contracts.exchange import Access

FOLDER = "howdah://objects/gateway/outputs/run/results/"
GRANT = Grant(task_id="t", task_type="output-staging", process_id="p", gateway_id="gateway")


def test_a_folder_is_granted_for_writing_with_all_below_it_and_nothing_beside() -> None:
    grant = replace(GRANT, writes=(FOLDER,))
    grant.check_object(f"{FOLDER}1", Access.WRITE)
    for uri in (FOLDER.removesuffix("/"), "howdah://objects/gateway/outputs/run/results-of-another/1"):
        with pytest.raises(ForbiddenError):
            grant.check_object(uri, Access.WRITE)
    with pytest.raises(ForbiddenError):
        grant.check_object(f"{FOLDER}1", Access.READ)


def test_no_folder_is_granted_for_reading_whatever_a_user_wrote_into_parameters() -> None:
    grant = replace(GRANT, reads=("howdah://objects/gateway/", f"{FOLDER}1"))
    grant.check_object(f"{FOLDER}1", Access.READ)
    with pytest.raises(ForbiddenError):
        grant.check_object(f"{FOLDER}2", Access.READ)
