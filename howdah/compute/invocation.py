"""What is to be run on a resource, whatever brings it there: a login shell's command line, or a shell that waits.

A value reaches a shell only through ``shlex.quote``.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_TO_THE_END_OF_INPUT: Final = '"$@"; status=$?; cat >/dev/null; exit $status'


@dataclass(frozen=True, slots=True)
class Fed:
    """The input of a command. ``size`` is what ``chunks`` are announced to yield together; None when nobody knows."""

    chunks: Iterable[bytes]
    size: int | None


@dataclass(frozen=True, slots=True)
class Program:
    """An argument vector. One that is fed must read its input to the end (see ``to_the_end``)."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    fed: Fed | None = None

    def login_line(self) -> str:
        """Return the line for a login shell, which the program replaces, so that nothing is said after it.

        Without input it reads nothing and no end of input is sent to it. One that is fed must not end before its input
        does: paramiko sends an end of input outside its locks, and when the channel was closed in between, sshd ends
        the whole connection ("ieof packet referred to nonexistent channel": twice in 3,000 scripts on eight threads
        here) or takes it for the end of another thread's new channel of the same number.
        """
        line = _login_line(self.argv, self.environment)
        return line if self.fed else f"{line} </dev/null"

    def login_input(self) -> Iterable[bytes] | None:
        """Return what to feed to the login line; None for nothing, not even an end."""
        return self.fed.chunks if self.fed else None

    def shell_text(self) -> str:
        """Return the same for a POSIX shell that may be replaced by it."""
        return f"{exports(self.environment)}exec {shlex.join(self.argv)}"


@dataclass(frozen=True, slots=True)
class Script:
    """POSIX-sh text with its variables, run in a shell of its own that reads nothing. It arrives whole or not at all.

    A process that it leaves behind must have let go of its output: what that says later would be taken for another's.
    """

    text: str
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    fed: None = None

    def login_line(self) -> str:
        """Return the line for a login shell."""
        return _login_line(("sh", "-s"), self.environment)

    def login_input(self) -> Iterable[bytes] | None:
        """Return the text to feed to ``sh -s``.

        The parentheses make the shell read it whole before it runs any of it, so that a cut transfer runs nothing; and
        an ``exit`` in the script leaves only them, so that the shell ends after the end of its input.
        """
        return [f"(\n{_assignments(self.variables)}{self.text}\n) </dev/null\n".encode("utf-8", "surrogateescape")]

    def shell_text(self) -> str:
        """Return the same for a POSIX shell of its own."""
        return f"{exports(self.environment)}{_assignments(self.variables)}{self.text}"


Invocation = Program | Script


def to_the_end(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command that does as ``argv`` does and then reads what is left of its input."""
    return ("sh", "-c", _TO_THE_END_OF_INPUT, "howdah", *argv)


def exports(environment: Mapping[str, str]) -> str:
    """Return shell text that exports the values."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def _assignments(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _login_line(argv: tuple[str, ...], environment: Mapping[str, str]) -> str:
    assignments = [f"{name}={value}" for name, value in environment.items()]
    return "exec " + shlex.join(["env", *assignments, *argv] if assignments else argv)
