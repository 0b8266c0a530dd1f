"""What can go wrong while the local stack starts. Every text says what was tried, what happened and what would help."""

from howdah.contracts.errors import HowdahError


class LocalStackError(HowdahError):
    """A part of the local stack could not be prepared, started or stopped."""


class DownloadError(LocalStackError):
    """A locked file could not be fetched: offline, or the repository does not have it."""


class TamperedFileError(LocalStackError):
    """A file's SHA-256 is not the one of our lock. The file is never used."""


class ChildDiedError(LocalStackError):
    """A child ended before it was ready; the text ends with the last lines of its log."""
