"""FEEL text to syntax tree by recursive descent, bounded in length and depth; never goes back over read text."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from kreisbund_platform.engine.feel import syntax
from kreisbund_platform.engine.feel.scanner import Names, Scanner
from kreisbund_platform.engine.feel.syntax import FeelError, Node
from kreisbund_platform.engine.feel.temporal_text import at_literal
from kreisbund_platform.engine.feel.type_parser import parse_type
from kreisbund_platform.engine.feel.values import NUMBERS, finite

_COMPARISONS = ("<=", ">=", "!=", "=", "<", ">")
_CONSTANTS = {"true": True, "false": False, "null": None}
MEMBERS = ("time offset", "start included", "end included")


def parse_expression(text: str, names: Iterable[str], members: Iterable[str] = (), types: Iterable[str] = ()) -> Node:
    """One expression; `names` are in scope, `members` may follow a dot, `types` are the model's. Raises FeelError."""
    parser = _Parser(text, names, members, types)
    node = parser.expression()
    parser.end()
    syntax.refuse_depth(node)
    return node


def parse_unary_tests(
    text: str, names: Iterable[str], members: Iterable[str] = (), types: Iterable[str] = ()
) -> tuple[tuple[Node, ...], bool]:
    """The tests of a decision table's cell and whether they are negated; raises FeelError."""
    parser = _Parser(text, names, members, types)
    tests, negated = parser.unary_tests()
    parser.end()
    for test in tests:
        syntax.refuse_depth(test)
    return tests, negated


class _Parser:
    def __init__(self, text: str, names: Iterable[str], members: Iterable[str], types: Iterable[str]) -> None:
        self._scan = Scanner(text)
        self._members = Names([*MEMBERS, *members])
        self._names = Names(names)
        self._types = Names(types)
        self._depth = 0
        self._range_end = False

    def end(self) -> None:
        if not self._scan.ended:
            raise self._scan.failed()

    @contextmanager
    def _deeper(self, names: Iterable[str] = (), *, range_end: bool = False) -> Iterator[None]:
        self._depth += 1
        if self._depth > syntax.DEEPEST:
            raise FeelError("expression too deep")
        before = self._names, self._range_end
        self._names, self._range_end = Names(names, self._names), range_end
        yield
        self._names, self._range_end = before
        self._depth -= 1

    def _separated(self, part: Callable[[], Node]) -> tuple[Node, ...]:
        found = [part()]
        while self._scan.accept(","):
            found.append(part())
        return tuple(found)

    # --- unary tests

    def unary_tests(self) -> tuple[tuple[Node, ...], bool]:
        """A cell: tests, or `not(tests)`; any other use of `not` is an expression."""
        if not self._scan.accept_call("not"):
            return self._separated(self.test), False
        tests = self._separated(self.test)
        self._scan.expect(")")
        if self._scan.ended or len(tests) > 1:
            return tests, True
        return self._rest_of_cell(tests[0])

    def _rest_of_cell(self, negated: Node) -> tuple[tuple[Node, ...], bool]:
        first = self._loosest(syntax.Call(syntax.Name("not"), (negated,)))
        more = self._separated(self.test) if self._scan.accept(",") else ()
        return (first, *more), False

    def test(self) -> Node:
        """One unary test: a comparison's right side, a range, or any expression."""
        operator = self._scan.accept(*_COMPARISONS)
        return self._half_range(operator) if operator else self.expression()

    def _half_range(self, operator: str) -> Node:
        operand = self._sum()
        if operator == "!=":
            return syntax.UnlikeTest(operand)
        if operator == "=":
            return syntax.RangeOf(operand, operand, True, True)
        closed = operator in ("<=", ">=")
        if operator in ("<", "<="):
            return syntax.RangeOf(None, operand, False, closed)
        return syntax.RangeOf(operand, None, closed, False)

    # --- expressions, loosest first

    def expression(self) -> Node:
        with self._deeper():
            if self._scan.accept_word("if"):
                return self._choice()
            if self._function_follows():
                return self._loosest(self._postfix(self._function()))
            kind = self._scan.word()
            if kind in ("for", "some", "every") and not self._known_here():
                self._scan.accept_word(kind)
                return self._iteration(kind)
            return self._loosest(None)

    def _known_here(self) -> bool:
        start = self._scan.at
        found = self._scan.known_name(self._names)
        self._scan.at = start
        return bool(found)

    def _choice(self) -> Node:
        condition = self.expression()
        self._scan.expect_word("then")
        chosen = self.expression()
        self._scan.expect_word("else")
        return syntax.Choice(condition, chosen, self.expression())

    def _iteration(self, kind: str) -> Node:
        variables: list[tuple[str, Node]] = []
        names = ["partial"]
        while not variables or self._scan.accept(","):
            with self._deeper(names):
                variables.append(self._variable())
            names.append(variables[-1][0])
        self._scan.expect_word("return" if kind == "for" else "satisfies")
        with self._deeper(names):
            return syntax.Iteration(kind, tuple(variables), self.expression())

    def _variable(self) -> tuple[str, Node]:
        name = self._scan.new_name_before("in")
        if not name:
            raise self._scan.failed()
        self._scan.expect_word("in")
        start = self.expression()
        return name, syntax.Steps(start, self.expression()) if self._scan.accept("..") else start

    def _loosest(self, first: Node | None) -> Node:
        """An expression of operators; `first` is its leftmost operand where that has been read already."""
        return self._logic("or", lambda begun: self._logic("and", self._comparison, begun), first)

    def _logic(self, operator: str, part: Callable[[Node | None], Node], first: Node | None) -> Node:
        operands = [part(first)]
        while self._scan.accept_word(operator):
            operands.append(part(None))
        return operands[0] if len(operands) == 1 else syntax.Logic(operator, tuple(operands))

    def _comparison(self, first: Node | None) -> Node:
        node = self._sum(first)
        while (longer := self._compared(node)) is not None:
            node = longer
        return node

    def _compared(self, left: Node) -> Node | None:
        operator = self._scan.accept(*_COMPARISONS)
        if operator:
            return syntax.Operation(operator, left, self._sum())
        if self._scan.accept_word("between"):
            low = self._sum()
            self._scan.expect_word("and")
            return syntax.Between(left, low, self._sum())
        if self._scan.accept_words("instance", "of"):
            return syntax.InstanceOf(left, parse_type(self._scan, self._types))
        if self._scan.accept_word("in"):
            return syntax.Membership(left, self._tests())
        return None

    def _tests(self) -> tuple[Node, ...]:
        operator = self._scan.accept(*_COMPARISONS)
        if operator:
            return (self._half_range(operator),)
        if not self._scan.accept("("):
            return (self._sum(),)
        with self._deeper():
            tests = [self.test()]
            if self._scan.accept(".."):
                return (self._range(False, tests[0]),)
            while self._scan.accept(","):
                tests.append(self.test())
            self._scan.expect(")")
        return tuple(tests) if len(tests) > 1 else (self._sum(self._postfix(tests[0])),)

    def _sum(self, first: Node | None = None) -> Node:
        node = self._product(first)
        while operator := self._scan.accept("+", "-"):
            node = syntax.Operation(operator, node, self._product(None))
        return node

    def _product(self, first: Node | None) -> Node:
        node = self._power(first)
        while operator := self._scan.accept("*", "/"):
            node = syntax.Operation(operator, node, self._power(None))
        return node

    def _power(self, first: Node | None) -> Node:
        node = first or self._signed()
        while self._scan.accept("**"):
            node = syntax.Operation("**", node, self._signed())
        return node

    def _signed(self) -> Node:
        if not self._scan.accept("-"):
            return self._postfix(self._primary())
        with self._deeper(range_end=self._range_end):
            return syntax.Negation(self._signed())

    # --- what follows a value

    def _postfix(self, node: Node) -> Node:
        while True:
            if self._scan.accept("."):
                node = syntax.Path(node, self._member())
            elif self._filter_follows(node):
                node = self._filter(node)
            elif self._scan.accept("("):
                node = self._call(node)
            else:
                return node

    def _filter_follows(self, node: Node) -> bool:
        if self._scan.symbol() != "[" or isinstance(node, syntax.RangeOf):
            return False
        return not self._range_end or self._scan.bracket_encloses()

    def _member(self) -> str:
        name = self._scan.known_name(self._members) or self._scan.known_name(self._names)
        words = [name or self._scan.simple_name()]
        while words[-1] and not name:
            words.append(self._scan.simple_name() if not self._ends_member() else "")
        if not words[0]:
            raise self._scan.failed()
        return " ".join(word for word in words if word)

    def _ends_member(self) -> bool:
        return self._scan.word() in ("instance", "")

    def _filter(self, source: Node) -> Node:
        self._scan.expect("[")
        with self._deeper(["item"]):
            self._names = Names((), self._names, self._members)
            condition = self.expression()
        self._scan.expect("]")
        return syntax.Filter(source, condition)

    def _call(self, function: Node) -> Node:
        if self._scan.accept(")"):
            return syntax.Call(function, ())
        names: list[str] = []
        arguments: list[Node] = []
        while not arguments or self._scan.accept(","):
            name = self._scan.new_name(":")
            if name:
                self._scan.expect(":")
                names.append(name)
            arguments.append(self.expression())
        self._scan.expect(")")
        if names and len(names) != len(arguments):
            raise FeelError("arguments with and without names")
        return syntax.Call(function, tuple(arguments), tuple(names) or None)

    # --- values

    def _primary(self) -> Node:
        number = self._scan.number()
        if number:
            return syntax.Literal(finite(NUMBERS.create_decimal(number)))
        text = self._scan.string()
        if text is not None:
            return syntax.Literal(text)
        name = self._scan.known_name(self._names)
        if name:
            return syntax.Name(name)
        constant = self._scan.accept_word(*_CONSTANTS)
        if constant:
            return syntax.Literal(_CONSTANTS[constant])
        return self._function() if self._function_follows() else self._named_or_bracketed()

    def _named_or_bracketed(self) -> Node:
        name = self._scan.simple_name()
        if name:
            return syntax.Name(name)
        opening = self._scan.expect("?", "{", "@", "(", "[", "]")
        if opening == "?":
            return syntax.Name("?")
        if opening == "{":
            return self._context()
        if opening == "@":
            return self._at_literal()
        with self._deeper():
            return self._bracketed(opening)

    def _at_literal(self) -> Node:
        text = self._scan.string()
        if text is None:
            raise self._scan.failed()
        return syntax.Literal(at_literal(text))

    def _bracketed(self, opening: str) -> Node:
        operator = self._scan.accept(*_COMPARISONS) if opening == "(" else ""
        if operator:
            node = self._half_range(operator)
            self._scan.expect(")")
            return node
        if opening == "[" and self._scan.accept("]"):
            return syntax.ListOf(())
        first = self.expression()
        if self._scan.accept(".."):
            return self._range(opening == "[", first)
        if opening == "[":
            return self._list(first)
        if opening == "]":
            raise self._scan.failed()
        self._scan.expect(")")
        return first

    def _list(self, first: Node) -> Node:
        items = [first]
        while self._scan.accept(","):
            items.append(self.expression())
        self._scan.expect("]")
        return syntax.ListOf(tuple(items))

    def _range(self, low_closed: bool, low: Node) -> Node:
        with self._deeper(range_end=True):
            high = self._sum()
        return syntax.RangeOf(low, high, low_closed, self._scan.expect(")", "]", "[") == "]")

    def _context(self) -> Node:
        entries: list[tuple[str, Node]] = []
        with self._deeper():
            while not self._scan.accept("}"):
                if entries:
                    self._scan.expect(",")
                entries.append(self._entry())
                self._names = Names([entries[-1][0]], self._names)
                self._members = Names([entries[-1][0]], self._members)
        return syntax.ContextOf(tuple(entries))

    def _entry(self) -> tuple[str, Node]:
        key = self._scan.string()
        if key is None:
            key = self._scan.new_name(":")
            if not key:
                raise self._scan.failed()
        self._scan.expect(":")
        return key, self.expression()

    def _function_follows(self) -> bool:
        start = self._scan.at
        found = self._scan.accept_call("function")
        self._scan.at = start
        return found

    def _function(self) -> Node:
        self._scan.accept_word("function")
        self._scan.expect("(")
        parameters: list[tuple[str, syntax.TypeNode | None]] = []
        while not self._scan.accept(")"):
            if parameters:
                self._scan.expect(",")
            name = self._scan.new_name(":", ",", ")")
            if not name:
                raise self._scan.failed()
            parameters.append((name, parse_type(self._scan, self._types) if self._scan.accept(":") else None))
        if self._scan.accept_word("external"):
            self.expression()
            return syntax.FunctionOf(tuple(parameters), None)
        with self._deeper([name for name, _ in parameters]):
            return syntax.FunctionOf(tuple(parameters), self.expression())
