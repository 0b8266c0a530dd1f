"""``howdah apply`` and ``howdah export``: the catalogue as YAML."""

from pathlib import Path
from typing import Annotated

import typer

from howdah.cli.session import Session, with_session
from howdah.client.catalogue import Applied, apply_documents, export_catalogue, read_documents

FilesOption = Annotated[
    list[Path],
    typer.Option("-f", "--file", metavar="FILE", help="A YAML file; may be given several times.", show_default=False),
]


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command("apply")(apply)
    app.command("export")(export)


@with_session
def apply(session: Session, files: FilesOption) -> None:
    """Make the catalogue be as YAML files say: resources, credentials, applications, workflows. Nothing is deleted."""
    documents = [document for path in files for document in read_documents(path)]
    applied: list[Applied] = []
    for one in apply_documents(session.client, documents):
        applied.append(one)
        if not session.as_json:
            session.show(None, f"{one.action:<9}  {one.kind} {one.name}")
            if one.public_key:
                session.show(None, f"           put this into authorized_keys on the resource:\n{one.public_key}")
    if session.as_json:
        fields = ("kind", "name", "action", "id", "public_key")
        session.json_line([{field: getattr(one, field) for field in fields} for one in applied], indent=2)


@with_session
def export(
    session: Session,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write there instead of to standard output.")
    ] = None,
) -> None:
    """Write the catalogue as YAML that 'howdah apply' takes; without ids and secrets."""
    text = export_catalogue(session.client)
    if output is not None:
        output.write_text(text, encoding="utf-8")
        session.say(f"written to {output}")
    elif session.as_json:
        session.json_line({"yaml": text}, indent=2)
    else:
        session.show(None, text.rstrip("\n"))
