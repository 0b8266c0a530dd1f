"""LSF's states, termination reasons and complaints, as our states and as sentences for people.

Sources: IBM Spectrum LSF 10.1, "bjobs" (job states) and "Termination reasons displayed by bacct, bhist, and bjobs".
"""

from types import MappingProxyType
from typing import Final

from howdah.compute.schedulers.troubles import Trouble
from howdah.contracts.failures import FailureKind
from howdah.contracts.states import JobState

_QUEUED, _ACTIVE, _SUSPENDED, _UNKNOWN = JobState.QUEUED, JobState.ACTIVE, JobState.SUSPENDED, JobState.UNKNOWN

STATES: Final = MappingProxyType(
    {
        "PEND": (_QUEUED, "waits in the queue"),
        "PROV": (_QUEUED, "has its host, which is being made ready"),
        "PSUSP": (_QUEUED, "is held in the queue, by its user or an administrator"),
        "WAIT": (_QUEUED, "waits for others of its chunk of jobs"),
        "FWD_PEND": (_QUEUED, "waits in the queue of another cluster"),
        "RUN": (_ACTIVE, "runs"),
        "USUSP": (_SUSPENDED, "is suspended by its user or an administrator"),
        "SSUSP": (_SUSPENDED, "is suspended by LSF, for the load of its host or the hours of its queue"),
        "DONE": (JobState.COMPLETE, "completed"),
        "PDONE": (JobState.COMPLETE, "completed, its post-processing too"),
        "PERR": (JobState.COMPLETE, "completed, but its post-processing failed"),
        "EXIT": (JobState.FAILED, "ended with an exit code other than zero, or was ended"),
        "UNKWN": (_UNKNOWN, "is on a host that does not answer"),
        "ZOMBI": (_UNKNOWN, "was killed while its host did not answer, or may still run there"),
    }
)
WAITING: Final = frozenset({"PEND", "PSUSP", "PROV", "WAIT", "FWD_PEND", "SSUSP", "USUSP"})

REASONS: Final = MappingProxyType(
    {
        "TERM_ADMIN": "was ended by an administrator",
        "TERM_BUCKET_KILL": "was ended together with many others (bkill -b)",
        "TERM_CHKPNT": "was ended after its checkpoint",
        "TERM_CPULIMIT": "used more processor time than it may",
        "TERM_CSM_ALLOC": "was ended: its allocation failed",
        "TERM_CTRL_PID": "was ended: the process that controls it is gone",
        "TERM_CWD_NOTEXIST": "could not start: its working directory is not there on the host that was to run it",
        "TERM_DATA": "could not start: its data could not be staged",
        "TERM_DEADLINE": "was ended at its deadline",
        "TERM_EXTERNAL_SIGNAL": "was ended by a signal from outside of LSF, often for want of memory on the host",
        "TERM_FORCE_ADMIN": "was removed by an administrator without time to tidy up",
        "TERM_FORCE_OWNER": "was removed by its owner without time to tidy up",
        "TERM_KUBE": "was ended by the Kubernetes that ran it",
        "TERM_LOAD": "was ended: the load of its host went beyond the threshold",
        "TERM_MC_RECALL": "was called back from another cluster",
        "TERM_MEMLIMIT": "used more memory than it may",
        "TERM_ORPHAN_SYSTEM": "was ended: a job that it depends on failed",
        "TERM_OTHER": "was ended and put back into another queue",
        "TERM_OWNER": "was ended by its owner",
        "TERM_PREEMPT": "had to make way for a job of higher priority",
        "TERM_PRE_EXEC_FAIL": "could not start: its preparation failed too often",
        "TERM_PROCESSLIMIT": "had more processes than it may",
        "TERM_RC": "was ended: its host was reclaimed by the cloud",
        "TERM_RC_RECLAIM": "was ended: its host was reclaimed by the cloud",
        "TERM_REMOVE_HUNG_JOB": "hung and was removed from LSF",
        "TERM_REQUEUE_ADMIN": "was ended and put back into the queue by an administrator",
        "TERM_REQUEUE_OWNER": "was ended and put back into the queue by its owner",
        "TERM_REQUEUE_RC": "was put back into the queue: its host was reclaimed by the cloud",
        "TERM_RMS": "was ended by an error of the system that runs it",
        "TERM_RUNLIMIT": "ran into its wall time limit",
        "TERM_SLURM": "lost a node that it ran on",
        "TERM_SWAP": "used more swap space than it may",
        "TERM_THREADLIMIT": "had more threads than it may",
        "TERM_UNKNOWN": "was ended, and LSF does not know why",
        "TERM_WINDOW": "was ended: the hours of its queue were over",
        "TERM_ZOMBIE": "ended while LSF was away",
    }
)

DELETED: Final = frozenset(
    {"TERM_OWNER", "TERM_FORCE_OWNER", "TERM_ADMIN", "TERM_FORCE_ADMIN", "TERM_BUCKET_KILL", "TERM_REMOVE_HUNG_JOB"}
)
"""Ends that somebody willed."""
EXIT_FILE_DECIDES: Final = frozenset({"", "TERM_UNKNOWN", "TERM_ZOMBIE", "TERM_EXTERNAL_SIGNAL"})
"""Ends of which the job itself may know better."""

TROUBLES: Final = (
    Trouble(
        r"lsf is down|cannot connect to lsf|daemon not responding|still trying|failed in an? lsf library call"
        r"|bad host name|cannot open your job file|communication|timed out|connection refused|try later",
        FailureKind.TRANSIENT,
        "LSF can't be reached from the login node; it may be down, busy or being reconfigured.",
    ),
    Trouble(
        r"pending job threshold|job limit|job slot limit|too many (jobs|processors)|submission rate|max.*pend",
        FailureKind.THROTTLED,
        "A limit of jobs is reached; it is tried again when there may be room.",
    ),
    Trouble(r"no such queue", FailureKind.PERMANENT, "There is no such queue; correct the queue of the job."),
    Trouble(
        r"queue has been closed|queue (is )?closed|queue .*inactive",
        FailureKind.TRANSIENT,
        "The queue takes no jobs at present.",
    ),
    Trouble(
        r"cannot use the queue|user permission denied|not authorized|no permission",
        FailureKind.PERMANENT,
        "The login account may not use this queue; ask the site for access, or choose another queue.",
    ),
    Trouble(
        r"runlimit|run ?limit|cannot exceed queue's hard limit|memlimit|exceeds? .*limit",
        FailureKind.PERMANENT,
        "The job asks for more than the queue allows; ask for less, or choose another queue.",
    ),
    Trouble(
        r"bad resource requirement|resource requirement syntax|undefined resource|unknown resource",
        FailureKind.PERMANENT,
        "LSF does not know a resource that the job asks for; see its native directives.",
    ),
    Trouble(
        r"project|user group",
        FailureKind.PERMANENT,
        "The project is not valid here; correct the account of the job.",
    ),
    Trouble(r"reservation", FailureKind.PERMANENT, "There is no such reservation; correct it, or leave it out."),
    Trouble(r"request aborted by esub", FailureKind.PERMANENT, "The site's own check of submissions refused the job."),
    Trouble(
        r"unknown option|bad argument",
        FailureKind.PERMANENT,
        "bsub does not know an option; see the native directives.",
    ),
)
