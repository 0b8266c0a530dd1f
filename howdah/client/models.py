"""What the API server answers, as far as a client reads it. Fields of later versions are kept, not refused."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from howdah.contracts.failures import Failure
from howdah.contracts.looks import QueueState, ReachabilityReport

Object = dict[str, JsonValue]


class Answer(BaseModel):
    """The base of all answers: unknown fields are kept, so that ``model_dump`` shows what the server said."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Caller(Answer):
    """Who the token belongs to."""

    subject: str
    role: str
    gateway_id: str
    scopes: list[str] = []


class LoginCode(Answer):
    """A one-time code by which a browser signs in, and the address that has it."""

    url: str
    expires_at: datetime


class Credential(Answer):
    """A credential, without its secret."""

    id: str
    name: str
    kind: str
    public_key: str | None = None
    """Of an SSH key pair: the line for ``authorized_keys``."""
    created_at: datetime


class Queue(Answer):
    """A queue (partition) of a resource's scheduler; an absent limit is not known."""

    name: str
    is_default: bool = False
    max_nodes: int | None = None
    max_cpus_per_node: int | None = None
    max_gpus_per_node: int | None = None
    max_memory_mb: int | None = None
    max_wall_time_minutes: int | None = None


class Versioned(Answer):
    """A catalogue object: ``version`` goes up with every change and guards edits."""

    id: str
    version: int
    created_at: datetime
    updated_at: datetime


class ComputeResource(Versioned):
    """A machine that runs jobs, and the login account used there."""

    name: str
    description: str = ""
    reach: str = "ssh"
    transport: str
    scheduler: str
    host: str
    port: int
    username: str | None = None
    credential_id: str | None = None
    host_keys: list[str] = []
    jump_hosts: list[Object] = []
    scratch: str
    environment: dict[str, str] = {}
    timeouts: Object = {}
    grid_engine: Object = {}
    retry: Object = {}
    enabled: bool = True
    queues: list[Queue] = []


class Quota(Versioned):
    """At most so many live jobs, narrowed by resource, queue and owner; what is beyond waits its turn."""

    name: str
    max_live_jobs: int
    resource_id: str | None = None
    queue: str | None = None
    owner: str | None = None
    each_user: bool = False


class MaintenanceWindow(Versioned):
    """When a resource is to be empty."""

    resource_id: str
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


class ResourceTest(Answer):
    """A test of the way to a resource: running, done or unanswered."""

    id: str
    resource_id: str
    state: str
    created_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    report: ReachabilityReport | None = None
    failure: Failure | None = None


class ResourceQueues(Answer):
    """A scheduler's queues as they were seen last; the latest look is running, done or unanswered, or there is none."""

    resource_id: str
    resource_name: str
    readable: bool
    state: str
    asked_at: datetime | None = None
    seen_at: datetime | None = None
    queues: list[QueueState] = []
    failure: Failure | None = None


class Agent(Answer):
    """The enrolment of a resource's agent."""

    resource_id: str
    resource_name: str
    kafka_user: str
    enrolled_by: str
    enrolled_at: datetime
    rotated_at: datetime | None = None
    reads: list[str] = []
    writes: list[str] = []
    groups: str = ""


class EnrolledAgent(Answer):
    """An enrolment just made, with the agent's settings: its secrets are told this once."""

    agent: Agent
    settings: dict[str, str] = Field(repr=False)


class ApplicationModule(Versioned):
    """A piece of scientific software, whatever it is installed on."""

    name: str
    release: str = ""
    description: str = ""


class ApplicationInterface(Versioned):
    """What an application takes and gives."""

    module_id: str
    name: str
    description: str = ""
    inputs: list[Object]
    outputs: list[Object]


class ApplicationDeployment(Versioned):
    """An application installed on a resource."""

    module_id: str
    resource_id: str
    executable: str
    modules: list[str] = []
    environment: dict[str, str] = {}
    pre_commands: list[str] = []
    post_commands: list[str] = []
    defaults: Object = {}
    native: list[str] = []
    container: Object | None = None


class StoredFile(Answer):
    """An uploaded file: ``uri`` is what an experiment's file input takes."""

    id: str
    uri: str
    name: str
    size_bytes: int
    sha256: str
    created_at: datetime | None = None


class StorageResource(Versioned):
    """A place from which inputs are read."""

    name: str
    description: str = ""
    kind: str
    root: str
    host: str | None = None
    username: str | None = None
    credential_id: str | None = None
    enabled: bool = True


class Replica(Answer):
    """One place where a product's bytes are."""

    id: str
    uri: str
    storage_id: str | None = None
    created_at: datetime


class DataProduct(Versioned):
    """A file that is known by what it is; ``uri`` is what an input takes."""

    uri: str
    owner: str
    name: str
    description: str = ""
    content_type: str
    size_bytes: int | None = None
    sha256: str | None = None
    labels: dict[str, str] = {}
    experiment_id: str | None = None
    output_name: str | None = None
    replicas: list[Replica] = []
