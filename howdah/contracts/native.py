"""Directives in a scheduler's own words, for what no field of a job says. Passed through, bounded and checked.

Written by whoever deploys an application, as its commands before and after are: the checks keep mistakes away, not
attackers.
"""

import re
import shlex
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from howdah.contracts.resources import SchedulerKind

MAX_DIRECTIVES: Final = 50
NativeDirective = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
NativeDirectives = Annotated[tuple[NativeDirective, ...], Field(max_length=MAX_DIRECTIVES)]

_OURS: Final = "the platform sets it itself"


@dataclass(frozen=True, slots=True)
class _Grammar:
    """How a scheduler's directives look; ``owned`` are those that have a field, or are the platform's alone."""

    comment: str
    example: str
    owned: dict[str, str]
    option: re.Pattern[str] = re.compile(r"-[A-Za-z][A-Za-z0-9_]*")
    letters: bool = False
    """Whether a value may follow an option's single letter directly (``-Nname``)."""
    owned_values: dict[str, str] = field(default_factory=dict)
    """The same for what stands within a value: ``walltime=``."""


def _owned(ours: str, **fields: str) -> dict[str, str]:
    return {
        **dict.fromkeys(ours.split(), _OURS),
        **{option: f"use {name}" for name, options in fields.items() for option in options.split()},
    }


_GRAMMARS: Final = {
    SchedulerKind.SLURM: _Grammar(
        "#SBATCH",
        "--constraint=haswell",
        _owned(
            "--job-name -J --output -o --error -e --input -i --chdir -D --comment --parsable --array -a --wrap --wait "
            "-W --test-only --requeue --no-requeue --quiet -Q --help -h --usage --version -V --uid --gid",
            queue="--partition -p",
            account="--account -A",
            qos="--qos -q",
            reservation="--reservation",
            nodes="--nodes -N",
            tasks_per_node="--ntasks-per-node",
            cpus_per_task="--cpus-per-task -c",
            memory_mb="--mem",
            wall_time_minutes="--time -t",
            gpus_per_node="--gpus-per-node",
        ),
        option=re.compile(r"--[a-z][a-z0-9-]*|-[A-Za-z]"),
        letters=True,
    ),
    SchedulerKind.PBS: _Grammar(
        "#PBS",
        "-l place=scatter",
        _owned("-N -o -e -j -J -I -X -S -k -r -z -C -R", queue="-q", account="-A"),
        option=re.compile(r"-[A-Za-z]"),
        letters=True,
        owned_values={"walltime=": "use wall_time_minutes", "block=": _OURS, "umask=": _OURS},
    ),
    SchedulerKind.LSF: _Grammar(
        "#BSUB",
        "-R 'select[type==X86_64]'",
        _owned(
            "-J -Jd -o -oo -e -eo -i -is -I -Ip -Is -IS -ISp -ISs -K -cwd -r -rn -W -jsdl -jsdl_strict -pack "
            "-h -V -L -Lp",
            queue="-q",
            account="-P",
            qos="-sla",
            reservation="-U",
            nodes="-n",
            memory_mb="-M",
            gpus_per_node="-gpu",
        ),
    ),
    SchedulerKind.SGE: _Grammar(
        "#$",
        "-l arch=lx-amd64",
        _owned(
            "-N -o -e -j -cwd -wd -S -terse -t -tc -sync -b -i -shell -r -now -verify -help -inherit -C",
            queue="-q",
            account="-P",
            reservation="-ar",
        ),
        owned_values={"h_rt=": "use wall_time_minutes"},
    ),
    SchedulerKind.HTCONDOR: _Grammar(
        "",
        "requirements = OpSysMajorVer == 9",
        _owned(
            "executable arguments universe queue output error input log initialdir environment env getenv batch_name "
            "should_transfer_files transfer_executable transfer_input_files +howdahname my.howdahname periodic_remove "
            "on_exit_remove on_exit_hold leave_in_queue notification dagman_log",
            account="accounting_group",
            cpus_per_task="request_cpus",
            memory_mb="request_memory",
            gpus_per_node="request_gpus",
        ),
        option=re.compile(r"\+?[A-Za-z_][A-Za-z0-9_.]*"),
    ),
}


def native_arguments(kind: SchedulerKind, directive: str) -> tuple[str, ...]:
    """Return what is added to the submission for one directive; ValueError says what is wrong with it.

    The scheduler's own comment marker (``#SBATCH``) before it is dropped. For HTCondor the one argument is a line of
    the submit description, for the others an option of the submit command with its value.
    """
    grammar = _GRAMMARS.get(kind)
    if grammar is None:
        raise ValueError(f"{kind.value} has no directives; leave it out")
    text = directive.strip()
    if grammar.comment and text.startswith(grammar.comment):
        text = text.removeprefix(grammar.comment).strip()
    return _line(grammar, text) if kind is SchedulerKind.HTCONDOR else _option(grammar, kind, text)


def _line(grammar: _Grammar, text: str) -> tuple[str, ...]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not value or not grammar.option.fullmatch(name) or value.endswith("\\"):
        raise ValueError(f"{text!r} is no line of a submit description; it should look like: {grammar.example}")
    _refuse_owned(grammar, name, name.lower())
    return (f"{name} = {value}",)


def _option(grammar: _Grammar, kind: SchedulerKind, text: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError(f"{text!r} has a quote that is not closed") from None
    found = grammar.option.match(words[0]) if words else None
    ends_well = found is not None and (grammar.letters or found.end() == len(words[0]))
    if found is None or not ends_well or len(words) > (3 if words[0] == "-pe" else 2):
        shape = f"it should be one option, like: {grammar.example}"
        raise ValueError(f"{text!r} does not look like a directive of {kind.value}; {shape}")
    rest = words[0][found.end() :]
    if found.group().startswith("--") and rest and not rest.startswith("="):
        raise ValueError(f"{text!r} does not look like a directive of {kind.value}; like: {grammar.example}")
    _refuse_owned(grammar, found.group(), found.group())
    for item in ",".join([rest, *words[1:]]).split(","):
        for start, why in grammar.owned_values.items():
            if item.strip().startswith(start):
                raise ValueError(f"{start.rstrip('=')} can't be given as a directive: {why}")
    return tuple(words)


def _refuse_owned(grammar: _Grammar, shown: str, name: str) -> None:
    if name in grammar.owned:
        raise ValueError(f"{shown} can't be given as a directive: {grammar.owned[name]}")
