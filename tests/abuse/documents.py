"""Fifty documents that nobody means well with, each with the codes that may answer it.

`python -m tests.abuse.documents` says how long judging each takes and how much memory: parsing, limits, validation,
as in production, without the network.
"""

import json
import time
import tracemalloc
from collections.abc import Iterator

from kreisbund_api.graphql.execution import Documents

COMPLEX, WRONG = "QUERY_TOO_COMPLEX", "BAD_USER_INPUT"
MEGABYTE = 1024 * 1024


def _fragments(number: int, body: str) -> str:
    return " ".join(f"fragment f{n} on Query {{ {body.format(n=n, next=n + 1)} }}" for n in range(number))


def _levels(number: int) -> str:
    return (
        "{ cases { edges { node { "
        + "tasks { edges { node { case { " * number
        + "id"
        + " } } } }" * number
        + " } } } }"
    )


BOMB = "{ ...f0 } " + _fragments(40, "...f{next} ...f{next}") + " fragment f40 on Query { viewer { subject } }"
WIDE_BOMB = (
    "{ ...f0 } "
    + _fragments(30, "a{n}: viewer {{ subject }} ...f{next} ...f{next}")
    + " fragment f30 on Query { __typename }"
)
INTROSPECTION = "{ __schema { types { " + "fields { type { " * 25 + "name" + " } }" * 25 + " } } }"
WIDE_INTROSPECTION = "{ " + " ".join(
    f"a{n}: __schema {{ types {{ name fields {{ name args {{ name }} type {{ name }} }} }} }}" for n in range(500)
) + " }"  # fmt: skip
PAGE = "(first: 100) { edges { node { id "
FULL_PAGES = f"{{ cases{PAGE}" + f" tasks{PAGE} case {{ id " * 4 + "} } } } " * 4 + "} } } }"

CHAIN = "{ ...f0 } " + _fragments(400, "...f{next}") + " fragment f400 on Query { __typename }"
VARIABLES = "query (" + " ".join(f'$v{n}: [[[[String]]]] = [[[["x"]]]]' for n in range(3_000)) + ") { __typename }"
UNUSED = "query (" + " ".join(f"$v{n}: String" for n in range(2_900)) + ") { __typename }"
UNDEFINED = "{ " + " ".join(f"a{n}: node(id: $v{n}) {{ id }}" for n in range(900)) + " }"
DEFAULT = "query ($a: [String] = [" + 'SUBMITTED "x" ' * 6_000 + "]) { __typename }"
ENUMS = "{ cases(filter: {status: [" + "NONE " * 14_000 + "]}) { totalCount } }"
NUMBER = "1" * 99_900
INLINE = "{ " + " ".join(f'... on Query {{ a: node(id: "{n}") {{ id }} }}' for n in range(800)) + " }"
OVERLAPPING = "{ " + " ".join(f"...f{n}" for n in range(99)) + " } " + " ".join(
    f'fragment f{n} on Query {{ a: node(id: "{n}") {{ id }} }}' for n in range(99)
)  # fmt: skip
PAIRS = "{ " + " ".join(f"...f{n}" for n in range(99)) + " } " + _fragments(99, "a{n}: __typename b{n}: __typename")
NESTED_CLASHES = "{ " + "a: viewer { " * 18 + " ".join(f"a: subject{n}" for n in range(60)) + " }" * 18 + " }"
INPUT = "{ cases(filter: " + "{a: " * 190 + "1" + "}" * 190 + ") { totalCount } }"
LATE = "{ " + " ".join(f"a{n}: viewer {{ subject }}" for n in range(1_200)) + " nothing }"
LONG_LISTS = (
    "{ " + " ".join(f"a{n}: cases(filter: {{status: [{'NONE ' * 20}]}}) {{ totalCount }}" for n in range(280)) + " }"
)
UNENDED = "{ " + " ".join(f'a{n}: node(id: "{n}") {{ id }}' for n in range(1_300))
ELSEWHERE = "{ " + " ".join(f"a{n}: totalCount" for n in range(1_400)) + " }"
# fmt: off
DOCUMENTS: dict[str, tuple[str, str]] = {
    "fragment bomb": (BOMB, COMPLEX),
    "fragment bomb with fields": (WIDE_BOMB, COMPLEX),
    "fragment that spreads itself": ("{ ...a } fragment a on Query { ...a }", WRONG),
    "fragments in a circle": ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", WRONG),
    "a chain of fragments": (CHAIN, COMPLEX),
    "a thousand fragments": ("{ __typename } " + _fragments(1_000, "__typename"), COMPLEX),
    "six thousand aliases": ("{" + " ".join(f"a{n}: __typename" for n in range(6_000)) + "}", COMPLEX),
    "aliases of a costly root": ("{" + " ".join(f"a{n}: cases {{ totalCount }}" for n in range(2_000)) + "}", COMPLEX),
    "deep fields": (_levels(100), COMPLEX),
    "deep brackets": ("{ a " * 20_000, COMPLEX),
    "deep lists": ('{ cases(filter: {status: ' + "[" * 20_000, COMPLEX),
    "deep objects": ("{ cases(filter: " + "{a: " * 9_000, COMPLEX),
    "a long list": ("{ cases(filter: {status: [" + "SUBMITTED " * 9_900 + "]}) { totalCount } }", COMPLEX),
    "nested full pages": (FULL_PAGES, COMPLEX),
    "nested variables": (VARIABLES, COMPLEX),
    "a flood of directives": ("{ __typename " + "@include(if: true) " * 8_000 + "}", COMPLEX),
    "unknown directives": ("{ __typename " + "@a " * 2_000 + "}", WRONG),
    "a huge string": ('{ node(id: "' + "x" * MEGABYTE + '") { id } }', COMPLEX),
    "a huge comment": ("{ __typename } #" + "x" * MEGABYTE, COMPLEX),
    "deep introspection": (INTROSPECTION, COMPLEX),
    "wide introspection": (WIDE_INTROSPECTION, COMPLEX),
    "many operations": (" ".join(f"query q{n} {{ __typename }}" for n in range(2_000)), COMPLEX),
    "fields that clash": ("{" + " ".join(f"a: node(id: \"{n}\") {{ id }}" for n in range(900)) + "}", COMPLEX),
    "blocks that never end": ("{ a(b: " + '\\"""' * 7_000, WRONG),
    "unused variables": (UNUSED, COMPLEX),
    "undefined variables": (UNDEFINED, WRONG),
    "a huge default": (DEFAULT, COMPLEX),
    "enum values that are none": (ENUMS, COMPLEX),
    "many lists of values that are none": (LONG_LISTS, COMPLEX),
    "a number of 100,000 digits": (f"{{ cases(first: {NUMBER}) {{ totalCount }} }}", WRONG),
    "a fraction of 100,000 digits": (f"{{ cases(first: 1.{NUMBER}) {{ totalCount }} }}", WRONG),
    "a default of 100,000 digits": (f"query ($a: Int = -{NUMBER}) {{ cases(first: $a) {{ totalCount }} }}", WRONG),
    "clashes in inline fragments": (INLINE, COMPLEX),
    "clashes across fragments": (OVERLAPPING, COMPLEX),
    "pairs of fragments": (PAIRS, COMPLEX),
    "clashes at every depth": (NESTED_CLASHES, WRONG),
    "deep input": (INPUT, WRONG),
    "escapes": ('{ node(id: "' + "\\u0041" * 16_000 + '") { id } }', COMPLEX),
    "escapes of nothing": ('{ node(id: "' + "\\u{110000}" * 9_000 + '") { id } }', WRONG),
    "escaped halves of signs": ('{ node(id: "' + "\\uD83D" * 9_000 + '") { id } }', WRONG),
    "a long text that is none": ('{ node(id: "' + "ä" * 90_000 + "\\q" + '") { id } }', WRONG),
    "a long block that is no argument": ('{ viewer(a: """' + "x \n" * 30_000 + '""") { subject } }', COMPLEX),
    "a flood of comments": ("{ __typename " + "#\n" * 45_000 + "}", COMPLEX),
    "a flood of texts": ('{ a(b: [' + '""' * 45_000 + "]) }", COMPLEX),
    "a flood of brackets": ("{ a(b: " + "[]" * 45_000 + ") }", COMPLEX),
    "commas": ("{ __typename " + "," * 90_000 + " nothing }", WRONG),
    "2,900 fields": ("{ county { " + "id slug " * 1_450 + "} }", COMPLEX),
    "one wrong field after 2,400": (LATE, WRONG),
    "1,300 fields without an end": (UNENDED, WRONG),
    "fields of another type": (ELSEWHERE, WRONG),
    "unknown fields": ("{" + " ".join(f"x{n}" for n in range(2_900)) + "}", WRONG),
}
# fmt: on


def _measured() -> Iterator[tuple[str, float, float, float]]:
    """Wall time and CPU of the best of five tries, since the machine may be busy with others."""
    for name, (text, _code) in DOCUMENTS.items():
        tries = [_seconds(text) for _try in range(5)]
        wall, cpu = (min(each) * 1000 for each in zip(*tries, strict=True))
        tracemalloc.start()
        Documents().prepare(text)
        peak = tracemalloc.get_traced_memory()[1] / MEGABYTE
        tracemalloc.stop()
        yield name, wall, cpu, peak


def _seconds(text: str) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.thread_time()
    Documents().prepare(text)
    return time.perf_counter() - wall, time.thread_time() - cpu


if __name__ == "__main__":
    Documents().prepare("{ __typename }")
    for name, wall, cpu, peak in _measured():
        size = len(json.dumps(DOCUMENTS[name][0])) / 1024
        print(f"{name:36} {wall:7.1f} ms {cpu:7.1f} ms of CPU {peak:6.1f} MB {size:7.0f} kB")
