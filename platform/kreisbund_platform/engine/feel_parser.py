"""FEEL text to syntax tree by recursive descent, bounded in length and depth."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from kreisbund_platform.engine.feel_syntax import (
    DEEPEST,
    Call,
    Choice,
    ContextOf,
    FeelError,
    Filter,
    Iteration,
    ListOf,
    Literal,
    Logic,
    Membership,
    Name,
    Negation,
    Node,
    Operation,
    Path,
    RangeOf,
    UnlikeTest,
    refuse_depth,
    tokens,
)

_COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse_expression(text: str, spaced_names: Iterable[str]) -> Node:
    """One expression; raises FeelError."""
    parser = _Parser(text, spaced_names)
    node = parser.expression()
    parser.end()
    refuse_depth(node)
    return node


def parse_unary_tests(text: str, spaced_names: Iterable[str]) -> tuple[tuple[Node, ...], bool]:
    """The tests of a decision table's cell and whether they are negated; raises FeelError."""
    parser = _Parser(text, spaced_names)
    negated = parser.looks_negated()
    if negated:
        parser.skip(2)
    tests = parser.separated(parser.test)
    if negated:
        parser.expect(")")
    parser.end()
    for test in tests:
        refuse_depth(test)
    return tests, negated


class _Parser:
    def __init__(self, text: str, spaced_names: Iterable[str]) -> None:
        self._tokens = tokens(text, spaced_names)
        self._at = 0
        self._depth = 0

    # --- words

    def skip(self, count: int) -> None:
        self._at += count

    def end(self) -> None:
        if self._tokens[self._at].kind != "end":
            raise FeelError(f"unexpected {self._tokens[self._at].text!r}")

    def expect(self, text: str) -> None:
        if not self._accept(text):
            raise FeelError(f"expected {text!r}, found {self._tokens[self._at].text!r}")

    def _peek(self, *texts: str, ahead: int = 0) -> bool:
        if self._at + ahead >= len(self._tokens):
            return False
        token = self._tokens[self._at + ahead]
        return token.kind in ("symbol", "keyword") and token.text in texts

    def _accept(self, *texts: str) -> str | None:
        if not self._peek(*texts):
            return None
        self._at += 1
        return self._tokens[self._at - 1].text

    def looks_negated(self) -> bool:
        first = self._tokens[self._at]
        return first.kind == "name" and first.text == "not" and self._peek("(", ahead=1)

    def separated(self, part: Callable[[], Node]) -> tuple[Node, ...]:
        found = [part()]
        while self._accept(","):
            found.append(part())
        return tuple(found)

    def _name(self) -> str:
        token = self._tokens[self._at]
        if token.kind != "name":
            raise FeelError(f"expected a name, found {token.text!r}")
        self._at += 1
        return token.text

    # --- expressions, loosest first

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FeelError("expression too deep")
        node = self._choice() if self._accept("if") else self._iteration() or self._disjunction()
        self._depth -= 1
        return node

    def _choice(self) -> Node:
        condition = self.expression()
        self.expect("then")
        chosen = self.expression()
        self.expect("else")
        return Choice(condition, chosen, self.expression())

    def _iteration(self) -> Node | None:
        kind = self._accept("for", "some", "every")
        if kind is None:
            return None
        variables = [self._variable()]
        while self._accept(","):
            variables.append(self._variable())
        self.expect("return" if kind == "for" else "satisfies")
        return Iteration(kind, tuple(variables), self.expression())

    def _variable(self) -> tuple[str, Node]:
        name = self._name()
        self.expect("in")
        start = self._sum()
        if self._accept(".."):
            return name, RangeOf(start, self._sum(), True, True)
        return name, start

    def _disjunction(self) -> Node:
        return self._logic("or", self._conjunction)

    def _conjunction(self) -> Node:
        return self._logic("and", self._comparison)

    def _logic(self, operator: str, part: Callable[[], Node]) -> Node:
        operands = [part()]
        while self._accept(operator):
            operands.append(part())
        return operands[0] if len(operands) == 1 else Logic(operator, tuple(operands))

    def _comparison(self) -> Node:
        left = self._sum()
        operator = self._accept(*_COMPARISONS)
        if operator:
            return Operation(operator, left, self._sum())
        if self._accept("between"):
            low = self._sum()
            self.expect("and")
            return Membership(left, (RangeOf(low, self._sum(), True, True),))
        if self._accept("in"):
            return Membership(left, self._tests())
        return left

    def _tests(self) -> tuple[Node, ...]:
        start = self._at
        try:
            return (self.test(),)
        except FeelError:
            self._at = start
        self.expect("(")
        tests = self.separated(self.test)
        self.expect(")")
        return tests

    def test(self) -> Node:
        """One unary test: a comparison's right side, a range, or any expression."""
        operator = self._accept(*_COMPARISONS)
        if operator is None:
            return self.expression()
        operand = self._sum()
        if operator in ("=", "!="):
            return operand if operator == "=" else UnlikeTest(operand)
        closed = operator in ("<=", ">=")
        below = operator in ("<", "<=")
        return RangeOf(None, operand, False, closed) if below else RangeOf(operand, None, closed, False)

    def _sum(self) -> Node:
        node = self._product()
        while operator := self._accept("+", "-"):
            node = Operation(operator, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._power()
        while operator := self._accept("*", "/"):
            node = Operation(operator, node, self._power())
        return node

    def _power(self) -> Node:
        node = self._signed()
        while self._accept("**"):
            node = Operation("**", node, self._signed())
        return node

    def _signed(self) -> Node:
        if not self._accept("-"):
            return self._postfix()
        self._depth += 1
        if self._depth > DEEPEST:
            raise FeelError("expression too deep")
        node = Negation(self._signed())
        self._depth -= 1
        return node

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            if self._accept("."):
                node = Path(node, self._name())
            elif self._peek("[") and not isinstance(node, Literal | RangeOf):
                self.expect("[")
                node = Filter(node, self.expression())
                self.expect("]")
            else:
                return node

    def _primary(self) -> Node:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "number":
            return Literal(Decimal(token.text))
        if token.kind == "text":
            return Literal(token.text)
        if token.kind == "name":
            return self._call(token.text) if self._peek("(") else Name(token.text)
        if token.kind == "keyword" and token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        return self._bracketed(token.text)

    def _call(self, function: str) -> Node:
        self.expect("(")
        if self._accept(")"):
            return Call(function, ())
        arguments = self.separated(self.expression)
        self.expect(")")
        return Call(function, arguments)

    def _bracketed(self, opening: str) -> Node:
        if opening == "?":
            return Name("?")
        if opening == "{":
            return self._context()
        if opening not in ("(", "[", "]"):
            raise FeelError(f"unexpected {opening!r}")
        if opening == "[" and self._accept("]"):
            return ListOf(())
        first = self.expression()
        if self._accept(".."):
            return self._range(opening, first)
        if opening == "[":
            items = [first]
            while self._accept(","):
                items.append(self.expression())
            self.expect("]")
            return ListOf(tuple(items))
        self.expect(")")
        return first

    def _range(self, opening: str, low: Node) -> Node:
        high = self.expression()
        closing = self._accept(")", "]", "[")
        if closing is None:
            raise FeelError("a range is not closed")
        return RangeOf(low, high, opening == "[", closing == "]")

    def _context(self) -> Node:
        entries: list[tuple[str, Node]] = []
        while not self._accept("}"):
            if entries:
                self.expect(",")
            token = self._tokens[self._at]
            if token.kind not in ("name", "text"):
                raise FeelError("a context's key is missing")
            self._at += 1
            self.expect(":")
            entries.append((token.text, self.expression()))
        return ContextOf(tuple(entries))
