"""Twenty documents that nobody means well with, and one request body, each with the codes that may answer it.

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
# fmt: off
DOCUMENTS: dict[str, tuple[str, str]] = {
    "fragment bomb": (BOMB, COMPLEX),
    "fragment bomb with fields": (WIDE_BOMB, COMPLEX),
    "fragment that spreads itself": ("{ ...a } fragment a on Query { ...a }", WRONG),
    "fragments in a circle": ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", WRONG),
    "a chain of fragments": (CHAIN, COMPLEX),
    "a thousand fragments": ("{ __typename } " + _fragments(1_000, "__typename"), COMPLEX),
    "fourteen thousand aliases": ("{" + " ".join(f"a{n}: __typename" for n in range(14_000)) + "}", COMPLEX),
    "aliases of a costly root": ("{" + " ".join(f"a{n}: cases {{ totalCount }}" for n in range(2_000)) + "}", COMPLEX),
    "deep fields": (_levels(100), COMPLEX),
    "deep brackets": ("{ a " * 20_000, COMPLEX),
    "deep lists": ('{ cases(filter: {status: ' + "[" * 20_000, COMPLEX),
    "deep objects": ("{ cases(filter: " + "{a: " * 9_000, COMPLEX),
    "a long list": ("{ cases(filter: {status: [" + "SUBMITTED " * 40_000 + "]}) { totalCount } }", COMPLEX),
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
    "blocks that never end": ("{ a(b: " + '\\"""' * 60_000, WRONG),
    "unknown fields": ("{" + " ".join(f"x{n}" for n in range(2_900)) + "}", WRONG),
}
# fmt: on


def _measured() -> Iterator[tuple[str, float, float]]:
    for name, (text, _code) in DOCUMENTS.items():
        begun = time.perf_counter()
        Documents().prepare(text)
        taken = (time.perf_counter() - begun) * 1000
        tracemalloc.start()
        Documents().prepare(text)
        peak = tracemalloc.get_traced_memory()[1] / MEGABYTE
        tracemalloc.stop()
        yield name, taken, peak


if __name__ == "__main__":
    Documents().prepare("{ __typename }")
    for name, taken, peak in _measured():
        print(f"{name:32} {taken:8.1f} ms {peak:8.1f} MB {len(json.dumps(DOCUMENTS[name][0])) / 1024:9.0f} kB")
