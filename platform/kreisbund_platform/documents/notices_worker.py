"""Sets notices as PDF/A-2b, alone in a process that can open no file, no socket, no package, and starts nothing.

Started by notices.py as a script with `template path` as argument. Protocol on stdin and stdout: 4 bytes length
(big endian) and JSON in; 1 byte `+` or `-`, 4 bytes length and PDF or reason code out. The first answer, to
nobody's question, says that fonts are loaded and the limits stand.
"""

import ctypes
import json
import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import typst

ADDRESS_SPACE = 256 << 20  # bytes; an idle worker has 150 MB of it, 40 MB of them resident
LEAST_ROOM = 96 << 20  # bytes for setting, where libraries map more than that on some machine
CPU_SECONDS = 120  # of one worker's life
CLONE_NEWNET = 0x40000000
SURELY_COVERED = 0x17F  # Libertinus sets all of Latin-1 and Latin Extended-A
REPLACEMENT = "□"
MOST_PROBES = 400
PROBE = b'#set text(font: "Libertinus Serif")\n#sys.inputs.at("text")'

Compile = Callable[[bytes, dict[str, str], int], bytes]


def main(template_path: str) -> None:
    """Answers requests until stdin ends."""
    template = Path(template_path).read_bytes()
    compile_pdf = _compiler()
    with suppress(typst.TypstError):
        compile_pdf(PROBE, {"text": "Ä"}, 0)
    _lock_down()
    answer = sys.stdout.buffer
    _write(answer, b"+", b"ready")
    for request in _requests(sys.stdin.buffer):
        _write(answer, *_answer(partial(_set_notice, compile_pdf, template), request))


def _compiler() -> Compile:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    compiler = typst.Compiler(PROBE, font_paths=fonts, ignore_system_fonts=True)

    def compile_pdf(source: bytes, inputs: dict[str, str], timestamp: int) -> bytes:
        pdf = compiler.compile(input=source, format="pdf", sys_inputs=inputs, pdf_standards="a-2b", timestamp=timestamp)
        assert isinstance(pdf, bytes)
        return pdf

    return compile_pdf


def _lock_down() -> None:
    """No new descriptor means no file and no socket; the rest is a second wall."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(CLONE_NEWNET)
    os.chdir("/")
    for limit, value in (
        (resource.RLIMIT_AS, max(ADDRESS_SPACE, _mapped_bytes() + LEAST_ROOM)),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _mapped_bytes() -> int:
    """The address space in use; asked while a file can still be opened."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    return 0


def _requests(source: BinaryIO) -> Iterator[bytes]:
    while len(header := source.read(4)) == 4:
        yield source.read(struct.unpack(">I", header)[0])


def _write(target: BinaryIO, state: bytes, content: bytes) -> None:
    target.write(state + struct.pack(">I", len(content)) + content)
    target.flush()


def _answer(set_notice: Callable[[Any], bytes], request: bytes) -> tuple[bytes, bytes]:
    try:
        return b"+", set_notice(json.loads(request))
    except (typst.TypstError, ValueError, KeyError, MemoryError) as fault:
        return b"-", type(fault).__name__.encode()


def _set_notice(compile_pdf: Compile, template: bytes, request: dict[str, Any]) -> bytes:
    text, timestamp = json.dumps(request["notice"], ensure_ascii=False), int(request["timestamp"])
    try:
        return compile_pdf(template, {"notice": text}, timestamp)
    except typst.TypstError:
        return compile_pdf(template, {"notice": _displayable(compile_pdf, text)}, timestamp)


def _displayable(compile_pdf: Compile, text: str) -> str:
    """The text with □ for every character that no font here has: PDF/A allows no missing glyph."""
    unusual = sorted({character for character in text if ord(character) > SURELY_COVERED})
    missing = [character for character in unusual[:MOST_PROBES] if not _has_glyph(compile_pdf, character)]
    return text.translate({ord(character): REPLACEMENT for character in missing + unusual[MOST_PROBES:]})


def _has_glyph(compile_pdf: Compile, character: str) -> bool:
    try:
        return bool(compile_pdf(PROBE, {"text": character}, 0))
    except typst.TypstError:
        return False


if __name__ == "__main__":
    main(sys.argv[1])
