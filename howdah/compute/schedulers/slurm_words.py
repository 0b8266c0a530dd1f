"""Slurm's job states, reason codes and complaints, as our states and as sentences for people.

Source: slurm.schedmd.com, "Job State Codes" and "Job Reason Codes".
"""

import re
from types import MappingProxyType
from typing import Final

from howdah.compute.schedulers.troubles import Trouble
from howdah.contracts.failures import FailureKind
from howdah.contracts.states import JobState

_QUEUED, _ACTIVE, _FAILED = JobState.QUEUED, JobState.ACTIVE, JobState.FAILED

STATES: Final = MappingProxyType(
    {
        "PENDING": (_QUEUED, "waits in the queue"),
        "CONFIGURING": (_QUEUED, "has its nodes, which are being made ready"),
        "REQUEUED": (_QUEUED, "was put back into the queue"),
        "REQUEUE_FED": (_QUEUED, "was put back into the queue by the federation"),
        "REQUEUE_HOLD": (_QUEUED, "was put back into the queue and is held there"),
        "RESV_DEL_HOLD": (_QUEUED, "is held because its reservation was deleted"),
        "SPECIAL_EXIT": (_QUEUED, "was put back into the queue in a special exit state"),
        "RUNNING": (_ACTIVE, "runs"),
        "COMPLETING": (_ACTIVE, "has ended; its nodes are being cleaned up"),
        "RESIZING": (_ACTIVE, "runs; its size is being changed"),
        "SIGNALING": (_ACTIVE, "runs; it is being sent a signal"),
        "STAGE_OUT": (_ACTIVE, "has ended; its data is being staged out"),
        "SUSPENDED": (JobState.SUSPENDED, "is suspended: its processors are lent to others"),
        "STOPPED": (JobState.SUSPENDED, "is stopped and keeps its processors"),
        "COMPLETED": (JobState.COMPLETE, "completed"),
        "CANCELLED": (JobState.CANCELED, "was canceled on the resource"),
        "FAILED": (_FAILED, "ended with an exit code other than zero"),
        "TIMEOUT": (_FAILED, "ran into its wall time limit"),
        "OUT_OF_MEMORY": (_FAILED, "used more memory than it had asked for"),
        "NODE_FAIL": (_FAILED, "lost a node that it ran on"),
        "BOOT_FAIL": (_FAILED, "could not start: its nodes did not come up"),
        "LAUNCH_FAILED": (_FAILED, "could not be launched on its nodes"),
        "RECONFIG_FAIL": (_FAILED, "could not start: its nodes could not be reconfigured"),
        "DEADLINE": (_FAILED, "could not end before its deadline"),
        "PREEMPTED": (_FAILED, "had to make way for a job of higher priority"),
        "REVOKED": (JobState.UNKNOWN, "was started by another cluster of the federation"),
    }
)

EXIT_FILE_DECIDES: Final = frozenset({"FAILED", "NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED"})
"""Ends that may be the node's rather than the application's: an exit code of 0 that it left outweighs them."""

REASONS: Final = MappingProxyType(
    {
        "Priority": "jobs of higher priority come first",
        "Resources": "waits for processors, memory or nodes to become free",
        "Dependency": "waits for a job that it depends on",
        "DependencyNeverSatisfied": "will never start: a job that it depends on did not end as required",
        "BeginTime": "its earliest start time has not come",
        "JobHeldUser": "is held by its user",
        "JobHeldAdmin": "is held by an administrator",
        "JobHoldMaxRequeue": "is held: it was requeued too often",
        "JobArrayTaskLimit": "the array's limit of running tasks is reached",
        "Licenses": "waits for a licence",
        "Reservation": "waits for its reservation to begin",
        "ReservationDeleted": "its reservation was deleted",
        "ReqNodeNotAvail": "a node that it asks for is not available",
        "PartitionDown": "the queue is down",
        "PartitionInactive": "the queue takes no jobs at present",
        "PartitionNodeLimit": "asks for more nodes than the queue allows, or the queue has too few in service",
        "PartitionTimeLimit": "asks for more time than the queue allows",
        "PartitionConfig": "asks for something that the queue's configuration does not allow",
        "AccountNotAllowed": "its account may not use the queue",
        "QOSNotAllowed": "its quality of service may not be used here",
        "QOSUsageThreshold": "the usage threshold of its quality of service is reached",
        "InvalidAccount": "its account is not valid",
        "InvalidQOS": "its quality of service is not valid",
        "BadConstraints": "its constraints can't be met by any node",
        "NodeDown": "a node that it needs is down",
        "NodeFail": "a node that it ran on failed",
        "NonZeroExitCode": "the job script ended with an exit code other than zero",
        "RaisedSignal": "was ended by a signal",
        "TimeLimit": "ran into its wall time limit",
        "OutOfMemory": "used more memory than it had asked for",
        "InactiveLimit": "was inactive for too long",
        "JobLaunchFailure": "could not be launched: a file system or a program of the node may be at fault",
        "SystemFailure": "the scheduler or a node failed",
        "Cleaning": "is being cleaned up after it was requeued",
        "Prolog": "its preparation script is running",
        "AccountingPolicy": "a limit of its account is reached",
        "AccountUsageThreshold": "the usage threshold of its account is reached",
        "BadJobSize": "its number of tasks does not fit the nodes that it asks for",
        "FailedNode": "a node that it ran on failed",
        "FedJobLock": "waits for the clusters of its federation to agree on who starts it",
        "InvalidLicense": "asks for a licence that is not known",
        "Held": "is held",
        "LaunchFailure": "could not be launched",
        "MaxBellHopCount": "was handed on too often",
        "MaxRequeue": "is held: it was requeued too often",
        "MaxMemPerLimit": "asks for more memory than is allowed",
        "NotAvail": "what it asks for is not available",
        "PartitionDisabled": "the queue is disabled",
        "Planned": "has its place in the plan and waits for its time",
        "PowerNotAvail": "there is not enough power to start it at present",
        "PowerReserved": "the power is reserved for others",
        "ResourcesNotAvail": "what it asks for is not available",
        "SchedDefer": "the scheduler is told to put off starting jobs",
        "ReservationNotAvail": "its reservation is not available",
        "RequestedPartitionNotAvail": "the queue that it asks for is not available",
        "UnknownReason": "the scheduler can't say why",
        "Unknown": "the scheduler can't say why",
        "Unavailable": "what it asks for is not available",
        "WaitForScheduling": "has not been looked at by the scheduler yet",
        "WaitingForScheduling": "has not been looked at by the scheduler yet",
        "Constraints": "waits for nodes that meet its constraints",
        "FrontEndDown": "no front end is available",
        "DeadLine": "can't end before its deadline",
        "MaxPowerExceeded": "the power limit is reached",
        "BurstBufferResources": "waits for room in the burst buffer",
        "BurstBufferStageIn": "its data is being staged into the burst buffer",
        "BurstBufferOperation": "an operation of the burst buffer failed",
        "Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority_partitions": (
            "nodes that it needs are down, drained or reserved for others"
        ),
        "AssociationJobLimit": "its account's limit of jobs is reached",
        "AssociationResourceLimit": "a limit of its account is reached",
        "AssociationTimeLimit": "its account's time is used up",
        "QOSJobLimit": "the job limit of its quality of service is reached",
        "QOSResourceLimit": "a limit of its quality of service is reached",
        "QOSTimeLimit": "the time of its quality of service is used up",
    }
)


_LIMIT = re.compile(
    r"(?P<whose>Assoc|QOS)(?P<scope>Grp|Max|Min)"
    r"(?P<what>Billing|BB|CPU|Cpu|Energy|GRES|Gres|License|Memory|Mem|Node|Jobs|SubmitJobs?|WallDuration|Wall|Unknown|Prio)"
    r"(?P<unit>RunMinutes|Minutes)?(?P<per>PerJob|PerUser|PerAccount|PerNode)?(?P<end>Limit|Thresh|NotSatisfied)?"
)
_WHOSE: Final = {"Assoc": "its account", "QOS": "its quality of service"}
_WHAT: Final = {
    "Billing": "budget",
    "BB": "burst buffer",
    "CPU": "processors",
    "Cpu": "processors",
    "Energy": "energy",
    "GRES": "GPUs and the like",
    "Gres": "GPUs and the like",
    "License": "licences",
    "Mem": "memory",
    "Memory": "memory",
    "Node": "nodes",
    "Jobs": "running jobs",
    "SubmitJob": "submitted jobs",
    "SubmitJobs": "submitted jobs",
    "WallDuration": "wall time",
    "Wall": "wall time",
    "Unknown": "some resource",
    "Prio": "priority",
}
_PER: Final = {
    "PerJob": " for a job",
    "PerUser": " for a user",
    "PerAccount": " for an account",
    "PerNode": " on a node",
}


def limit_reason(code: str) -> str | None:
    """Return what a code of the family ``{Assoc,QOS}{Grp,Max,Min}…`` says: there are some 130 of them."""
    found = _LIMIT.fullmatch(code)
    if found is None:
        return None
    what, per = _WHAT[found["what"]], _PER.get(found["per"] or "", "")
    of = f"of {what}" if found["unit"] is None else f"of minutes of {what}"
    if found["unit"] == "RunMinutes":
        of += " that running jobs may take up"
    whose = _WHOSE[found["whose"]]
    if found["scope"] == "Min":
        return f"asks for less {what}{per} than {whose} requires"
    return f"the limit {of}{per} of {whose} is reached or would be passed"


TROUBLES: Final = (
    Trouble(
        r"unable to contact slurm controller|connect failure|receive failure|send failure|timed out|zero bytes"
        r"|not responding|configuration source|temporarily|communication connection|try again|connection refused"
        r"|slurm backup controller in standby|transport is not|unexpected message",
        FailureKind.TRANSIENT,
        "Slurm's controller can't be reached from the login node; it may be down or busy.",
    ),
    Trouble(
        r"MaxSubmit|MaxJobCount|temporarily unable to accept|rate limit|rpc limit|rpc_limit|too many",
        FailureKind.THROTTLED,
        "A limit of submitted jobs is reached; it is tried again when there may be room.",
    ),
    Trouble(r"invalid partition name", FailureKind.PERMANENT, "There is no such queue; correct the queue of the job."),
    Trouble(
        r"invalid account or account/partition|invalid account",
        FailureKind.PERMANENT,
        "The account is not valid here, or not for this queue; correct the account of the job.",
    ),
    Trouble(r"invalid qos", FailureKind.PERMANENT, "The quality of service is not valid here; correct the job's qos."),
    Trouble(
        r"requested reservation is invalid|reservation",
        FailureKind.PERMANENT,
        "The reservation is not valid, or not for this account; correct it, or leave it out.",
    ),
    Trouble(
        r"requested time limit is invalid",
        FailureKind.PERMANENT,
        "The job asks for more wall time than the queue allows; ask for less, or choose another queue.",
    ),
    Trouble(
        r"more processors requested than permitted|node count specification|requested node configuration"
        r"|memory specification|invalid generic resource|accounting/QOS policy|exceeds",
        FailureKind.PERMANENT,
        "The job asks for more than the queue or the account allows; ask for less, or choose another queue.",
    ),
    Trouble(
        r"partition .*(down|inactive)|required partition not available",
        FailureKind.TRANSIENT,
        "The queue takes no jobs at present.",
    ),
    Trouble(
        r"access/permission denied|user's group not permitted|invalid user id|permission denied",
        FailureKind.PERMANENT,
        "The login account may not use this queue; ask the site for access, or choose another queue.",
    ),
)


def state_of(word: str) -> JobState:
    """Return our state for Slurm's; UNKNOWN for a word that is not in the table, never a guess."""
    return STATES[word][0] if word in STATES else JobState.UNKNOWN


def sentence(word: str, reason: str) -> str:
    """Return what state and reason code say, as a sentence with the job as its subject."""
    base = f"The job {STATES[word][1]}" if word in STATES else f"Slurm calls the job {word[:60]!r}"
    detail = reason.strip("()").split(",", 1)[0] if reason not in REASONS else reason
    if detail in {"", "None"}:
        return f"{base}."
    words = REASONS.get(detail) or limit_reason(detail)
    return f"{base}: {words} ({detail})." if words else f"{base} ({detail[:120]})."
