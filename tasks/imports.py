"""Importing a file: judge it, keep it as an upload of its owner, and store its sound rows."""

from quant.errors import InvalidPrices
from tasks.hands import Hands
from webapp.services import acquisition_jobs
from webapp.services.acquisition_jobs import AcquisitionClaim


def import_file(parts: Hands, claim: AcquisitionClaim) -> None:
    """Read the file that was handed in; what has to be answered first is kept as an upload, and the job fails.

    Raises
    ------
    InvalidPrices
        If something has to be answered or mended; the message says what, and where to do it.
    """
    from webapp.services import imports  # noqa: PLC0415  # brings pandas: only who has work to do needs it

    with parts.database.write() as session:
        acquisition_jobs.report(session, claim, 0.1)
    examination = imports.judge(parts.files, claim)
    with parts.database.write() as session:
        acquisition_jobs.report(session, claim, 0.7)
    with parts.database.write() as session:
        acquisition_jobs.hold(session, claim)
        upload = imports.keep(session, claim, examination)
        if examination.is_storable:
            outcome = imports.store(session, parts.store, claim, upload, examination)
            acquisition_jobs.finish(session, claim, outcome)
    if not examination.is_storable:
        open_ = [each for each in examination.findings if each.treatment in {"asked", "refused"}]
        words = " ".join(each.message for each in open_) or "No row of it is sound."
        raise InvalidPrices(f"{words} Answer on the page Upload prices, where the file stands as {upload.filename}.")
