"""``howdah dead-letters``: messages that could not be handled."""

from typing import Annotated

import typer

from howdah.cli.session import Session, table, with_session

app = typer.Typer(no_args_is_help=True, help="Dead letters: messages that could not be handled.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The dead letter.", show_default=False)]


@app.command("list")
@with_session
def list_letters(session: Session) -> None:
    """List the dead letters, newest first."""
    letters = list(session.client.dead_letters.list())
    rows = ((one.id, f"{one.topic}[{one.partition}]@{one.offset}", one.reason) for one in letters)
    session.show(letters, table(("ID", "FROM", "REASON"), rows))


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
