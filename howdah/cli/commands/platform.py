"""``howdah status`` (and ``up``): the platform itself."""

import typer

from howdah.cli.session import Session, table, with_session


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command("status")(status)


@with_session
def status(session: Session) -> None:
    """Tell whether the API server answers, and who the token is."""
    caller = session.client.me()
    session.show(
        caller, table(("", ""), [("API", session.access.api_url), ("you are", f"{caller.subject} ({caller.role})")])
    )
