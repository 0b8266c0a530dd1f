"""The independent witness of a work queue: holds the consumers' journals against the group's commits, all the time.

A program of its own that imports nothing of the platform; it even reads the committed ledger by a decoder of its own::

    python queue_witness.py --bootstrap B --topic T --group G --partitions N --journals DIR --sent sent.txt --seconds S

A journal has a line ``began|done PARTITION OFFSET VALUE`` for each handling, in the file before the handler returns.
``sent.txt`` appears when everything was sent, with a value a line. The witness looks until all of that is acknowledged,
or until its time is up; then it prints one JSON object and ends with status 1 when a promise was broken.
"""

import argparse
import base64
import json
import sys
import time
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

Position = tuple[int, int]

_LOOK_SECONDS = 0.05
_LINE_PARTS = 4


@dataclass(frozen=True)
class Journals:
    """What the consumers wrote down."""

    began: Counter[Position]
    done: Counter[Position]
    values: set[str]
    """Of the messages that were handled."""


@dataclass(frozen=True)
class Verdict:
    """What the records say."""

    messages: int
    handled: int
    redelivered: int
    """Handlings beyond the first of each message."""
    acknowledged_early: int
    """Messages that a commit called finished while no journal said so."""
    unacknowledged: int
    lost: int
    """Messages that nobody handled."""
    duplicates: int
    """Messages handled again after they had been acknowledged."""


@dataclass
class Watch:
    """What was seen so far."""

    early: set[Position] = field(default_factory=set)
    acknowledged: dict[Position, int] = field(default_factory=dict)
    """How often each had been handled when its acknowledgement was seen."""
    journals: Journals = field(default_factory=lambda: Journals(Counter(), Counter(), set()))

    def look(self, acknowledged: Collection[Position], journals: Journals) -> None:
        """Take in one look. The commits must have been read before the journals."""
        self.early |= {position for position in acknowledged if position not in journals.done}
        for position in acknowledged:
            self.acknowledged.setdefault(position, journals.done[position])
        self.journals = journals

    def verdict(self, sent: Collection[str], *, once: bool = False) -> Verdict:
        """Hold it against what was sent. ``once``: nobody was killed, so whatever began twice is a duplicate."""
        done = self.journals.done
        again = sum(times > max(1, self.acknowledged[one]) for one, times in done.items() if one in self.acknowledged)
        redelivered = sum(times - 1 for times in self.journals.began.values())
        return Verdict(
            messages=len(sent),
            handled=len(self.journals.values.intersection(sent)),
            redelivered=redelivered,
            acknowledged_early=len(self.early),
            unacknowledged=len(sent) - len(self.acknowledged),
            lost=len(set(sent) - self.journals.values),
            duplicates=redelivered if once else again,
        )


def finished(watermark: int, text: str) -> set[int]:
    """Return the offsets that a commit calls finished.

    The text is empty, or ``1r`` (raw) or ``1z`` (deflated) and, in URL-safe base64, varints: how far beyond the
    watermark the horizon is, then the unfinished offsets beyond the watermark, each as its distance from the one
    before, less one.
    """
    if not text:
        return set(range(watermark))
    packed = base64.urlsafe_b64decode(text[2:] + "=" * (-len(text[2:]) % 4))
    span, *gaps = _varints(zlib.decompress(packed, wbits=-15) if text[:2] == "1z" else packed)
    unfinished = [watermark]
    for gap in gaps:
        unfinished.append(unfinished[-1] + gap + 1)
    return set(range(watermark + span)) - set(unfinished)


def _varints(raw: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in raw:
        value |= (byte % 128) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0


class Commits:
    """The group's commits, as the broker has them."""

    def __init__(self, bootstrap: str, topic: str, group: str, partitions: int) -> None:
        self._client = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
        self._asked = [TopicPartition(topic, number) for number in range(partitions)]

    def acknowledged(self) -> set[Position]:
        """Return what the commits call finished; nothing while the coordinator does not answer."""
        try:
            answers = self._client.committed(self._asked, timeout=5)
        except KafkaException:
            return set()
        return {
            (answer.partition, offset)
            for answer in answers
            if answer.error is None and answer.offset >= 0
            for offset in finished(answer.offset, answer.metadata or "")
        }


def read_journals(directory: Path) -> Journals:
    """Read what the consumers have written so far; a line that is not complete yet is left for the next time."""
    counts: dict[str, Counter[Position]] = {"began": Counter(), "done": Counter()}
    values = set()
    for journal in sorted(directory.glob("journal-*")):
        whole, _, _ = journal.read_text(encoding="utf-8").rpartition("\n")
        for line in whole.splitlines():
            parts = line.split(" ")
            assert len(parts) == _LINE_PARTS, f"{journal}: {line!r} is no line of a journal"
            counts[parts[0]][int(parts[1]), int(parts[2])] += 1
            if parts[0] == "done":
                values.add(parts[3])
    return Journals(counts["began"], counts["done"], values)


def watch(commits: Commits, journals: Path, sent: Path, seconds: float) -> tuple[Watch, list[str]]:
    """Look until all that was sent is acknowledged, or the time is up."""
    seen, until = Watch(), time.monotonic() + seconds
    while True:
        values = sent.read_text(encoding="utf-8").split() if sent.exists() else None
        seen.look(commits.acknowledged(), read_journals(journals))
        if (values is not None and len(seen.acknowledged) >= len(values)) or time.monotonic() > until:
            return seen, values or []
        time.sleep(_LOOK_SECONDS)


def main() -> int:
    """Watch, print the verdict, say by the exit status whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("bootstrap", "topic", "group"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument("--journals", type=Path, required=True)
    parser.add_argument("--sent", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--once", action="store_true", help="whatever began twice is a duplicate: nobody is killed")
    options = parser.parse_args()
    commits = Commits(options.bootstrap, options.topic, options.group, options.partitions)
    seen, sent = watch(commits, options.journals, options.sent, options.seconds)
    verdict = seen.verdict(sent, once=options.once)
    print(json.dumps(asdict(verdict)))
    return 1 if verdict.lost or verdict.duplicates or verdict.acknowledged_early or verdict.unacknowledged else 0


if __name__ == "__main__":
    sys.exit(main())
