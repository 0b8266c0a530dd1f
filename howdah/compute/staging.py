"""Staging on a resource beyond whole files: transfers that go on where they broke off, wildcards, directories as tar.

A partial file has a name that all attempts of a task share. What stands in it is never trusted by its size alone: the
caller compares digests before it goes on, and again before the file is put into place.
"""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from howdah.compute import templates
from howdah.compute.abstract import FoundFile, Progress, Transferred
from howdah.compute.files import FileConnection
from howdah.compute.framing import AfterMarker, Digested, new_marker
from howdah.compute.invocation import Fed, Program
from howdah.contracts.failures import FailureKind

# Standard input carries the file: see howdah.compute.files. A part of another length than was asked for is left alone.
_APPEND: Final = (
    '( d=${1%/*}; [ -d "${d:=/}" ] || mkdir -p -- "$d" || exit 70; '
    '[ "$2" -gt 0 ] || : >"$1" || exit 71; [ "$(wc -c <"$1")" -eq "$2" ] || exit 73; '
    'cat >>"$1" || exit 72 ); '
    's=$?; printf "\\n%s\\n" "$3"; cat >/dev/null; exit $s'
)
_PLACE: Final = """
[ ! -d "$target" ] || { echo "$target is a directory" >&2; exit 71; }
[ "$(wc -c <"$part")" -eq "$size" ] || { echo "it has another size than it should" >&2; exit 73; }
chmod -- "$mode" "$part" && mv -f -- "$part" "$target" || exit 74
"""
_CONFINED: Final = """
root=$(cd -P -- "$root" 2>/dev/null && pwd -P) || { echo "there is no folder $root" >&2; exit 66; }
made() {
  cd -P -- "$root" && steps=${path%/*}/
  while [ -n "$steps" ]; do
    step=${steps%%/*} steps=${steps#*/}
    mkdir "./$step" 2>/dev/null || [ -d "./$step" ] || mkdir "./$step" || exit 70  # once more, to hear why not
    cd -P "./$step" || exit 70
    case $(pwd -P)/ in "${root%/}"/*) ;; *) echo "it leads out of $root" >&2; exit 77 ;; esac
  done
}
case $make:$path in yes:*/*) ( made ) || exit ;; esac
case $path in */*) inner=${path%/*} ;; *) inner=. ;; esac
inner=$(cd -P -- "$root/$inner" 2>/dev/null && pwd -P) || { echo "there is no folder ${path%/*}" >&2; exit 66; }
case $inner/ in "${root%/}"/*) ;; *) echo "it leads out of $root" >&2; exit 77 ;; esac
[ ! -L "$inner/${path##*/}" ] || { echo "it is a symbolic link" >&2; exit 77; }
printf '%s\\n' "$inner/${path##*/}"
"""
_REMOVE: Final = 'rm -f -- "$path"'
_OTHER_LENGTH: Final = 73
_LINE_BYTES: Final = 1_100
"""What a found file's line has at most: its path and its size."""


class StagingConnection(FileConnection):
    """The staging operations of ``abstract.Connection``."""

    def append(
        self, source: Iterable[bytes], part_path: str, *, start: int, progress: Progress | None = None
    ) -> Transferred:
        """Write on in a partial file (see ``abstract.Connection``)."""
        path, marker, moved = self.expand(part_path), new_marker(), Digested()
        answer = AfterMarker(marker, lambda _: None)
        with self._operation("append", None, silence=True) as operation:

            def passing() -> Iterable[bytes]:
                for chunk in moved.through(source, lambda total: (progress or _nothing)(start + total)):
                    if answer.seen:
                        return
                    yield chunk

            argv = ("sh", "-c", _APPEND, "howdah", path, str(start), marker)
            ended = self._execute(operation, Program(argv, fed=Fed(passing(), None)), answer)
            if ended.exit_status == _OTHER_LENGTH:
                what = f"failed: {path} has not the {start} bytes any more from which it was to go on"
                raise operation.failure(FailureKind.TRANSIENT, what)
            self._require_success(operation, ended, f"writing {path}", answered=answer.seen)
        return Transferred(moved.size_bytes, moved.sha256)

    def place(self, part_path: str, remote_path: str, *, size: int, mode: int = 0o644) -> None:
        """Give a partial file that is whole its name."""
        target = self.expand(remote_path)
        variables = {"part": self.expand(part_path), "target": target, "size": str(size), "mode": f"{mode:o}"}
        self._done("place", self.run_script(_PLACE, variables, operation="place"), f"putting {target} into place")

    def remove_file(self, remote_path: str) -> None:
        """Remove a file; nothing happens where there is none."""
        path = self.expand(remote_path)
        self._done("remove", self.run_script(_REMOVE, {"path": path}, operation="remove"), f"removing {path}")

    def confined(self, root: str, path: str, *, make: bool = False) -> str:
        """Return the absolute path of what stands below a folder (see ``abstract.Connection``)."""
        variables = {"root": self.expand(root), "path": path, "make": "yes" if make else ""}
        result = self.run_script(_CONFINED, variables, operation="confine")
        return self._done("confine", result, f"looking for {path}").stdout.decode(errors="surrogateescape").rstrip("\n")

    def find_files(self, directory: str, pattern: str, *, limit: int) -> list[FoundFile]:
        """Return the files that fit (see ``abstract.Connection``)."""
        where = self.expand(directory)
        variables = {"directory": where, "pattern": pattern, "limit": str(limit)}
        most = (limit + 1) * _LINE_BYTES
        script = templates.text("find.sh")
        result = self.run_script(script, variables, max_output_bytes=most, operation="find")
        self._done("find", result, f"looking for {pattern} in {where}")
        lines = result.stdout.decode(errors="replace").splitlines()
        return [FoundFile(path, int(size)) for size, _, path in (line.partition(" ") for line in lines)]

    def pack(self, directory: str, archive_path: str, *, exclude: str | None = None) -> None:
        """Write the directory as tar (see ``abstract.Connection``)."""
        where, archive = PurePosixPath(self.expand(directory)), PurePosixPath(self.expand(archive_path))
        variables = {"directory": str(where), "archive": str(archive), "exclude": exclude or ""}
        limit = self.target.command_timeout_seconds * 60
        script = templates.text("pack.sh")
        result = self.run_script(script, variables, timeout_seconds=limit, operation="pack")
        self._done("pack", result, f"packing {where}")


def _nothing(_: int) -> None: ...
