"""What is accepted as an upload, by content alone."""

import io
import random
import struct
import zlib

import pikepdf
import pytest
from PIL import Image

from kreisbund_platform.documents.contents import LARGEST_UPLOAD, media_type_of, refusal_of
from kreisbund_platform.errors import Invalid


def pdf_with(change=lambda pdf: None, **options):
    pdf = pikepdf.new()
    pdf.add_blank_page()
    change(pdf)
    target = io.BytesIO()
    pdf.save(target, **options)
    return target.getvalue()


def picture(kind, size=(20, 10)):
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, kind)
    return target.getvalue()


def noise(size):
    """A picture that does not get smaller: three bytes a pixel."""
    target = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(1).randbytes(3 * size[0] * size[1])).save(target, "PNG")
    return target.getvalue()


def png_bomb():
    """A PNG that says it has 30,000 × 30,000 pixels."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def action(kind, **entries):
    return pikepdf.Dictionary(S=pikepdf.Name(kind), **entries)


def open_with(found):
    def change(pdf):
        pdf.Root.OpenAction = found

    return change


def embed(pdf):
    pdf.attachments["a.txt"] = b"hidden"


def inline_script(pdf):
    annotation = pikepdf.Dictionary(Type=pikepdf.Name.Annot, A=action("/JavaScript", JS="app.alert(1)"))
    pdf.pages[0].Annots = pikepdf.Array([annotation])


def page_action(pdf):
    pdf.pages[0].AA = pikepdf.Dictionary(O=action("/URI", URI="https://example.org"))


def xfa(pdf):
    pdf.Root.AcroForm = pikepdf.Dictionary(XFA=pikepdf.Array([]), Fields=pikepdf.Array([]))


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (pdf_with(), "application/pdf"),
        (pdf_with(open_with(action("/GoTo", D=pikepdf.Array([])))), "application/pdf"),
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
    ],
)
def test_harmless_files_are_recognised(content, media_type):
    assert media_type_of(content) == media_type
    assert refusal_of(content, media_type) is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY"),
        (b"%PDF-" + bytes(LARGEST_UPLOAD), "FILE_TOO_LARGE"),
        (b"MZ\x90\x00", "TYPE_NOT_ALLOWED"),
        (b"<svg onload='x'/>", "TYPE_NOT_ALLOWED"),
        (b"GIF89a", "TYPE_NOT_ALLOWED"),
        (b"%PDF-1.7 nothing follows", "CONTENT_BROKEN"),
        (b"\x89PNG\r\n\x1a\n nothing", "CONTENT_BROKEN"),
        (picture("JPEG")[:200], "CONTENT_BROKEN"),
        (b"\xff\xd8\xff" + picture("PNG"), "CONTENT_BROKEN"),
        (png_bomb(), "PICTURE_TOO_LARGE"),
        (picture("PNG", (8_000, 6_000)), "PICTURE_TOO_LARGE"),
        (pdf_with(open_with(action("/JavaScript", JS="app.alert(1)"))), "PDF_SCRIPT"),
        (pdf_with(inline_script), "PDF_SCRIPT"),
        (pdf_with(open_with(action("/Launch", F="cmd.exe"))), "PDF_ACTION"),
        (pdf_with(open_with(action("/URI", URI="https://example.org"))), "PDF_ACTION"),
        (pdf_with(page_action), "PDF_ACTION"),
        (pdf_with(embed), "PDF_EMBEDDED_FILE"),
        (pdf_with(xfa), "PDF_XFA"),
        (pdf_with(encryption=pikepdf.Encryption(owner="o", user="u")), "PDF_ENCRYPTED"),
        (pdf_with(encryption=pikepdf.Encryption(owner="o", user="")), "PDF_ENCRYPTED"),
        (pdf_with(inline_script, object_stream_mode=pikepdf.ObjectStreamMode.generate), "PDF_SCRIPT"),
    ],
)
def test_harmful_files_are_refused_with_their_code(content, code):
    media_type = media_type_of(content)
    found = media_type if isinstance(media_type, Invalid) else refusal_of(content, media_type)
    assert found is not None
    assert found.code == code
