"""Slurm's job states and reason codes, as our states and as sentences for people."""

from types import MappingProxyType
from typing import Final

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
        "FrontEndDown": "no front end is available",
        "DeadLine": "can't end before its deadline",
        "MaxPowerExceeded": "the power limit is reached",
        "BurstBufferResources": "waits for room in the burst buffer",
        "BurstBufferStageIn": "its data is being staged into the burst buffer",
        "BurstBufferOperation": "an operation of the burst buffer failed",
        "Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority_partitions": (
            "nodes that it needs are down, drained or reserved for others"
        ),
        "AssocGrpCpuLimit": "its account's limit of processors in use is reached",
        "AssocGrpMemLimit": "its account's limit of memory in use is reached",
        "AssocGrpNodeLimit": "its account's limit of nodes in use is reached",
        "AssocGrpJobsLimit": "its account's limit of running jobs is reached",
        "AssocGrpSubmitJobsLimit": "its account's limit of submitted jobs is reached",
        "AssocGrpWallLimit": "its account's wall time is used up",
        "AssocGrpCPUMinutesLimit": "its account's processor minutes are used up",
        "AssocGrpCPURunMinutesLimit": "its account's running jobs have taken all its processor minutes",
        "AssocGrpBillingMinutes": "its account's budget is used up",
        "AssocMaxJobsLimit": "its user's limit of running jobs is reached",
        "AssocMaxCpuPerJobLimit": "asks for more processors than its account allows for a job",
        "AssocMaxNodePerJobLimit": "asks for more nodes than its account allows for a job",
        "AssocMaxWallDurationPerJobLimit": "asks for more time than its account allows for a job",
        "AssociationJobLimit": "its account's limit of jobs is reached",
        "AssociationResourceLimit": "a limit of its account is reached",
        "AssociationTimeLimit": "its account's time is used up",
        "QOSJobLimit": "the job limit of its quality of service is reached",
        "QOSResourceLimit": "a limit of its quality of service is reached",
        "QOSTimeLimit": "the time of its quality of service is used up",
        "QOSGrpCpuLimit": "the processors of its quality of service are all in use",
        "QOSGrpNodeLimit": "the nodes of its quality of service are all in use",
        "QOSGrpJobsLimit": "the running jobs of its quality of service are at their limit",
        "QOSMaxCpuPerUserLimit": "its user already uses all processors that the quality of service allows",
        "QOSMaxNodePerUserLimit": "its user already uses all nodes that the quality of service allows",
        "QOSMaxJobsPerUserLimit": "its user already runs all jobs that the quality of service allows",
        "QOSMaxWallDurationPerJobLimit": "asks for more time than its quality of service allows",
    }
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
    words = REASONS.get(detail)
    return f"{base}: {words} ({detail})." if words else f"{base} ({detail[:120]})."
