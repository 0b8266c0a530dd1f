"""``howdah data``: data products, uploads, and the storage resources from which inputs are read."""

from pathlib import Path
from typing import Annotated

import typer

from howdah.cli.errors import CliError
from howdah.cli.fetching import size
from howdah.cli.finding import newest_experiment
from howdah.cli.session import Session, table, with_session
from howdah.client.models import DataProduct

app = typer.Typer(no_args_is_help=True, help="Data products: files known by what they are; and where they are kept.")

ProductArgument = Annotated[
    str, typer.Argument(metavar="ID|NAME", help="The product; a name only where it is unique.", show_default=False)
]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="May be given several times.")
]


@app.command("list")
@with_session
def list_products(
    session: Session,
    text: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="A part of name or description, or a SHA-256.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="USER", help="Only this user's.")] = None,
    label: LabelOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most to list.")] = 50,
) -> None:
    """List data products, newest first."""
    found: list[DataProduct] = []
    for one in session.client.products.search(text=text, owner=owner, labels=_labels(label)):
        found.append(one)
        if len(found) == limit:
            break
    rows = ((one.name, size(one.size_bytes), one.owner, _in_words(one), one.uri) for one in found)
    session.show(found, table(("NAME", "SIZE", "OWNER", "LABELS", "URI"), rows))


@app.command("show")
@with_session
def show(session: Session, product: ProductArgument) -> None:
    """Show a data product with the places where it is."""
    one = _found(session, product)
    facts = {
        "name": one.name,
        "uri": one.uri,
        "description": one.description,
        "owner": one.owner,
        "size": size(one.size_bytes),
        "sha-256": one.sha256,
        "labels": _in_words(one),
        "made by": f"{one.experiment_id} ({one.output_name})" if one.experiment_id else "",
        "replicas": "\n".join(replica.uri for replica in one.replicas),
    }
    session.show(one, table(("", ""), ((name, value) for name, value in facts.items() if value)))


@app.command("register")
@with_session
def register(  # noqa: PLR0913 - what is said about a product
    session: Session,
    *,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|URI]...", help="A file to upload, or howdah://storage/…", show_default=False),
    ] = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", metavar="ID|NAME", help="Register one of its outputs instead.")
    ] = None,
    output: Annotated[str | None, typer.Option("--output", metavar="NAME", help="Which output.")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="What the file is called.")] = None,
    description: Annotated[str, typer.Option("--description", metavar="TEXT")] = "",
    sha256: Annotated[str | None, typer.Option("--sha256", help="Checked whenever the product is used.")] = None,
    label: LabelOption = None,
) -> None:
    """Register a data product: a local file (it is uploaded), a file on a storage resource, or an output."""
    calls = session.client.products
    if experiment is not None or output is not None:
        if experiment is None or output is None or sources:
            raise CliError("--experiment and --output go together, and without files")
        made = calls.register_output(
            newest_experiment(session.client, experiment).id, output, name=name, labels=_labels(label)
        )
    else:
        replicas = [_replica(session, source) for source in sources or ()]
        made = calls.register(
            replicas=replicas, name=name, description=description, sha256=sha256, labels=_labels(label)
        )
    session.show(made, f"{made.uri}  {made.name}")


@app.command("download")
@with_session
def download(
    session: Session,
    product: ProductArgument,
    target: Annotated[Path, typer.Argument(metavar="FILE|DIR", help="Where to.")] = Path(),
) -> None:
    """Save a data product that the platform stores."""
    one = _found(session, product)
    path = target / Path(one.name).name if target.is_dir() else target
    saved = session.client.products.download(one.id, path)
    session.show({"path": str(saved)}, str(saved))


@app.command("delete")
@with_session
def delete(session: Session, product: ProductArgument) -> None:
    """Forget a data product; its bytes stay where they are."""
    one = _found(session, product)
    session.client.products.delete(one.id)
    session.show({"deleted": one.id}, f"{one.name} is forgotten")


@app.command("storage")
@with_session
def storage(session: Session) -> None:
    """List the storage resources from which inputs are read."""
    found = sorted(session.client.storage.list(), key=lambda one: one.name)
    rows = ((one.name, one.kind, one.host, one.root, "yes" if one.enabled else "no", one.id) for one in found)
    session.show(found, table(("NAME", "KIND", "HOST", "ROOT", "ENABLED", "ID"), rows))


def _replica(session: Session, source: str) -> str:
    return source if source.startswith("howdah://") else session.client.files.upload(Path(source)).uri


def _found(session: Session, text: str) -> DataProduct:
    text = text.removeprefix("howdah://products/")
    found = [one for one in session.client.products.search(text=text) if one.name == text]
    if len(found) > 1:
        raise CliError(f"{len(found)} data products are called {text!r}; give the id: {', '.join(o.id for o in found)}")
    return found[0] if found else session.client.products.get(text)


def _labels(texts: list[str] | None) -> dict[str, str]:
    labels = {}
    for text in texts or ():
        name, found, value = text.partition("=")
        if not found or not name:
            raise CliError(f"--label {text!r}: must be NAME=VALUE")
        labels[name] = value
    return labels


def _in_words(one: DataProduct) -> str:
    return ", ".join(f"{name}={value}" for name, value in one.labels.items())
