"""The job script: the marks and the exit code around the application, which may run in a container."""

import shlex
from collections.abc import Sequence

from howdah.compute import templates
from howdah.compute.schedulers import JobPlace, Scheduler
from howdah.contracts.containers import Container, ContainerGpu, ContainerRuntime
from howdah.contracts.params import JobSpec

_NVIDIA, _AMD = ContainerGpu.NVIDIA, ContainerGpu.AMD
_GPU_OPTIONS = {
    (ContainerRuntime.APPTAINER, _NVIDIA): ["--nv"],
    (ContainerRuntime.APPTAINER, _AMD): ["--rocm"],
    (ContainerRuntime.PODMAN, _NVIDIA): ["--device", "nvidia.com/gpu=all"],
    (ContainerRuntime.PODMAN, _AMD): ["--device", "/dev/kfd", "--device", "/dev/dri"],
}


def assignments(values: dict[str, str]) -> str:
    """Return shell text that assigns the values, quoted."""
    return "\n".join(f"{name}={shlex.quote(value)}" for name, value in values.items())


def job_script(scheduler: Scheduler, job: JobSpec, place: JobPlace, executable: str) -> str:
    """Return the script that the scheduler runs. ValueError when the work directory can't be seen in the container."""
    limit = scheduler.limit_seconds(job)
    values = {
        "sub": place.submission_dir,
        "work_dir": place.work_dir,
        "requeue": "yes" if job.requeue else "no",
        "limit_seconds": "" if limit is None else str(limit),
        "stdout": job.stdout,
        "stderr": job.stderr,
    }
    parts = ["files.sh"]
    if limit is not None:
        parts.append("watchdog.sh")
    if job.container is not None:
        parts.append("container.sh")
    return "\n".join(
        [
            "#!/bin/sh",
            assignments(values),
            f"native_id=${scheduler.own_id_variable}",
            templates.text(*parts),
            _application(job, executable, place.work_dir),
            templates.text("job.sh"),
        ]
    )


def _application(job: JobSpec, executable: str, work_dir: str) -> str:
    modules = ["command -v module >/dev/null 2>&1 || . /etc/profile.d/modules.sh || exit 95"] if job.modules else []
    modules += [f"module load {shlex.quote(name)} || exit 95" for name in job.modules]
    exports = [f"export {name}={shlex.quote(value)}" for name, value in job.environment.items()]
    argv = [executable, *job.arguments]
    if job.container is not None:
        argv = contained(job.container, argv, work_dir, tuple(job.environment))
    lines = [
        "application() {",
        *modules,
        *exports,
        *job.pre_commands,
        shlex.join(argv),
        "application_code=$?",
        '[ "$application_code" -eq 0 ] || return "$application_code"',
        *job.post_commands,
        "}",
    ]
    return "\n".join(lines)


def contained(container: Container, argv: Sequence[str], work_dir: str, variables: Sequence[str]) -> list[str]:
    """Return the command that runs ``argv`` in the container, in the work directory.

    ``variables`` are the names of the environment that goes in; their values are never on the command line.
    """
    if "," in work_dir or ":" in work_dir:
        raise ValueError(f"the work directory {work_dir} can't be seen in a container: its path has a ',' or ':'")
    binds = [f"{work_dir}:{work_dir}"]
    binds += [f"{one.source}:{one.target or one.source}{':ro' if one.read_only else ''}" for one in container.binds]
    gpu = [] if container.gpu is None else _GPU_OPTIONS[container.runtime, container.gpu]
    match container.runtime:
        case ContainerRuntime.APPTAINER:
            # It hands on the whole environment by itself.
            options = [word for bind in binds for word in ("--bind", bind)]
            return ["run_apptainer", "exec", "--pwd", work_dir, *options, *gpu, container.image, *argv]
        case ContainerRuntime.PODMAN:
            options = [word for bind in binds for word in ("--volume", bind)]
            options += [word for name in variables for word in ("--env", name)]
            # In the host's process namespace and the job's cgroup: signals and limits reach it as they reach the job.
            shared = ["--pid=host", "--cgroups=disabled", "--network=host", "--userns=keep-id"]
            image = container.image.removeprefix("docker://")
            return ["run_podman", "run", "--rm", "--workdir", work_dir, *shared, *options, *gpu, image, *argv]
