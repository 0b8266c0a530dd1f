"""The control socket of a running stack: the supervisor's end and the asking end."""

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from howdah.contracts.control import (
    ANSWERS,
    MAX_LINE_BYTES,
    REQUESTS,
    AnyAnswer,
    AnyRequest,
    Refused,
)
from howdah.contracts.wrong_fields import first_wrong
from howdah.local.errors import LocalStackError
from howdah.local.sockets import short_folder

Respond = Callable[[AnyRequest], AnyAnswer]

_TIMEOUT_SECONDS = 10.0


def socket_path(directory: Path) -> Path:
    """Return where the control socket of the stack in ``directory`` is."""
    return short_folder(directory.absolute() / "run" / "control") / "socket"


class ControlServer:
    """Answers requests one after the other on a thread of its own. ``respond`` must not block."""

    def __init__(self, directory: Path, respond: Respond) -> None:
        self._path = socket_path(directory)
        self._respond = respond
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        """Begin to listen. Call it while holding the directory: a left-over socket is replaced."""
        self._path.unlink(missing_ok=True)
        self._listener.bind(str(self._path))
        self._path.chmod(0o600)
        self._listener.listen(16)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and remove the socket."""
        with contextlib.suppress(OSError):  # nobody was connected
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            with connection, contextlib.suppress(OSError):  # whoever asked is gone: nobody waits for the answer
                connection.settimeout(_TIMEOUT_SECONDS)
                connection.sendall(self._answer(_read_line(connection)).model_dump_json().encode() + b"\n")

    def _answer(self, line: bytes) -> AnyAnswer:
        try:
            request = REQUESTS.validate_json(line)
        except ValidationError as error:
            field, message = first_wrong(error)
            return Refused(sentence=f"{field or 'the request'}: {message}")
        return self._respond(request)


def ask(directory: Path, request: AnyRequest) -> AnyAnswer:
    """Ask the stack that runs in ``directory``; LocalStackError when none does or it does not answer."""
    nobody = LocalStackError(f"no stack runs in {directory}; `howdah up` starts one")
    if not (directory / "run").is_dir():
        raise nobody
    path = socket_path(directory)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.connect(str(path))
            connection.sendall(request.model_dump_json().encode() + b"\n")
            return ANSWERS.validate_json(_read_line(connection))
    except (FileNotFoundError, ConnectionRefusedError):
        raise nobody from None
    except (OSError, ValidationError) as error:
        raise LocalStackError(f"the stack in {directory} does not answer ({type(error).__name__})") from error


def _read_line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) < MAX_LINE_BYTES:
        chunk = connection.recv(65_536)
        if not chunk:
            break
        data += chunk
    return data
