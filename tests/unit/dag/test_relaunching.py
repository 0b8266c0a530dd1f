import pytest
from pydantic import ValidationError

from api_server.lifecycle.relaunching import changed_request
from api_server.lifecycle.requests import ApplicationExperiment, Changes
from howdah.contracts.ids import ResourceId, new_id

ONE, TWO = ResourceId(new_id()), ResourceId(new_id())
SEVERAL = ApplicationExperiment(
    name="md", interface_id=new_id(), resource_ids=(ONE, TWO), priority=-3, deadline_seconds=3_600
)


def changed(**fields: object) -> ApplicationExperiment:
    request = changed_request(SEVERAL, Changes.model_validate(fields))
    assert isinstance(request, ApplicationExperiment)
    return request


def test_a_relaunch_carries_candidates_priority_and_deadline() -> None:
    again = changed()
    assert (again.resource_id, again.resource_ids, again.priority, again.deadline_seconds) == (
        None,
        (ONE, TWO),
        -3,
        3_600,
    )


def test_a_relaunch_may_name_one_resource_in_the_place_of_several_and_several_in_the_place_of_one() -> None:
    single = changed(resource_id=TWO)
    assert (single.resource_id, single.resource_ids) == (TWO, ())
    back = changed_request(single, Changes(resource_ids=(TWO, ONE)))
    assert isinstance(back, ApplicationExperiment)
    assert (back.resource_id, back.resource_ids) == (None, (TWO, ONE))


def test_a_deadline_is_taken_away_by_null() -> None:
    assert changed(deadline_seconds=None).deadline_seconds is None


def test_one_resource_and_several_at_once_are_refused() -> None:
    with pytest.raises(ValidationError, match="one resource, or several"):
        Changes(resource_id=ONE, resource_ids=(ONE, TWO))
