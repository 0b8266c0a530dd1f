"""The kinds of documents and their fields. What stands inside inputs, outputs and queues is checked by the server."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from howdah.contracts.workflows import WorkflowDefinition, as_written

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Object = dict[str, JsonValue]


class _Document(BaseModel):
    """Fields that the document does not name keep the value that they have, or get the server's default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    PRECEDENCE: ClassVar[int]
    """Kinds are applied in this order, so that what is referred to is there first."""


class CredentialDocument(_Document):
    """A secret, by reference to a local file; the secret itself never stands in YAML."""

    PRECEDENCE: ClassVar = 0

    kind: Literal["Credential"]
    name: Name
    type: Literal["ssh-key", "password"] = "ssh-key"
    private_key_file: str | None = None
    passphrase_file: str | None = None
    password_file: str | None = None
    certificate_file: str | None = None
    """The key's user certificate (``id_ed25519-cert.pub``)."""
    answer_files: dict[str, str] = Field(default={}, max_length=20)
    """Prompt → file with what to answer, for hosts that ask (keyboard-interactive)."""
    generate: bool = False
    """Let the platform make the key pair; its public half is shown, to be put into authorized_keys."""

    @model_validator(mode="after")
    def _one_source(self) -> "CredentialDocument":
        allowed = {"ssh-key": ("private_key_file", "generate"), "password": ("password_file",)}[self.type]
        sources = [name for name in ("private_key_file", "password_file", "generate") if getattr(self, name)]
        if len(sources) > 1 or not set(sources) <= set(allowed):
            raise ValueError(f"a credential of type {self.type} takes one of {' or '.join(allowed)}")
        if self.passphrase_file and not self.private_key_file:
            raise ValueError("passphrase_file: goes with private_key_file")
        if self.certificate_file and not self.private_key_file:
            raise ValueError("certificate_file: goes with private_key_file")
        return self


class JumpHostDocument(BaseModel):
    """A host on the way to a resource."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int = 22
    username: str
    credential: Name
    host_keys: list[str]


class ComputeResourceDocument(_Document):
    """A machine that runs jobs, and the login account used there."""

    PRECEDENCE: ClassVar = 1

    kind: Literal["ComputeResource"]
    name: Name
    description: str = ""
    reach: str = "ssh"
    """``agent``: an agent at the resource fetches the tasks; then neither host nor account is needed."""
    transport: str = "ssh"
    scheduler: str
    host: str = "localhost"
    port: int = 22
    username: str | None = None
    credential: Name | None = None
    host_keys: list[str] = []
    jump_hosts: list[JumpHostDocument] = []
    scratch: str = "~/howdah"
    environment: dict[str, str] = {}
    timeouts: Object = {}
    grid_engine: Object = {}
    """Of a Grid Engine: parallel_environment, multi_node_environment, memory_resource, gpu_resource."""
    retry: Object = {}
    """max_attempts, initial_delay_seconds, multiplier, max_delay_seconds, jitter, outage_seconds."""
    enabled: bool = True
    queues: list[Object] = []


class ApplicationModuleDocument(_Document):
    """A piece of scientific software, whatever it is installed on."""

    PRECEDENCE: ClassVar = 2

    kind: Literal["ApplicationModule"]
    name: Name
    release: str = ""
    description: str = ""


class _OfModule(_Document):
    module: Name
    module_release: str | None = None
    """Needed only where the module is there in several releases."""


class ApplicationInterfaceDocument(_OfModule):
    """What an application takes and gives."""

    PRECEDENCE: ClassVar = 3

    kind: Literal["ApplicationInterface"]
    name: Name
    description: str = ""
    inputs: list[Object] = []
    outputs: list[Object] = []


class ApplicationDeploymentDocument(_OfModule):
    """An application installed on a resource."""

    PRECEDENCE: ClassVar = 4

    kind: Literal["ApplicationDeployment"]
    resource: Name
    executable: str
    modules: list[str] = []
    environment: dict[str, str] = {}
    pre_commands: list[str] = []
    post_commands: list[str] = []
    defaults: Object = {}
    native: list[str] = []
    container: Object | None = None
    """``runtime`` (apptainer, podman), ``image``, ``gpu`` (nvidia, amd), ``binds``."""

    @property
    def name(self) -> str:
        """What people read: a deployment has no name of its own."""
        return f"{self.module} on {self.resource}"


class WorkflowDocument(WorkflowDefinition, _Document):
    """A workflow: its definition, whole. What it does not say is not kept from the version before."""

    PRECEDENCE: ClassVar = 5

    kind: Literal["Workflow"]

    @property
    def definition(self) -> Object:
        """The definition as the server keeps it."""
        return {name: value for name, value in as_written(self).items() if name != "kind"}


class DeliveryText(BaseModel):
    """Where one output goes."""

    model_config = ConfigDict(extra="forbid")

    output: Name
    to: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class ExperimentDocument(_Document):
    """An experiment of an application, of a workflow, or of tasks spelt out.

    ``{file: path}`` as the value of an input or parameter is uploaded.
    """

    PRECEDENCE: ClassVar = 6

    kind: Literal["Experiment"]
    name: Name
    description: str = ""
    interface: Name | None = None
    resource: Name | None = None
    resources: list[Name] = Field(default=[], max_length=20)
    """In the place of ``resource``: the platform chooses one of them at the launch, and says why."""
    inputs: Object = {}
    requirements: Object = {}
    workflow: Name | None = None
    version: int | None = Field(default=None, ge=1)
    """Of the workflow; the newest where it is left out."""
    parameters: Object = {}
    work_directory: str | None = None
    deliveries: list[DeliveryText] = Field(default=[], max_length=100)
    """Where outputs are put besides: ``{output: table, to: howdah://storage/archive/table.csv}``."""
    priority: int | None = None
    """Where quotas let jobs wait; above 0 for administrators only."""
    deadline_seconds: int | None = None
    """How long after its launch it must have ended."""
    tasks: list[Object] = Field(default=[], max_length=10_000)

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> "ExperimentDocument":
        of_application = ("interface", "resource", "resources", "inputs", "requirements", "deliveries")
        of_workflow = ("workflow", "version", "parameters")
        if self.tasks:
            self._refuse((*of_application, *of_workflow), "does not go with tasks, whose resources stand in each task")
        elif self.workflow is not None:
            self._refuse((*of_application, "work_directory"), "does not go with workflow, which is given parameters")
        else:
            self._refuse(of_workflow, "goes with workflow, which is missing")
            if self.resource is not None and self.resources:
                raise ValueError("resources: does not go with resource; name one, or several to choose from")
            missing = [
                name
                for name, there in (("interface", self.interface), ("resource", self.resource or self.resources))
                if not there
            ]
            if missing:
                raise ValueError(
                    f"{missing[0]}: needed, unless the experiment names a workflow or brings its own tasks"
                )
        return self

    def _refuse(self, fields: tuple[str, ...], why: str) -> None:
        for name in fields:
            if getattr(self, name):
                raise ValueError(f"{name}: {why}")


CatalogueDocument = (
    CredentialDocument
    | ComputeResourceDocument
    | ApplicationModuleDocument
    | ApplicationInterfaceDocument
    | ApplicationDeploymentDocument
    | WorkflowDocument
)
AnyDocument = CatalogueDocument | ExperimentDocument

KINDS: dict[str, type[AnyDocument]] = {
    "Credential": CredentialDocument,
    "ComputeResource": ComputeResourceDocument,
    "ApplicationModule": ApplicationModuleDocument,
    "ApplicationInterface": ApplicationInterfaceDocument,
    "ApplicationDeployment": ApplicationDeploymentDocument,
    "Workflow": WorkflowDocument,
    "Experiment": ExperimentDocument,
}
