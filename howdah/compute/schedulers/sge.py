"""Grid Engine (Sun, Open, Univa/Altair, Son of): qsub, qstat, qacct, qdel."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from howdah.compute import templates
from howdah.compute.schedulers import sge_words
from howdah.compute.schedulers.abstract import Glossary, JobPlace, JobStatus, NoCensus, SilentError
from howdah.compute.schedulers.troubles import refusal_of
from howdah.contracts.failures import FailureKind
from howdah.contracts.native import native_arguments
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import STANDARD_NAMES, GridEngineNames, SchedulerKind
from howdah.contracts.states import JobState

_STATUS: Final = 'timeout 60 qstat -u "$(id -un)" -xml'
_JOB_ID = re.compile(r"[0-9]+")
_NO_ACCOUNTING: Final = 3
_FIELD = re.compile(r"([a-z_]+) +(.*)")
_NUMBER = re.compile(r"[0-9]{1,3}\b")
_SIGNALS_FROM: Final = 128


@dataclass(frozen=True, slots=True)
class GridEngine(NoCensus):
    """Grid Engine 6.2 and later, through its commands; ``names`` are those that the site gave to things."""

    names: GridEngineNames = STANDARD_NAMES

    @property
    def dialect(self) -> str:
        """The template's file name."""
        return "sge.sh"

    @property
    def own_id_variable(self) -> str:
        """The variable that tells a job its native id."""
        return "JOB_ID"

    @property
    def glossary(self) -> Glossary:
        """The scheduler's words and what they mean."""
        return Glossary(sge_words.STATES, sge_words.REASONS, sge_words.TROUBLES)

    def name_of(self, job_name: str) -> str:
        """Return a name that begins with a letter, as Grid Engine asks for."""
        return job_name if job_name[:1].isalpha() else f"j{job_name}"

    def submit_options(self, job: JobSpec, place: JobPlace) -> Sequence[str]:
        """Return qsub's options."""
        native = [word for line in job.native for word in native_arguments(SchedulerKind.SGE, line)]
        own_output = f"{place.submission_dir}/scheduler.out"
        options = [
            "-terse",
            "-N",
            self.name_of(place.job_name),
            "-S",
            "/bin/sh",
            "-b",
            "n",
            "-j",
            "y",
            "-o",
            own_output,
        ]
        options += ["-wd", place.work_dir, "-r", "y" if job.requeue else "n"]
        slots = job.tasks_per_node * job.cpus_per_task
        if "-pe" not in native and job.nodes * slots > 1:
            options += ["-pe", self._environment(job), str(job.nodes * slots)]
        if job.wall_time_minutes is not None:
            hours, minutes = divmod(job.wall_time_minutes, 60)
            options += ["-l", f"h_rt={hours}:{minutes:02}:00"]
        if job.memory_mb is not None:
            options += ["-l", f"{self.names.memory_resource}={-(-job.memory_mb // slots)}M"]
        if job.gpus_per_node is not None:
            options += ["-l", f"{self.names.gpu_resource}={job.gpus_per_node}"]
        chosen = {"-q": job.queue, "-P": job.account, "-ar": job.reservation}
        return [*options, *(word for name, value in chosen.items() if value for word in (name, value)), *native]

    def _environment(self, job: JobSpec) -> str:
        if job.nodes == 1:
            return self.names.parallel_environment
        if self.names.multi_node_environment is None:
            raise ValueError("the resource names no parallel environment for several nodes")
        return self.names.multi_node_environment

    def limit_seconds(self, job: JobSpec) -> int | None:  # noqa: ARG002 - the scheduler enforces it
        """Return None: Grid Engine enforces the wall time."""
        return None

    def refusal(self, words: str, exit_status: int) -> tuple[FailureKind, str]:
        """Return the meaning of qsub's words."""
        return refusal_of(words, exit_status, sge_words.TROUBLES, noise=("Unable to run job: ", "qsub: "))

    def status_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]]:  # noqa: ARG002 - it lists all
        """Return one qstat, which lists all jobs of the login account."""
        return _STATUS, {}

    def parse_status(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus]:
        """Return what qstat listed."""
        start = stdout.find("<?xml")
        if exit_status != 0 or start < 0:
            last = stderr.strip().rpartition("\n")[2]
            raise SilentError(f"qstat: {last[-200:] or f'exit status {exit_status}'}")
        try:
            root = _document(stdout[start:])
        except ET.ParseError as error:
            raise SilentError(f"qstat: its XML is broken: {error}") from None
        found = ((one.findtext("JB_job_number", "").strip(), one) for one in root.iter("job_list"))
        return {native_id: _status(one) for native_id, one in found if _JOB_ID.fullmatch(native_id)}

    def accounting_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:
        """Return a qacct for each job, in one go: it takes one at a time."""
        ids = " ".join(native_id for native_id in native_ids if _JOB_ID.fullmatch(native_id))
        return templates.text("sge_accounting.sh"), {"ids": ids}

    def parse_accounting(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus] | None:
        """Return what qacct listed; None where the accounting can't be read on the login node."""
        if exit_status == _NO_ACCOUNTING:
            return None
        if exit_status != 0:
            last = stderr.strip().rpartition("\n")[2]
            raise SilentError(f"qacct: {last[-200:] or f'exit status {exit_status}'}")
        found = {}
        for fields in _records(stdout):
            native_id = fields.get("jobnumber", "")
            if _JOB_ID.fullmatch(native_id) and (status := _ended(fields)) is not None:
                found[native_id] = status
        return found


def _document(text: str) -> ET.Element:
    """Parse qstat's answer. A document type is refused: entities could blow up to any size."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ET.ParseError("a document type was not expected")
    return ET.fromstring(text[: text.rfind(">") + 1])  # noqa: S314 - no entities, see above; the size is capped


def _status(element: ET.Element) -> JobStatus:
    letters = element.findtext("state", "").strip()
    state, says = sge_words.of_letters(letters)
    return JobStatus(state=state, own_word=letters, reason=f"The job {says}.")


def _records(text: str) -> Iterator[Mapping[str, str]]:
    fields: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("====="):
            yield fields
            fields = {}
        elif found := _FIELD.fullmatch(line.rstrip()):
            fields.setdefault(found[1], found[2].strip())
    yield fields


def _ended(fields: Mapping[str, str]) -> JobStatus | None:
    """Return how a job ended; None for a record that is incomplete, or of a run that goes on elsewhere."""
    failed, code = _NUMBER.match(fields.get("failed", "")), _NUMBER.match(fields.get("exit_status", ""))
    if failed is None or code is None:
        return None
    why, number = str(int(failed.group())), int(code.group())
    if why in sge_words.GOES_ON:
        return None
    deleted = fields.get("deleted_by", "NONE") not in {"NONE", ""}
    if deleted:
        state, says, shown = JobState.CANCELED, f"was deleted on the resource by {fields['deleted_by'][:60]}", None
    elif why == "0":
        state = JobState.FAILED if number else JobState.COMPLETE
        says, shown = (f"ended with exit code {number}" if number else "completed"), number
    else:
        state, shown = JobState.FAILED, number or None
        says = f"{sge_words.REASONS.get(why, 'failed for a reason that Grid Engine numbers')} (failed {why})"
        if number > _SIGNALS_FROM:
            says += f", by signal {number - _SIGNALS_FROM}"
    return JobStatus(
        state=state,
        own_word=f"failed {why}, exit_status {number}",
        reason=f"The job {says}.",
        exit_code=shown,
        exit_file_decides=state is JobState.FAILED and why in sge_words.EXIT_FILE_DECIDES,
    )
