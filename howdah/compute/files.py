"""Files on a resource, by way of its shell."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain, takewhile
from pathlib import PurePosixPath
from typing import BinaryIO

from howdah.compute import templates
from howdah.compute.abstract import DEFAULT_OUTPUT_BYTES, CommandResult, FileStat, Progress, Transferred
from howdah.compute.framing import AfterMarker, Digested, new_marker
from howdah.compute.invocation import Fed, Program
from howdah.compute.operation import Operation
from howdah.compute.shell import Ended, ShellConnection, kind_of_words
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind

_CHUNK_BYTES = 1 << 18

# One line each: they travel on the command line, since standard input and output carry the file. Whoever receives says
# how it went before it has read everything, so that the sender stops, and then reads to the end.
_RECEIVE = (
    '( d=${2%/*}; [ -d "${d:=/}" ] || mkdir -p -- "$d" || exit 70; '
    '[ ! -d "$2" ] || { echo "$2 is a directory" >&2; exit 71; }; '
    'cat >"$1" || { rm -f -- "$1"; exit 72; }; '
    '[ "$3" != unknown ] || exit 0; '
    '[ "$(wc -c <"$1")" -eq "$3" ] || { rm -f -- "$1"; exit 73; }; '
    '{ chmod -- "$4" "$1" && mv -f -- "$1" "$2"; } || { rm -f -- "$1"; exit 74; } ); '
    's=$?; printf "\\n%s\\n" "$5"; cat >/dev/null; exit $s'
)
_SEND = (
    '[ -e "$1" ] || { echo "no such file" >&2; exit 66; }; [ -f "$1" ] || { echo "not a regular file" >&2; exit 67; }; '
    '[ -r "$1" ] || { echo "Permission denied" >&2; exit 67; }; n=$(wc -c <"$1") || exit 68; '
    'printf "\\n%s\\n%s\\n" "$3" $n; [ $n -le "$2" ] || exit 0; n=$((n - $4)); [ $n -gt 0 ] || exit 0; '
    'if [ "$4" -eq 0 ]; then head -c $n -- "$1"; else tail -c +$(($4 + 1)) -- "$1" | head -c $n; fi'
)
_MOVE_INTO_PLACE = """
[ ! -d "$target" ] || { echo "$target is a directory" >&2; exit 71; }
[ "$(wc -c <"$temporary")" -eq "$size" ] || { rm -f -- "$temporary"; exit 73; }
chmod -- "$mode" "$temporary" && mv -f -- "$temporary" "$target" || { rm -f -- "$temporary"; exit 74; }
"""
_NO_FILE = 66
_OTHER_SIZE = 73


class FileConnection(ShellConnection):
    """The file operations of ``abstract.Connection``."""

    def upload(
        self,
        source: BinaryIO | Iterable[bytes],
        remote_path: str,
        *,
        mode: int = 0o644,
        size: int | None = None,
        progress: Progress | None = None,
    ) -> Transferred:
        """Write a file under a temporary name and rename it (see ``abstract.Connection``)."""
        path = PurePosixPath(self.expand(remote_path))
        temporary = str(path.with_name(f".{path.name[:200]}.howdah-{secrets.token_hex(8)}"))
        marker, moved = new_marker(), Digested()
        answer = AfterMarker(marker, lambda _: None)
        with self._operation("upload", None, silence=True) as operation:
            expected = "unknown" if size is None else str(size)
            argv = ("sh", "-c", _RECEIVE, "howdah", temporary, str(path), expected, f"{mode:o}", marker)
            wanted = takewhile(lambda _: not answer.seen, _chunks(source))
            passing = moved.through(wanted, progress or (lambda _: None))
            ended = self._execute(operation, Program(argv, fed=Fed(passing, size)), answer)
            if ended.exit_status == _OTHER_SIZE and moved.size_bytes != size:
                what = f"failed: the source of {path} has {moved.size_bytes} bytes where {size} were announced"
                raise operation.failure(FailureKind.PERMANENT, what)
            self._require_success(operation, ended, f"writing {path}", answered=answer.seen)
        if size is None:
            self._move_into_place(temporary, str(path), mode, moved.size_bytes)
        return Transferred(moved.size_bytes, moved.sha256)

    def _move_into_place(self, temporary: str, path: str, mode: int, size: int) -> None:
        variables = {"temporary": temporary, "target": path, "mode": f"{mode:o}", "size": str(size)}
        self._done("upload", self.run_script(_MOVE_INTO_PLACE, variables, operation="upload"), f"writing {path}")

    def download(
        self, remote_path: str, sink: BinaryIO, *, max_bytes: int, start: int = 0, progress: Progress | None = None
    ) -> Transferred:
        """Read a file (see ``abstract.Connection``)."""
        path, marker = self.expand(remote_path), new_marker()
        receiver = _Receiver(sink, start, progress or (lambda _: None))
        answer = AfterMarker(marker, receiver)
        with self._operation("download", None, silence=True) as operation:
            argv = ("sh", "-c", _SEND, "howdah", path, str(max_bytes), marker, str(start))
            ended = self._execute(operation, Program(argv), answer)
            self._require_success(operation, ended, f"reading {path}", answered=answer.seen)
            announced = receiver.announced
            if announced is None or announced > max_bytes:
                what = f"failed: {path} has {announced} bytes, more than the {max_bytes} allowed"
                raise operation.failure(FailureKind.PERMANENT, what)
            if start + receiver.moved.size_bytes != announced:
                what = f"failed: {path} had {announced} bytes and gave only {start + receiver.moved.size_bytes}"
                raise operation.failure(FailureKind.PERMANENT, what)
        return Transferred(receiver.moved.size_bytes, receiver.moved.sha256)

    def stat(self, remote_path: str) -> FileStat | None:
        """Return what stands there; None when nothing does."""
        path = self.expand(remote_path)
        result = self.run_script(templates.text("stat.sh"), {"path": path}, operation="stat")
        if result.exit_status == _NO_FILE:
            return None
        size, modified, what = self._done("stat", result, f"looking at {path}").stdout.split()
        return FileStat(int(size), what == b"directory", datetime.fromtimestamp(int(modified), UTC))

    def make_directories(self, remote_paths: Sequence[str], *, mode: int = 0o755) -> None:
        """Make the directories and their parents; those that exist are left alone."""
        variables = {"paths": "\n".join(map(self.expand, remote_paths)), "mode": f"{mode:o}"}
        result = self.run_script(templates.text("mkdir.sh"), variables, operation="mkdir")
        self._done("mkdir", result, "making directories")

    def remove_tree(self, remote_path: str) -> None:
        """Remove a directory with all below it (see ``abstract.Connection``)."""
        path, scratch = self.expand(remote_path), self.expand(self._target.scratch)
        variables = {"path": path.rstrip("/"), "scratch": scratch.rstrip("/")}
        result = self.run_script(templates.text("remove.sh"), variables, operation="remove")
        self._done("remove", result, f"removing {path}")

    def read_text(self, remote_path: str, *, max_bytes: int = DEFAULT_OUTPUT_BYTES) -> str | None:
        """Return the file's first ``max_bytes`` as text; None when there is no file."""
        path = self.expand(remote_path)
        script = f'[ -e "$path" ] || exit {_NO_FILE}\nhead -c "$limit" -- "$path"'
        variables = {"path": path, "limit": str(max_bytes)}
        result = self.run_script(script, variables, max_output_bytes=max_bytes, operation="read")
        if result.exit_status == _NO_FILE:
            return None
        return self._done("read", result, f"reading {path}").stdout.decode(errors="replace")

    def sha256(self, remote_path: str) -> str | None:
        """Return the file's SHA-256 in hex, computed there; None when there is no file."""
        path = self.expand(remote_path)
        result = self.run_script(templates.text("sha256.sh"), {"path": path}, operation="sha256")
        if result.exit_status == _NO_FILE:
            return None
        return self._done("sha256", result, f"digesting {path}").stdout.decode().split()[0].lstrip("\\")

    def _done(self, name: str, result: CommandResult, what: str) -> CommandResult:
        ended = Ended(result.exit_status, result.stderr, stderr_truncated=False)
        self._require_success(self._operation(name, None), ended, what, answered=True)
        return result

    @staticmethod
    def _require_success(operation: Operation, ended: Ended, what: str, *, answered: bool) -> None:
        if ended.exit_status == 0 and answered:
            return
        words = ended.stderr.decode(errors="replace").strip()
        said = words[-300:] if words else "no reason was given"
        error: TaskError = operation.failure(
            kind_of_words(words), f"failed {what}: {said}", detail=words, exit_status=ended.exit_status
        )
        raise error


class _Receiver:
    """Takes the announced size from the first line, then the file's bytes."""

    def __init__(self, sink: BinaryIO, start: int, progress: Progress) -> None:
        self._sink = sink
        self._start = start
        self._progress = progress
        self._header = b""
        self.announced: int | None = None
        self.moved = Digested()

    def __call__(self, data: bytes) -> None:
        if self.announced is None:
            line, found, data = (self._header + data).partition(b"\n")
            if not found:
                self._header = line
                return
            self.announced = int(line)
        data = data[: max(self.announced - self._start - self.moved.size_bytes, 0)]
        if data:
            self._sink.write(data)
            self.moved.add(data)
            self._progress(self._start + self.moved.size_bytes)


def _chunks(source: BinaryIO | Iterable[bytes]) -> Iterable[bytes]:
    read = getattr(source, "read", None)
    if read is None:
        return source
    return chain(iter(lambda: read(_CHUNK_BYTES), b""))
