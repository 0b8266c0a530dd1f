"""An output goes on from the platform's store to where its experiment wants it as well.

What is written is read back from the store, so that the compute resource is asked once. A place never shows half a
file. A delivery that is done again writes the same again: the names are the experiment's, not the attempt's.
"""

from collections.abc import Iterator
from typing import NamedTuple, assert_never
from urllib.parse import quote

from howdah.contracts.failures import FailureKind
from howdah.contracts.params import OutputForm, OutputStagingParams, StagedFile
from howdah.contracts.storage import Delivery, FileOrigin, HttpOrigin, Origin, S3Origin, SftpOrigin
from howdah.storage.buckets import store_object
from howdah.storage.registered import store_registered
from howdah.storage.settings import staging_settings
from howdah.storage.web import Web
from howdah.tasks import TaskContext, TaskError

Context = TaskContext[OutputStagingParams]


class _Piece(NamedTuple):
    """One object of an output."""

    uri: str
    below: str
    """Its path in the folder that several files are delivered into."""
    size_bytes: int
    sha256: str


def deliver(context: Context, staged: StagedFile) -> StagedFile:
    """Put the output wherever it is wanted; return what was staged, with where it went."""
    if not staged.present:
        return staged
    for delivery in context.params.deliveries:
        for piece in _pieces(staged):
            _put(context, _place_of(delivery, piece), piece)
        context.log(f"delivered {context.params.name} to {delivery.to}")
    return staged.model_copy(update={"delivered": tuple(one.to for one in context.params.deliveries)})


def _pieces(staged: StagedFile) -> Iterator[_Piece]:
    if staged.form is not OutputForm.FILES:
        yield _Piece(staged.uri, "", staged.size_bytes, staged.sha256)
    for part in staged.files:
        yield _Piece(part.uri, part.path, part.size_bytes, part.sha256)


def _place_of(delivery: Delivery, piece: _Piece) -> Origin:
    """Return the place of one file; built anew, so that a path from the resource is checked as a user's is."""
    place = delivery.place
    if not piece.below:
        return place
    match place:
        case FileOrigin() | SftpOrigin():
            return type(place).model_validate(place.model_dump() | {"path": f"{place.path}/{piece.below}"})
        case S3Origin():
            return S3Origin.model_validate(place.model_dump() | {"key": f"{place.key}/{piece.below}"})
        case HttpOrigin():
            return HttpOrigin(url=f"{place.url}/{quote(piece.below)}")
        case _:
            assert_never(place)


def _put(context: Context, place: Origin, piece: _Piece) -> None:
    if isinstance(place, SftpOrigin):
        _to_another_resource(context, place, piece)
        return
    settings = staging_settings()
    with context.open_input(piece.uri) as chunks:
        match place:
            case FileOrigin():
                store_registered(settings.staging_delivery_roots, place.root, place.path, chunks)
            case HttpOrigin():
                web = Web(settings.staging_allowed_networks, settings.staging_web_seconds)
                web.put(place.url, chunks, piece.size_bytes)
            case S3Origin():
                secret = context.password(place.credential_id) if place.credential_id else None
                store_object(place, secret, settings.staging_allowed_networks, chunks)
            case _:
                assert_never(place)


def _to_another_resource(context: Context, place: SftpOrigin, piece: _Piece) -> None:
    """Write the file on another host, unless it is there with the right digest."""
    with context.connect(place.target) as connection:
        path = connection.confined(place.root.rstrip("/"), place.path, make=True)
        found = connection.stat(path)
        if found is not None and found.is_directory:
            sentence = f"{path} on {place.target.name} is a directory; an output is not put in its place."
            raise TaskError.of(FailureKind.PERMANENT, sentence, host=place.target.host, operation="deliver the output")
        if found is not None and found.size_bytes == piece.size_bytes and connection.sha256(path) == piece.sha256:
            return
        with context.open_input(piece.uri) as chunks:
            connection.upload(chunks, path, size=piece.size_bytes)
