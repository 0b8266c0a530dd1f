"""What a person at the terminal may do wrong beyond the command line's grammar."""

from howdah.contracts.errors import HowdahError


class CliError(HowdahError):
    """One sentence: what is wrong, and what would help."""
