"""The Aktenzeichen of a case, as staff enter it from the county's own filing plan.

It may come later than the case number, be corrected, and be that of several cases. Events say that it was given,
never which it is: units write names into it.
"""

from uuid import UUID

from kreisbund_platform.audit import log
from kreisbund_platform.cases import access, queries
from kreisbund_platform.cases.models import CaseRecord
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.texts import _

LONGEST = 80


def give(work: WorkContext, case_id: str, file_reference: str, expected_version: int) -> UUID | Refusal:
    """Gives a case its file reference, or another one; answers the case's id. Notices issued from then on name it."""
    case = access.case_for_staff(work, case_id)
    if not isinstance(case, CaseRecord):
        return case
    if problem := access.text_problem("fileReference", file_reference, LONGEST):
        return problem
    if case.version != expected_version:
        return Conflict("STALE_VERSION", _("Der Vorgang wurde inzwischen geändert."), case.version)
    version = queries.set_file_reference(work.connection, case.id, " ".join(file_reference.split()))
    log.append(work, type="FILE_REFERENCE_GIVEN", case_id=case.id, case_version=version)
    return case.id
