"""What a file really is, by its bytes: name and declared type are a stranger's words.

Refused is what acts when it is opened (scripts, actions, embedded files, XFA) and what explodes in memory.
"""

import io
import warnings
from collections.abc import Iterator
from typing import Any

import pikepdf
from PIL import Image, UnidentifiedImageError

from kreisbund_platform.errors import Invalid
from kreisbund_platform.texts import _

LARGEST_UPLOAD = 20 * 1024 * 1024  # bytes
MOST_PIXELS = 40_000_000
MOST_PDF_OBJECTS = 200_000
PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/GoToR", "/Rendition", "/Movie"}
)
IMAGE_FORMATS = {JPEG: "JPEG", PNG: "PNG"}


def media_type_of(content: bytes) -> str | Invalid:
    """What the content says it is by its size and first bytes; nothing in it is read. Or why it is refused."""
    if not content:
        return Invalid("EMPTY", _("Die Datei ist leer."))
    if len(content) > LARGEST_UPLOAD:
        return Invalid("FILE_TOO_LARGE", _("Die Datei ist größer als 20 MB."))
    return _magic(content) or Invalid("TYPE_NOT_ALLOWED", _("Erlaubt sind PDF, JPEG und PNG."))


def refusal_of(content: bytes, media_type: str) -> Invalid | None:
    """Why the content is refused once it is read: only for what a scanner has let through."""
    return _pdf_refusal(content) if media_type == PDF else _image_refusal(content, media_type)


def _magic(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    return PDF if content.startswith(b"%PDF-") else None


def _broken() -> Invalid:
    return Invalid("CONTENT_BROKEN", _("Der Inhalt der Datei ist beschädigt oder nicht das, was er zu sein scheint."))


def _image_refusal(content: bytes, media_type: str) -> Invalid | None:
    formats = [IMAGE_FORMATS[media_type]]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=formats) as image:
                if image.width * image.height > MOST_PIXELS or getattr(image, "n_frames", 1) > 1:
                    return Invalid("PICTURE_TOO_LARGE", _("Das Bild hat mehr als 40 Millionen Bildpunkte."))
                image.verify()
            with Image.open(io.BytesIO(content), formats=formats) as image:
                image.load()
    except Image.DecompressionBombError:
        return Invalid("PICTURE_TOO_LARGE", _("Das Bild hat mehr als 40 Millionen Bildpunkte."))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, MemoryError):
        return _broken()
    return None


def _pdf_refusal(content: bytes) -> Invalid | None:
    try:
        with pikepdf.open(io.BytesIO(content), attempt_recovery=False) as pdf:
            return _encrypted() if pdf.is_encrypted else _active_content(pdf)
    except pikepdf.PasswordError:
        return _encrypted()
    except (pikepdf.PdfError, ValueError, RuntimeError, TypeError, RecursionError):
        return _broken()


def _encrypted() -> Invalid:
    return Invalid("PDF_ENCRYPTED", _("Das PDF ist verschlüsselt. Bitte laden Sie es ohne Kennwort hoch."))


def _active_content(pdf: pikepdf.Pdf) -> Invalid | None:
    if len(pdf.pages) == 0 or len(pdf.objects) > MOST_PDF_OBJECTS:
        return _broken()
    for dictionary in _dictionaries(pdf):
        refusal = _dictionary_refusal(dictionary)
        if refusal:
            return refusal
    return None


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary, those inside others too: an action need not be an object of its own."""
    waiting: list[Any] = [pdf.trailer, *pdf.objects]
    seen = 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if seen > 20 * MOST_PDF_OBJECTS:
            raise ValueError("too many values")
        if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            dictionary = item.stream_dict if isinstance(item, pikepdf.Stream) else item
            yield dictionary
            waiting.extend(value for _name, value in dictionary.items() if _is_direct(value))
        elif isinstance(item, pikepdf.Array):
            waiting.extend(value for value in item if _is_direct(value))


def _is_direct(value: Any) -> bool:
    """Containers written in place; others are met as objects of their own."""
    return isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect


def _dictionary_refusal(dictionary: Any) -> Invalid | None:
    keys = set(dictionary.keys())
    kind = str(dictionary.get("/S", ""))
    if "/JS" in keys or "/JavaScript" in keys or kind == "/JavaScript":
        return Invalid("PDF_SCRIPT", _("Das PDF enthält Skripte. Bitte drucken Sie es neu als PDF."))
    if "/XFA" in keys:
        return Invalid("PDF_XFA", _("Das PDF ist ein dynamisches Formular (XFA). Bitte drucken Sie es neu als PDF."))
    if "/EmbeddedFiles" in keys or "/EF" in keys or str(dictionary.get("/Type", "")) == "/EmbeddedFile":
        return Invalid(
            "PDF_EMBEDDED_FILE", _("Das PDF enthält eingebettete Dateien. Bitte laden Sie diese einzeln hoch.")
        )
    if kind in ACTIONS or "/AA" in keys or _opens_with_action(dictionary):
        return Invalid("PDF_ACTION", _("Das PDF will beim Öffnen etwas ausführen. Bitte drucken Sie es neu als PDF."))
    return None


def _opens_with_action(dictionary: Any) -> bool:
    """A page to begin with (an array, or a GoTo) is harmless; a script is refused where it stands."""
    action = dictionary.get("/OpenAction")
    if action is None or isinstance(action, pikepdf.Array):
        return False
    return str(action.get("/S", "")) not in ("/GoTo", "/JavaScript") if isinstance(action, pikepdf.Dictionary) else True
