"""What a document's signs alone show, before it is parsed: parsing costs ten times these looks, validation more.

Strings, comments and arguments are taken out by regular expressions; what is left are the selections, read once.
"""

import re
from collections import Counter
from collections.abc import Collection
from functools import cache
from itertools import islice

from graphql import GraphQLSchema, is_interface_type, is_object_type

from kreisbund_api.graphql.refusals import bad_input, too_complex
from kreisbund_platform.texts import _

MOST_TOKENS = 15_000
MOST_OF = {"\\": 10_000, '"': 2 * MOST_TOKENS, "#": MOST_TOKENS, "\n": MOST_TOKENS}  # each read by itself
MOST_FIELDS = 2_500
MOST_ALIASES = 1_500
MOST_ALIKE = 50  # fields of one response key in one selection set, and fragments spread in one
MOST_FRAGMENTS = 100
MOST_OPERATIONS = 50
MOST_DEFINITIONS = MOST_FRAGMENTS + MOST_OPERATIONS
MOST_LEVELS = 200  # of brackets of any kind: the parser recurses
MOST_DIRECTIVES = 3_000
MOST_INTROSPECTIONS = 10  # GraphiQL asks one; each goes through the whole schema
MOST_UNKNOWN = 50  # names of fields and directives that the schema does not have, variables of no use
MOST_VALUES = 4_000  # tokens of one field's arguments or one operation's variables
MOST_LISTED = 2_000  # tokens in lists that are written out: more of them travels in variables
LONGEST_NUMBER = 100  # digits

WRITTEN_NUL = re.compile(r"\\u(?:0000|\{0+\})")  # no text of PostgreSQL holds it
BLOCK, STRING, COMMENT = r'"""(?:[^"\\]++|\\"""|\\|"(?!""))*+"""', r'"(?!"")(?:[^"\\\n]++|\\.)*+"', r"#[^\n\r]*+"
UNENDED = r'"[\s\S]*+'  # all the rest, once the text that began here has no end
TEXTS = re.compile(f'{BLOCK}|""{UNENDED}|{STRING}|{UNENDED}|{COMMENT}')
BLANKS = re.compile(r"[\s,\ufeff]{2,}+")
TOKEN = re.compile(r"\.\.\.|[A-Za-z_]\w*+|-?\d[\w.+-]*+|\S")
DEFINED, USED = re.compile(r"\$\s*(\w++)(?=\s*:)"), re.compile(r"\$\s*(\w++)(?!\s*:)")
NUMBER = re.compile(rf"(?<!\w)\d{{{LONGEST_NUMBER + 1}}}")
INTROSPECTION = re.compile(r"\b__(?:schema|type)\b")
BRACKET = re.compile(r"[][{}()]")
LIST = re.compile(r"\[[^][]*\]")
ARGUMENTS = re.compile(r"\([^()]*+\)")
SELECTED = re.compile(r"[{}]|\(\)|@\s*(\w*)|\.\.\.\s*(?:on\b\s*)?\w*|([A-Za-z_]\w*)(?:\s*:\s*(\w+))?")


@cache
def names_of(schema: GraphQLSchema) -> frozenset[str]:
    """Every field of any type and, with their @, the directives."""
    fields = {"__typename", "__schema", "__type", *(f"@{each.name}" for each in schema.directives)}
    for declared in schema.type_map.values():
        if is_object_type(declared) or is_interface_type(declared):
            fields |= declared.fields.keys()
    return frozenset(fields)


def check(text: str, known: Collection[str]) -> None:
    """Raises QUERY_TOO_COMPLEX, or BAD_USER_INPUT where too many names are none of `known`.

    What else is malformed is left to the parser, whose message says where.
    """
    if any(text.count(sign) > most for sign, most in MOST_OF.items()):
        raise too_complex()
    if WRITTEN_NUL.search(text):
        raise bad_input()
    found, texts = TEXTS.subn(" ", text)
    plain = BLANKS.sub(" ", found).replace(",", " ").replace("\ufeff", " ")
    _check_brackets(plain)
    bare = ARGUMENTS.sub("()", plain)
    if bare.count(":") > MOST_ALIASES or bare.count("@") > MOST_DIRECTIVES:
        raise too_complex()
    if _number(INTROSPECTION, bare, MOST_INTROSPECTIONS) > MOST_INTROSPECTIONS:
        raise too_complex()
    if _number(TOKEN, plain, MOST_TOKENS) + texts > MOST_TOKENS:
        raise too_complex()
    if any(_number(TOKEN, each[0], MOST_VALUES) > MOST_VALUES for each in ARGUMENTS.finditer(plain)):
        raise too_complex()
    if sum(_number(TOKEN, each[0], MOST_LISTED) for each in LIST.finditer(plain)) > MOST_LISTED:
        raise too_complex()
    if NUMBER.search(plain):
        raise bad_input()
    if len(set(DEFINED.findall(plain)) ^ set(USED.findall(plain))) > MOST_UNKNOWN:
        raise bad_input(_("Die Abfrage nennt viele Variablen nur einmal: als Frage oder als Wert."))
    _Selections(known).read(bare)


def _number(pattern: re.Pattern[str], text: str, most: int) -> int:
    """How often the pattern is found; one more than `most` stands for all that is beyond."""
    return sum(1 for _each in islice(pattern.finditer(text), most + 1))


def _check_brackets(plain: str) -> None:
    level = definitions = 0
    if sum(map(plain.count, "[]{}()")) > MOST_TOKENS:
        raise too_complex()
    for bracket in BRACKET.findall(plain):
        if bracket in "{[(":
            definitions += bracket == "{" and level == 0
            level += 1
            if level > MOST_LEVELS or definitions > MOST_DEFINITIONS:
                raise too_complex()
        else:
            level -= 1
    if level > 0:
        raise bad_input(_("Die Abfrage endet vor ihrer letzten Klammer."))


class _Selections:
    """Reads selections one after the other; fields of one response key are counted per selection set."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._sets: list[Counter[str]] = []
        self._key = ""  # of the last field, until what makes it dear to compare is seen
        self._inline = False
        self._unknown = self._fields = 0

    def read(self, bare: str) -> None:
        """Raises QUERY_TOO_COMPLEX or BAD_USER_INPUT."""
        for found in SELECTED.finditer(bare):
            sign = found[0]
            if sign == "{":
                self._open()
            elif sign == "}":
                self._key = ""
                del self._sets[-1:]
            elif sign[0] in "(@":
                self._count()
                self._judge(f"@{found[1]}" if found[1] else "__typename")
            elif sign[0] == ".":
                named = sign[3:].split()
                self._key, self._inline = "", not named or named[0] == "on"
            elif self._sets:
                self._fields += 1
                if self._fields > MOST_FIELDS:
                    raise too_complex()
                self._key, self._inline = found[2], False
                self._judge(found[3] or found[2])

    def _open(self) -> None:
        """A set; an inline fragment's fields lie in the set around it."""
        self._count()
        self._sets.append(self._sets[-1] if self._inline and self._sets else Counter())
        self._inline = False

    def _count(self) -> None:
        if self._key and self._sets:
            self._sets[-1][self._key] += 1
            if self._sets[-1][self._key] > MOST_ALIKE:
                raise too_complex()
        self._key = ""

    def _judge(self, name: str) -> None:
        self._unknown += name not in self._known
        if self._unknown > MOST_UNKNOWN:
            raise bad_input(_("Die Abfrage nennt viele Felder, die es nicht gibt."))
