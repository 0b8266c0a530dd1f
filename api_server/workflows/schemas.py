"""What is said and shown about workflows."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, WrapSerializer, model_validator

from api_server.http.model import ApiModel, Id, Instant
from howdah.contracts.plain_yaml import MAX_BYTES
from howdah.contracts.workflows import WorkflowDefinition, as_written

Definition = Annotated[WorkflowDefinition, WrapSerializer(lambda definition, _: as_written(definition))]
"""A definition, answered as its author wrote it."""
YamlText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_BYTES)]
Comment = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")]
_EXAMPLE: dict[str, Any] = WorkflowDefinition.model_config["json_schema_extra"]["example"]  # type: ignore[index,assignment]  # set in the model


class WorkflowBody(ApiModel):
    """A new workflow, or a new version of one: the definition itself, or a text of YAML or JSON that holds it."""

    model_config = ConfigDict(json_schema_extra={"example": {"definition": _EXAMPLE, "comment": "the first one"}})
    definition: Definition | None = None
    yaml: YamlText | None = None
    comment: Comment = ""
    """What is new in it."""

    @model_validator(mode="after")
    def _says_it_once(self) -> Self:
        if (self.definition is None) == (self.yaml is None):
            raise ValueError("definition: give either the definition, or a text of YAML as 'yaml'")
        return self


class VersionBody(WorkflowBody):
    """A new version."""

    based_on: Annotated[int, Field(ge=1)] | None = None
    """Refused where this is the newest version no more: somebody else was faster."""


class DraftBody(ApiModel):
    """A definition that may be wrong in any way."""

    model_config = ConfigDict(json_schema_extra={"example": {"definition": _EXAMPLE}})
    definition: dict[str, JsonValue] | None = None
    yaml: YamlText | None = None

    @model_validator(mode="after")
    def _says_it_once(self) -> Self:
        if (self.definition is None) == (self.yaml is None):
            raise ValueError("definition: give either the definition, or a text of YAML as 'yaml'")
        return self


class WorkflowShown(ApiModel):
    """A workflow; ``version`` is its newest."""

    id: Id
    name: str
    description: str
    owner: str
    version: int
    created_at: Instant
    updated_at: Instant


class WorkflowInFull(WorkflowShown):
    """A workflow with its newest definition."""

    definition: Definition


class VersionShown(ApiModel):
    """One version of a workflow."""

    workflow_id: Id
    name: str
    version: int
    comment: str
    created_by: str
    created_at: Instant


class VersionInFull(VersionShown):
    """One version with its definition."""

    definition: Definition


class DraftProblem(ApiModel):
    """One thing that is wrong: where, what, and what would be right."""

    field: Annotated[str, Field(examples=["nodes.align.inputs.reads"])]
    message: str


class InputShown(ApiModel):
    """An in-port of a node: where values are given, or edges of data end."""

    name: str
    type: Annotated[str, Field(examples=["integer"])]
    required: bool


class OutputShown(ApiModel):
    """An output that later nodes may refer to."""

    name: str
    type: Annotated[str, Field(examples=["file"])]


class NodeShown(ApiModel):
    """The ports of a node as they follow from what it runs."""

    inputs: list[InputShown]
    any_input: bool
    """Whether it takes inputs beside these."""
    outputs: list[OutputShown]
    any_output: bool
    """Whether it may give outputs beside these."""
    out_ports: Annotated[list[str], Field(examples=[["success", "failure"]])]
    needs: list[str]
    """The nodes that must have ended before it begins, by edges or by references."""


class DraftShown(ApiModel):
    """What is wrong with a definition, and the ports of its nodes as far as they are known."""

    valid: bool
    problems: list[DraftProblem]
    nodes: dict[str, NodeShown]
    definition: Definition | None
    """As it would be kept; null where it has not the form of one."""
    yaml: str | None
    """The same as YAML."""


class DiffShown(ApiModel):
    """What one version has otherwise than an earlier one."""

    version: int
    against: int
    added: Annotated[list[str], Field(examples=[["nodes.review"]])]
    removed: list[str]
    changed: Annotated[list[str], Field(examples=[["nodes.align.inputs.reads"]])]
    """Places, by dots."""
    text: Annotated[str, Field(examples=["@@ -4,3 +4,4 @@ …"])]
    """Both as YAML, as a unified diff."""
