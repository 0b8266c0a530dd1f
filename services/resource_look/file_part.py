"""Bytes of a file that a job is writing: read from an offset in one round trip, kept in the object store."""

import hashlib
from typing import Final

from pydantic import ValidationError

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.looks import CHECKED_BYTES, FilePart, PartRequest
from howdah.contracts.wrong_fields import first_wrong
from howdah.tasks.looks import Look

_NO_FILE: Final = 66
_READ: Final = """
[ -e "$path" ] || exit 66
[ -f "$path" ] || { echo "not a regular file" >&2; exit 67; }
size=$(wc -c <"$path") || exit 68
size=$((size))
if [ "$start" -lt 0 ]; then start=$((size + start)); [ "$start" -ge "$known" ] || start=$known; fi
from=$((start - checked)); [ "$from" -ge 0 ] || from=0
printf '%s %s %s\\n' "$size" "$start" "$from"
[ "$start" -le "$size" ] || exit 0
rest=$((size - from)); [ "$rest" -le $((start - from + limit)) ] || rest=$((start - from + limit))
[ "$rest" -gt 0 ] || exit 0
tail -c +$((from + 1)) -- "$path" | head -c "$rest"
"""
_HEADER_BYTES: Final = 200


def look_at_file(look: Look) -> FilePart:
    """Bring the bytes that were asked for; a file that is not there (yet) is an answer, no failure of the look."""
    try:
        wanted = PartRequest.model_validate(look.params)
    except ValidationError as error:
        what = f"The look is wrong: {first_wrong(error)}."
        raise TaskError.of(FailureKind.INTERNAL, what) from None
    output = _read(look, wanted)
    if output is None:
        return FilePart(present=False)
    line, _, content = output.partition(b"\n")
    size, start, begins = map(int, line.split())
    before, part = content[: start - begins], content[start - begins :]
    is_jump = wanted.start < 0 and start > wanted.known_bytes
    if start > size or not (is_jump or _as_before(wanted, before)):
        return FilePart(present=True, size_bytes=size, continued=False)
    if part:
        look.store(wanted.target, lambda: (one for one in (part,)), len(part))
    last = part[-CHECKED_BYTES:]
    return FilePart(
        present=True,
        size_bytes=max(size, start + len(part)),
        start=start,
        length=len(part),
        checked_bytes=len(last),
        checked_sha256=hashlib.sha256(last).hexdigest(),
    )


def _read(look: Look, wanted: PartRequest) -> bytes | None:
    with look.reach().connect(look.target, look.secret, look.bounds) as connection:
        path = connection.expand(f"{wanted.work_dir}/{wanted.path}")
        variables = {
            "path": path,
            "start": str(wanted.start),
            "known": str(wanted.known_bytes),
            "limit": str(wanted.limit),
            "checked": str(wanted.checked_bytes),
        }
        most = wanted.limit + wanted.checked_bytes + _HEADER_BYTES
        result = connection.run_script(_READ, variables, max_output_bytes=most, operation="read a part")
    if result.exit_status == _NO_FILE:
        return None
    if result.exit_status != 0:
        words = result.stderr.decode(errors="replace").strip()[-300:] or f"exit status {result.exit_status}"
        sentence = f"{wanted.path} on {look.target.host} could not be read: {words}"
        raise TaskError.of(FailureKind.PERMANENT, sentence, host=look.target.host, operation="read a part")
    return result.stdout


def _as_before(wanted: PartRequest, before: bytes) -> bool:
    return wanted.checked_sha256 is None or hashlib.sha256(before).hexdigest() == wanted.checked_sha256
