"""What is wrong with a request, field by field."""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong: where (a dotted path), what, and what would be right."""

    field: str
    message: str
    got: Any = None

    def within(self, prefix: str) -> "FieldProblem":
        """Return the same problem seen from outside: its path begins with ``prefix``."""
        return replace(self, field=f"{prefix}.{self.field}" if self.field else prefix)


class UnplannableError(ValueError):
    """A request can't be turned into a DAG; ``problems`` says why, all of it at once."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems
