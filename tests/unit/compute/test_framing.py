import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from howdah.compute.framing import AfterMarker, Capped, Digested
from howdah.compute.invocation import Program, Script


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(1, 50))
def test_the_answer_is_what_follows_the_marker_however_it_is_cut(noise: bytes, answer: bytes, size: int) -> None:
    kept = Capped(1_000)
    reader = AfterMarker("M4RK", kept)
    whole = noise.replace(b"M4RK", b"") + b"\nM4RK\n" + answer
    for start in range(0, len(whole), size):
        reader(whole[start : start + size])
    assert reader.seen
    assert kept.value == answer


@given(st.lists(st.binary(max_size=30), max_size=10), st.integers(0, 100))
def test_a_cap_keeps_the_head_and_says_what_it_did(pieces: list[bytes], limit: int) -> None:
    kept = Capped(limit)
    for piece in pieces:
        kept(piece)
    whole = b"".join(pieces)
    assert kept.value == whole[:limit]
    assert kept.truncated == (len(whole) > limit)


def test_noise_without_a_marker_is_not_kept_for_ever() -> None:
    reader = AfterMarker("M4RK", Capped(10))
    for _ in range(40):
        reader(b"x" * 100_000)
    assert not reader.seen
    assert len(reader.noise) < 2_000_000


SAFE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@settings(deadline=None)  # programs are started
@given(SAFE)
def test_no_value_escapes_its_quotes(value: str) -> None:
    script = Script('printf %s "$x$y"', {"x": value}, {"y": value})
    (text,) = script.login_input() or ()
    for argv, fed in (
        (["sh", "-c", script.login_line()], text),
        (["sh", "-s"], script.shell_text().encode()),
    ):
        result = subprocess.run(argv, input=fed, capture_output=True, check=False, timeout=10)
        assert (result.stdout, result.stderr) == (2 * value.encode(), b"")


@settings(deadline=None)
@given(st.lists(SAFE, min_size=1, max_size=3))
def test_no_argument_escapes_its_quotes(arguments: list[str]) -> None:
    program = Program(("printf", "%s|", *arguments), {"A": arguments[0]})
    for line in (program.login_line(), program.shell_text()):
        result = subprocess.run(["sh", "-c", line], capture_output=True, check=False, timeout=10)
        assert result.stdout == "".join(f"{argument}|" for argument in arguments).encode()


def test_half_a_script_runs_nothing_of_it() -> None:
    (script,) = Script("echo one\necho two").login_input() or ()
    for length in range(len(script) - len("\n) </dev/null\n")):
        result = subprocess.run(["sh", "-s"], input=script[:length], capture_output=True, check=False, timeout=10)
        assert b"one" not in result.stdout


def test_what_passes_is_counted_and_digested() -> None:
    moved, totals = Digested(), list[int]()
    assert b"".join(moved.through([b"ab", b"c"], totals.append)) == b"abc"
    assert (moved.size_bytes, totals) == (3, [2, 3])
    assert moved.sha256.startswith("ba7816bf")
