"""The types that `instance of` and function parameters name (DMN 1.5, 10.3.1.2, rules 39 to 45)."""

from kreisbund_platform.engine.feel.scanner import Names, Scanner
from kreisbund_platform.engine.feel.syntax import DEEPEST, ContextType, FeelError, GenericType, TypeName, TypeNode

_SPACED = (("date", "and", "time"), ("years", "and", "months", "duration"), ("days", "and", "time", "duration"))


def parse_type(scan: Scanner, known: Names, depth: int = 0) -> TypeNode:
    """The type that stands here; `known` are those of the model with blanks in their names. Raises FeelError."""
    if depth > DEEPEST:
        raise FeelError("type too deep")
    for kind in ("list", "range"):
        if _generic(scan, kind):
            inner = parse_type(scan, known, depth + 1)
            scan.expect(">")
            return GenericType(kind, (inner,))
    if _generic(scan, "context"):
        return _context(scan, known, depth + 1)
    if _generic(scan, "function"):
        return _function(scan, known, depth + 1)
    return TypeName(scan.known_name(known) or _name(scan))


def _generic(scan: Scanner, kind: str) -> bool:
    start = scan.at
    if scan.accept_word(kind) and scan.accept("<"):
        return True
    scan.at = start
    return False


def _context(scan: Scanner, known: Names, depth: int) -> TypeNode:
    fields: list[tuple[str, TypeNode]] = []
    while not scan.accept(">"):
        if fields:
            scan.expect(",")
        name = scan.string() or scan.new_name(":")
        if not name:
            raise scan.failed()
        scan.expect(":")
        fields.append((name, parse_type(scan, known, depth)))
    return ContextType(tuple(fields))


def _function(scan: Scanner, known: Names, depth: int) -> TypeNode:
    parameters: list[TypeNode] = []
    while not scan.accept(">"):
        if parameters:
            scan.expect(",")
        parameters.append(parse_type(scan, known, depth))
    scan.expect("-")
    scan.expect(">")
    return GenericType("function", (*parameters, parse_type(scan, known, depth)))


def _name(scan: Scanner) -> str:
    for spaced in _SPACED:
        if scan.accept_words(*spaced):
            return " ".join(spaced)
    if scan.accept_word("null"):
        return "Null"
    words = [scan.accept_word(scan.word())]
    if not words[0]:
        raise scan.failed()
    while scan.accept("."):
        words.append(scan.accept_word(scan.word()))
    return ".".join(words)
