"""The worker's part: packages and receipts leave after their commit, and what waits for the county is taken in.

A letter is put away before its transaction ends and taken out after it: killed in between, the same is done again,
which changes nothing.
"""

import logging

from kreisbund_platform import telemetry
from kreisbund_platform.cases.transfers import mailbox, queries, receiving
from kreisbund_platform.cases.transfers.envelopes import EnvelopeRefusedError
from kreisbund_platform.identity.context import WorkContext


def send_next(work: WorkContext) -> bool:
    """Lets one package or receipt leave; whether there was one."""
    row = queries.next_outgoing(work.connection)
    if row is None:
        return False
    is_package = row.status == "PACKED"
    kind, content = (mailbox.PACKAGE, row.package) if is_package else (mailbox.RECEIPT, row.receipt)
    assert content is not None, "what is to leave is there"
    mailbox.put(work.settings, row.other_county, row.id, kind, content)
    row.status = "SENT" if is_package else "RECEIPTED"
    queries.save(work.connection, row)
    return True


def take_in(work: WorkContext, letter: mailbox.Letter) -> bool:
    """Takes one letter in; False where it is refused. The caller calls `done` or `refused` after the commit."""
    take = receiving.take_in if letter.kind == mailbox.PACKAGE else receiving.take_receipt
    try:
        take(work, letter.content())
    except (EnvelopeRefusedError, KeyError, ValueError, TypeError) as problem:
        telemetry.log("transfer_refused", level=logging.WARNING, problem=problem, tenant=work.tenant.slug)
        return False
    return True
