"""Slurm's words, and anything else that a terminal may say.

The samples are written in the formats that our own commands ask for; what a real Slurm prints in them is parsed in
``tests/integration/compute``. No accounting database runs there, so the sacct sample rests on its manual page alone.
"""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.compute.schedulers import JobPlace, SilentError
from howdah.compute.schedulers.slurm import Slurm
from howdah.compute.schedulers.slurm_words import REASONS, STATES
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import JobSpec
from howdah.contracts.states import JobState

SQUEUE = """\
1|RUNNING|None|1795377600|N/A
2|PENDING|Resources|N/A|N/A
3|PENDING|(QOSMaxJobsPerUserLimit)|1795378000|N/A
4|COMPLETED|None|1795377000|1795377100
5|FAILED|NonZeroExitCode|1795377000|1795377100
6|CANCELLED|None|1795377000|1795377100
7|SUSPENDED|None|1795377000|N/A
8|COMPLETING|None|1795377000|1795377050
9|PENDING|ReqNodeNotAvail, UnavailableNodes:node[01-04]|N/A|N/A
10|WARPING|FluxCapacitor|N/A|N/A
"""

SACCT = """\
11|COMPLETED|0:0|1795377000|1795377100
12|FAILED|3:0|1795377000|1795377100
13|CANCELLED by 1000|0:15|1795377000|1795377100
14|TIMEOUT|0:0|1795377000|1795377100
15|OUT_OF_ME+|0:125|1795377000|1795377100
16|RUNNING|0:0|1795377000|Unknown
"""

slurm = Slurm()


def test_every_line_of_the_queue_becomes_its_state() -> None:
    found = slurm.parse_status(SQUEUE, "", 0)
    assert [found[str(number)].state for number in range(1, 11)] == [
        JobState.ACTIVE,
        JobState.QUEUED,
        JobState.QUEUED,
        JobState.COMPLETE,
        JobState.FAILED,
        JobState.CANCELED,
        JobState.SUSPENDED,
        JobState.ACTIVE,
        JobState.QUEUED,
        JobState.UNKNOWN,
    ]


def test_reasons_are_told_as_sentences() -> None:
    found = slurm.parse_status(SQUEUE, "", 0)
    assert found["2"].reason == (
        "The job waits in the queue: waits for processors, memory or nodes to become free (Resources)."
    )
    assert "the limit of running jobs for a user of its quality of service" in found["3"].reason
    assert (
        found["9"].reason == "The job waits in the queue: a node that it asks for is not available (ReqNodeNotAvail)."
    )
    assert found["10"].reason == "Slurm calls the job 'WARPING' (FluxCapacitor)."


def test_only_what_has_started_has_a_start_and_only_what_has_ended_an_end() -> None:
    found = slurm.parse_status(SQUEUE, "", 0)
    assert found["1"].started_at == datetime.fromtimestamp(1795377600, UTC)
    assert found["3"].started_at is None  # squeue tells the expected start
    assert found["4"].ended_at == datetime.fromtimestamp(1795377100, UTC)
    assert found["8"].ended_at is None


def test_an_unknown_single_job_is_an_answer() -> None:
    assert slurm.parse_status("", "slurm_load_jobs error: Invalid job id specified\n", 1) == {}


@pytest.mark.parametrize(
    ("stderr", "status"),
    [
        ("slurm_load_jobs error: Unable to contact slurm controller (connect failure)", 1),
        ("squeue: error: slurm_receive_msg: Socket timed out on send/recv operation", 1),
        ("", 124),
        ("sh: squeue: not found", 127),
    ],
)
def test_no_answer_is_never_taken_for_no_job(stderr: str, status: int) -> None:
    with pytest.raises(SilentError, match="squeue"):
        slurm.parse_status("", stderr, status)
    if status != 127:
        with pytest.raises(SilentError, match="sacct"):
            slurm.parse_accounting("", stderr, status)


def test_accounting_tells_codes_and_signals() -> None:
    found = slurm.parse_accounting(SACCT, "", 0)
    assert found is not None
    codes = {native_id: (status.state, status.exit_code) for native_id, status in found.items()}
    assert codes == {
        "11": (JobState.COMPLETE, 0),
        "12": (JobState.FAILED, 3),
        "13": (JobState.CANCELED, 143),
        "14": (JobState.FAILED, 0),
        "15": (JobState.UNKNOWN, None),  # cut off by a narrow column: not guessed
        "16": (JobState.ACTIVE, None),
    }


def test_a_cluster_without_accounting_says_so() -> None:
    assert slurm.parse_accounting("", "Slurm accounting storage is disabled\n", 1) is None


@pytest.mark.parametrize(
    ("words", "kind", "reason"),
    [
        (
            (
                "sbatch: error: invalid partition specified: nosuch\n"
                "sbatch: error: Batch job submission failed: Invalid partition name specified\n"
            ),
            FailureKind.PERMANENT,
            "Invalid partition name specified. There is no such queue; correct the queue of the job.",
        ),
        (
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
            FailureKind.TRANSIENT,
            (
                "Unable to contact slurm controller (connect failure). "
                "Slurm's controller can't be reached from the login node; it may be down or busy."
            ),
        ),
        (
            (
                "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates "
                "accounting/QOS policy (job submit limit, user's size and/or time limits)\n"
            ),
            FailureKind.THROTTLED,
            "AssocMaxSubmitJobLimit. A limit of submitted jobs is reached; it is tried again when there may be room.",
        ),
        ("sbatch: error: Invalid --time specification\n", FailureKind.PERMANENT, "Invalid --time specification"),
        ("", FailureKind.PERMANENT, "exit status 1"),
    ],
)
def test_a_refusal_keeps_sbatchs_words(words: str, kind: FailureKind, reason: str) -> None:
    assert slurm.refusal(words, 1) == (kind, reason)


def test_options_do_not_depend_on_anything_but_the_job() -> None:
    job = JobSpec(executable="x", queue="debug", account="a", memory_mb=100, wall_time_minutes=5, nodes=2)
    options = slurm.submit_options(job, JobPlace("name", "/work %d", "/work %d/.howdah/x"))
    assert {"--partition=debug", "--account=a", "--mem=100M", "--time=5", "--nodes=2", "--no-requeue"} <= set(options)
    assert "--output=/work %%d/.howdah/x/scheduler.%j.out" in options


SLURMISH = st.text(alphabet=st.sampled_from("0123456789|:+()%, \n\rNAPENDIGRUNCOMLT\x00é²٣"), max_size=200)


@given(SLURMISH | st.text(max_size=200), st.text(max_size=60), st.integers(0, 255))
def test_rubbish_never_crashes_and_never_invents_a_state(stdout: str, stderr: str, status: int) -> None:
    for parse in (slurm.parse_status, slurm.parse_accounting):
        try:
            found = parse(stdout, stderr, status)
        except SilentError:
            continue
        for native_id, job in (found or {}).items():
            assert native_id in stdout
            word = job.own_word.split(" ", 1)[0].rstrip("+")
            assert job.state is (STATES[word][0] if word in STATES else JobState.UNKNOWN)


@given(st.sampled_from(sorted(STATES)), st.sampled_from(sorted(REASONS)) | st.text(max_size=40))
def test_every_state_and_reason_makes_one_sentence(word: str, reason: str) -> None:
    line = f"77|{word}|{reason}|N/A|N/A"
    for job in slurm.parse_status(line, "", 0).values():
        assert job.reason.startswith("The job ")
        assert job.reason.endswith(".")
