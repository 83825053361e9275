"""Notices: PDF/A, the same bytes for the same notice, and texts that stay texts."""

import io
import threading
import time
from datetime import date
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from kreisbund_platform.documents import notices
from kreisbund_platform.documents.notices_process import NoticeNotSetError, NoticeProcess, NoticeProcesses


def notice(**changes):
    values = {
        "letterhead": notices.Letterhead(
            "Kyffhäuserkreis", "Schulverwaltungsamt", ("Markt 8", "99706 Sondershausen"), (("Telefon", "03632 741-0"),)
        ),
        "recipient_lines": ("Łucja Großmann-Şahin", "Am Rößleplatz 1", "99706 Sondershausen"),
        "case_number": "KYF-2026-000042",
        "file_reference": "211.21-42/26",
        "issued_on": date(2026, 11, 24),
        "responsible_name": "Katrin Voigt",
        "kind": "Bescheid",
        "subject": "Schülerbeförderung",
        "salutation": "Sehr geehrte Damen und Herren,",
        "operative": ("Der Antrag wird bewilligt.", "Der Eigenanteil beträgt 12,50 €."),
        "reasons": ("Der Weg ist weit.",),
        "legal_basis": ("§ 4 Abs. 4 ThürSchFG",),
        "fee": notices.Fee(0, "Keine Kosten."),
        "remedy": "Gegen diesen Bescheid kann Widerspruch erhoben werden.",
    }
    return notices.Notice(**{**values, **changes})


def text_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "\n")
    finally:
        document.close()


def test_a_notice_is_pdf_a_2b_with_title_and_language():
    with pikepdf.open(io.BytesIO(notices.render(notice()))) as pdf:
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "B")
            assert metadata["dc:title"] == "Bescheid KYF-2026-000042"
        assert str(pdf.Root.Lang).startswith("de")
        assert pdf.Root.MarkInfo.Marked


def test_it_says_everything():
    text = text_of(notices.render(notice()))
    for part in ("Łucja Großmann-Şahin", "211.21-42/26", "24. November 2026", "Rechtsbehelfsbelehrung", "12,50 €"):
        assert part in text
    assert "nicht gesiegelt" in text
    assert "nicht gesiegelt" not in text_of(notices.render(notice(sealed=True)))


def test_the_same_notice_gives_the_same_bytes():
    assert notices.render(notice()) == notices.render(notice())
    assert notices.render(notice()) != notices.render(notice(case_number="KYF-2026-000043"))


@pytest.mark.parametrize(
    "text",
    [
        '#import "/etc/passwd": *',
        '#read("/etc/passwd")',
        "$ x^2 $",
        "\\ \\u{41} *fett* _kursiv_ = Titel",
        '"]}#x',
        "{name}",
    ],
)
def test_markup_in_texts_appears_literally(text):
    found = text_of(notices.render(notice(subject=text, operative=(text,), recipient_lines=(text,))))
    assert found.replace("\n", " ").count(text) == 3


def test_characters_without_a_glyph_become_boxes_and_controls_vanish():
    found = text_of(notices.render(notice(subject="A\x00B\ud800C \u202eumgekehrt\u202c 😀 中")))
    assert "ABC umgekehrt □ □" in found


def test_a_name_in_arabic_or_hebrew_is_set():
    assert notices.render(notice(recipient_lines=("محمد", "דוד"))).startswith(b"%PDF")


def test_a_long_notice_has_pages():
    found = notices.render(notice(reasons=("Der Weg ist weit und gefährlich. " * 40,) * 30))
    with pikepdf.open(io.BytesIO(found)) as pdf:
        assert len(pdf.pages) > 5


def test_a_huge_notice_is_refused_and_the_next_one_is_set():
    with pytest.raises(NoticeNotSetError):
        notices.render(notice(reasons=("x " * 2_000_000,)))
    assert notices.render(notice())


def test_a_dead_worker_is_replaced():
    pool = NoticeProcesses(count=1)
    request = b'{"timestamp": 0, "notice": {}}'
    with pytest.raises(NoticeNotSetError):
        pool.render(request)
    with pytest.raises(NoticeNotSetError, match="TypstError"):
        pool.render(request)
    pool.close()


def test_the_worker_can_open_no_file_and_no_socket(tmp_path, monkeypatch):
    leak = tmp_path / "leak.typ"
    leak.write_text('#read("/etc/hostname")')
    monkeypatch.setattr("kreisbund_platform.documents.notices_process.TEMPLATE", leak)
    process = NoticeProcess()
    try:
        limits = Path(f"/proc/{process._process.pid}/limits").read_text()
        assert "Max open files            0                    0" in limits
        assert "Max file size             0                    0" in limits
        with pytest.raises(NoticeNotSetError, match="TypstError"):
            process.render(b'{"timestamp": 0, "notice": {}}')
    finally:
        process.close()


def test_many_threads_share_two_workers():
    found = []
    threads = [threading.Thread(target=lambda: found.append(notices.render(notice()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_hundred_notices_take_seconds_at_most():
    notices.render(notice())
    started = time.perf_counter()
    for number in range(100):
        notices.render(notice(case_number=f"KYF-2026-{number:06}"))
    assert time.perf_counter() - started < 10


def test_the_preview_says_the_same():
    text = notices.text_of(notice())
    assert "1. Der Antrag wird bewilligt.\n\n2. Der Eigenanteil" in text
    assert "Rechtsbehelfsbelehrung" in text
