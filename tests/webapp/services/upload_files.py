"""Files for the tests of uploads: real prices, sound and with one row that cannot be."""

from importlib import resources

from webapp.services import uploads

_LINES = resources.files("quant.data").joinpath("sample", "IBM.csv").read_text().splitlines()[:41]
SOUND = "\n".join(_LINES) + "\n"
_BROKEN = _LINES[4].split(",")
DAMAGED = "\n".join([*_LINES[:4], ",".join([*_BROKEN[:4], "-1", *_BROKEN[5:]]), *_LINES[5:]]) + "\n"


def bring(session, files, actor, text, filename="prices.csv"):
    """Bring a file as a door does."""
    content_hash, n_bytes = files.receive([text.encode()])
    examination = uploads.examine(files, content_hash)
    return uploads.create(
        session, actor, filename=filename, content_hash=content_hash, n_bytes=n_bytes, examination=examination
    )


def settle(session, files, store, actor, upload_id, **instrument):
    """Store an upload as a door does."""
    prepared = uploads.prepare(session, files, actor, upload_id)
    return uploads.store(session, store, actor, upload_id, prepared, **instrument)
