"""Instants as people read them."""

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """Return the instant in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
