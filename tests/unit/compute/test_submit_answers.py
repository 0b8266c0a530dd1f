"""What each dialect takes for the id of a new job: whole and genuine answers, and never a piece or a noise of one."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from howdah.compute import templates
from howdah.compute.schedulers import scheduler_of
from howdah.contracts.resources import SchedulerKind

GENUINE = {
    SchedulerKind.SLURM: {"4711\n": "4711", "4711;cluster\n": "4711", "Welcome to login1\n4711\n": "4711"},
    SchedulerKind.PBS: {
        "4711.pbs01\n": "4711.pbs01",
        "motd of 3.2\n4711.pbs01.example.org\n": "4711.pbs01.example.org",
    },
    SchedulerKind.LSF: {
        "Job <4711> is submitted to queue <normal>.\n": "4711",
        "Job <4711> is submitted to default queue <normal>.\n": "4711",
    },
    SchedulerKind.SGE: {"4711\n": "4711", 'Your job 4711 ("howdah") has been submitted\n': "4711"},
    SchedulerKind.HTCONDOR: {
        "4711.0 - 4711.0\n": "4711.0",
        "Submitting job(s).\n1 job(s) submitted to cluster 4711.\n": "4711.0",
    },
}
NOISE = [
    "",
    "\n",
    "error: 4711\n",
    "4711 warnings\n",
    "Job 4711\n",
    "-4711\n",
    "47 11\n",
    "$(id)\n",
    "`id`\n",
    "٤٧١١\n",
    "x4711\n",
]
MUTATIONS = 60
SEED = 7


def _ids(kind: SchedulerKind, texts: list[str], tmp_path: Path) -> list[str]:
    """Return what the dialect takes for the id of each text, asked in one shell."""
    for number, text in enumerate(texts):
        (tmp_path / f"{number}").write_text(text)
    script = (
        templates.text("process.sh", scheduler_of(kind).dialect)
        + f'i=0; while [ "$i" -lt {len(texts)} ]; do native_id=; scheduler_id {tmp_path}/$i; '
        + "printf '%s\\n' \"[$native_id]\"; i=$((i + 1)); done"
    )
    shell = "dash" if shutil.which("dash") else "sh"
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return [line[1:-1] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", list(GENUINE))
def test_genuine_answers_name_their_job(kind: SchedulerKind, tmp_path: Path) -> None:
    texts = [*GENUINE[kind]]
    assert _ids(kind, texts, tmp_path) == [*GENUINE[kind].values()]


@pytest.mark.parametrize("kind", list(GENUINE))
def test_noise_names_no_job(kind: SchedulerKind, tmp_path: Path) -> None:
    assert _ids(kind, NOISE, tmp_path) == [""] * len(NOISE)


@pytest.mark.parametrize("kind", list(GENUINE))
def test_mutations_name_nothing_that_was_not_said(kind: SchedulerKind, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a test's own dice
    texts = []
    for _ in range(MUTATIONS):
        text = chance.choice([*GENUINE[kind]])
        at, length = chance.randrange(len(text)), chance.randrange(4)
        texts.append(text[:at] + chance.choice(["", " ", "\n", ";", "<", "'", "$(x)"]) + text[at + length :])
    for text, native_id in zip(texts, _ids(kind, texts, tmp_path), strict=True):
        assert re.fullmatch(r"|[0-9]+[A-Za-z0-9._-]*", native_id), text
        number = native_id.partition(".")[0]
        assert not number or re.search(rf"(?<![0-9]){number}(?![0-9])", text), text
