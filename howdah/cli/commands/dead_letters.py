"""``howdah dead-letters``: messages that could not be handled."""

from enum import StrEnum
from typing import Annotated

import typer

from howdah.cli.session import Session, table, with_session

app = typer.Typer(no_args_is_help=True, help="Dead letters: messages that could not be handled.")


class State(StrEnum):
    """Which dead letters are listed."""

    NEW = "new"
    REDRIVEN = "redriven"
    DISCARDED = "discarded"
    ALL = "all"


IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The dead letter.", show_default=False)]


@app.command("list")
@with_session
def list_letters(
    session: Session,
    state: Annotated[State, typer.Option("--state", help="Only those of this state.")] = State.NEW,
) -> None:
    """List the dead letters that nobody has dealt with, newest first."""
    letters = list(session.client.dead_letters.list(state=None if state is State.ALL else state.value.upper()))
    rows = (
        (
            one.id,
            one.state,
            f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}",
            f"{one.topic}[{one.partition}]@{one.offset}",
            one.reason,
        )
        for one in letters
    )
    session.show(letters, table(("ID", "STATE", "AT", "FROM", "REASON"), rows))


@app.command("show")
@with_session
def show_letter(session: Session, letter_id: IdArgument) -> None:
    """Show one dead letter with the original message."""
    letter = session.client.dead_letters.get(letter_id)
    session.show(letter, table(("", ""), letter.model_dump(mode="json").items()))


@app.command("redrive")
@with_session
def redrive_letter(session: Session, letter_id: IdArgument) -> None:
    """Send the original message again; refused when its task has ended."""
    session.show(session.client.dead_letters.redrive(letter_id), f"{letter_id} was sent again")


@app.command("discard")
@with_session
def discard_letter(session: Session, letter_id: IdArgument) -> None:
    """Put a dead letter away; it stays readable."""
    session.show(session.client.dead_letters.discard(letter_id), f"{letter_id} is put away")
