"""What pydantic finds wrong is told in plain words, whatever kind of wrong it is."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from howdah.contracts.ids import UUID_TEXT, TaskId
from howdah.contracts.wrong_fields import first_wrong, wrong_fields


class Cat(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["cat"]
    lives: int = Field(default=9, ge=1)
    name: str = Field(default="Tom", min_length=2)
    toys: list[str] = Field(default=[], max_length=1)
    id: Annotated[TaskId, UUID_TEXT] | None = None
    coat: Literal["black", "white"] = "black"
    tame: bool = True

    @field_validator("name")
    @classmethod
    def _is_no_dog(cls, name: str) -> str:
        if name == "Rex":
            raise ValueError("is the name of a dog; take another one")
        return name


class Dog(BaseModel):
    kind: Literal["dog"]


ANIMAL: TypeAdapter[Cat | Dog] = TypeAdapter(Annotated[Cat | Dog, Field(discriminator="kind")])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("a cat", "must be an object with named fields"),
        ({}, "kind: is required"),
        ({"kind": "cow"}, "kind: 'cow' is not known; it must be one of 'cat', 'dog'"),
        ({"kind": "cat", "lives": 0}, "cat.lives: must be greater than or equal to 1"),
        ({"kind": "cat", "lives": "many"}, "cat.lives: must be a whole number"),
        ({"kind": "cat", "lives": 1.5}, "cat.lives: must be a whole number"),
        ({"kind": "cat", "name": "T"}, "cat.name: must have at least 2 characters"),
        ({"kind": "cat", "name": 7}, "cat.name: must be a text"),
        ({"kind": "cat", "name": "Rex"}, "cat.name: is the name of a dog; take another one"),
        ({"kind": "cat", "toys": "ball"}, "cat.toys: must be a list"),
        ({"kind": "cat", "toys": ["a", "b"]}, "cat.toys: must have at most 1 item after validation, not 2"),
        ({"kind": "cat", "id": "7"}, "cat.id: is no id: a UUID in lower case is expected"),
        ({"kind": "cat", "coat": "red"}, "cat.coat: must be 'black' or 'white'"),
        ({"kind": "cat", "tame": "perhaps"}, "cat.tame: must be true or false"),
        ({"kind": "cat", "wings": 2}, "cat.wings: is not known here; leave it out"),
    ],
)
def test_each_kind_of_wrong_has_a_sentence(wrong: object, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ANIMAL.validate_python(wrong)
    assert str(first_wrong(caught.value)) == said


def test_all_that_is_wrong_is_told_and_nothing_of_what_was_given() -> None:
    with pytest.raises(ValidationError) as caught:
        ANIMAL.validate_python({"kind": "cat", "lives": "s3cret", "name": ["s3cret"]})
    found = wrong_fields(caught.value)
    assert [wrong.field for wrong in found] == ["cat.lives", "cat.name"]
    assert "s3cret" not in str(found)
