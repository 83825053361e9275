"""Joined texts say the same however they are put together."""

import random

import psycopg
import pytest

from kreisbund_platform.database.joining import MOST_ARGUMENTS, MOST_IN_A_ROW, Short, concat, literal
from tests.support.fixtures import Deployment


@pytest.fixture(scope="module")
def owner(deployment: Deployment):
    with deployment.database.owner() as connection:
        yield connection


def said(owner: psycopg.Connection, expression: str) -> str:
    return owner.execute(f"SELECT {expression} FROM (SELECT 7 AS n, 'x'::text AS t) r").fetchone()[0]


def parts_of(chance: random.Random, number: int) -> tuple[list[str], str]:
    """Constants, short texts, others and joined ones, and what they say."""
    kinds = {
        "constant": lambda n: (literal(f'{{"k{n}":'), f'{{"k{n}":'),
        "mark": lambda n: (literal("\x01\x02"), "\x01\x02"),
        "short": lambda n: (Short(f"coalesce((r.n + {n})::text, 'null')"), str(7 + n)),
        "other": lambda n: (f"(SELECT string_agg('{n}', ','))", str(n)),
        "null": lambda n: ("(SELECT string_agg('a', ',') WHERE false)", ""),
    }
    found = [kinds[chance.choice(list(kinds))](n) for n in range(number)]
    inner = [each for each, _said in found[1:4]]
    return [found[0][0], concat(inner), *(each for each, _said in found[4:])], "".join(text for _part, text in found)


@pytest.mark.parametrize("number", [1, 2, 5, 17, MOST_IN_A_ROW + 3, MOST_ARGUMENTS * 3, 900])
def test_the_text_is_that_of_all_parts_in_their_order(owner: psycopg.Connection, number: int) -> None:
    for seed in range(5):
        parts, text = parts_of(random.Random(seed), max(5, number))
        assert said(owner, concat(parts)) == text


def test_neighbouring_constants_are_one_and_what_is_joined_is_joined_once() -> None:
    inner = concat([literal("b"), Short("x"), literal("c")])
    assert concat([literal("a"), inner, literal("d"), literal("e")]) == "('ab' || x || 'cde')"
    assert concat([literal("a"), literal("b")]) == "'ab'"
    assert concat(["f()", inner, "g()"]) == "concat(f(), ('b' || x || 'c'), g())"


def test_a_chain_is_never_deep_enough_to_be_refused(owner: psycopg.Connection) -> None:
    many = concat([part for n in range(5_000) for part in (Short("r.t"), literal(str(n % 10)))])
    assert len(said(owner, many)) == 10_000
