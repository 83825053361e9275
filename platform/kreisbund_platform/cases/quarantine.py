"""Scans what is in quarantine, and tells a case's people when one of its files had to go."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import groupby

from kreisbund_platform import telemetry
from kreisbund_platform.audit import log
from kreisbund_platform.cases import messages, notes, queries
from kreisbund_platform.cases.models import CaseRecord
from kreisbund_platform.cases.waits.timers import backoff
from kreisbund_platform.documents.models import Upload
from kreisbund_platform.documents.scanning import quarantine
from kreisbund_platform.documents.scanning.quarantine import Judgement
from kreisbund_platform.documents.scanning.scanner import NoVerdictError, Scanner
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.texts import _

AWAY = timedelta(seconds=10)
Begin = Callable[[], AbstractContextManager[WorkContext]]  # the platform's own work in a transaction that commits


class ClaimedMeanwhileError(Exception):
    """A case took the file after the others were locked: the locks are taken anew, in their order."""


def scan_next(begin: Begin, scanner: Scanner) -> bool:
    """Scans one file of a county, between transactions; False when none is due.

    Raises NoVerdictError where the scanner is away, so that the caller stops asking it for a while.
    """
    with begin() as work:
        upload = quarantine.take_next(work)
    if upload is None:
        return False
    try:
        judgement = quarantine.judge(work.settings, work.tenant, scanner, upload)
    except NoVerdictError as problem:
        _try_later(begin, scanner, upload, problem)
        return True
    while not _settled(begin, upload, judgement):
        pass
    return True


def _try_later(begin: Begin, scanner: Scanner, upload: Upload, problem: NoVerdictError) -> None:
    """A file that a scanner at work cannot judge comes again ever later."""
    away = not scanner.answers()
    telemetry.log("scan_failed", reason=problem, away=away, upload=upload.id, attempts=upload.scan_attempts)
    with begin() as work:
        quarantine.postpone(work, upload, AWAY if away else backoff(upload.scan_attempts), counts=not away)
    if away:
        raise problem


def _settled(begin: Begin, upload: Upload, judgement: Judgement) -> bool:
    try:
        with begin() as work:
            _settle(work, upload, judgement)
    except ClaimedMeanwhileError:
        return False
    if judgement.refuses:
        with begin() as work:
            quarantine.remove_bytes(work, upload)
    return True


def _settle(work: WorkContext, upload: Upload, judgement: Judgement) -> None:
    if not judgement.refuses:
        quarantine.release(work, upload)
        return
    held = {
        case_id: queries.lock_case(work.connection, case_id) for case_id in quarantine.cases_concerned(work, upload)
    }
    lost = sorted(quarantine.close(work, upload, judgement), key=lambda each: (each.claimed_by_case, each.id))
    for case_id, uploads in groupby(lost, key=lambda each: each.claimed_by_case):
        case = held.get(case_id) if case_id else None
        if case is None:
            raise ClaimedMeanwhileError
        _tell(work, case, list(uploads), judgement)


def _tell(work: WorkContext, case: CaseRecord, uploads: Sequence[Upload], judgement: Judgement) -> None:
    """The applicant by a message where the file was theirs, the office by a note, both by the case's history."""
    theirs = [upload for upload in uploads if quarantine.is_applicants(work, upload, case.id)]
    if theirs:
        german = _(
            "Wir haben eine Ihrer Unterlagen gelöscht: {names}. {reason} Ihr Antrag bleibt bestehen."
            " Wird die Unterlage gebraucht, meldet sich die Sachbearbeitung bei Ihnen."
        )
        text = german.format(names=_names(theirs), reason=judgement.reason)
        messages.to_applicant(work, case.id, _("Eine Unterlage wurde gelöscht"), text)
    finding = judgement.verdict.finding
    body = {"state": judgement.verdict.state, "finding": finding, "uploads": [str(upload.id) for upload in uploads]}
    event_id = log.append(work, type="UPLOAD_REMOVED", case_id=case.id, case_version=case.version, body=body)
    german = _("Unterlage gelöscht: {names}. {reason} (Befund: {finding})")
    text = german.format(names=_names(uploads), reason=judgement.reason, finding=finding)
    notes.write(work, case.id, event_id, text)


def _names(uploads: Sequence[Upload]) -> str:
    return ", ".join(f"„{upload.file_name}“" for upload in uploads)
