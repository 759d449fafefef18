"""What kind of file it is, told from its first bytes and never from its name; and the refusal of what is no table."""

import codecs
import re
from pathlib import Path
from typing import NoReturn

from quant.data.files.layout import FileKind
from quant.errors import UnreadableFile

_HEAD_BYTES = 64 * 1024
_MARKS = (  # the longer mark first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_STRANGERS = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old kind (.xls). Save it as .xlsx or as CSV"),
    (b"\x1f\x8b", "a gzip archive. Unpack it first"),
    (b"BZh", "a bzip2 archive. Unpack it first"),
    (b"\xfd7zXZ", "an xz archive. Unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive. Unpack it first"),
    (b"%PDF", "a PDF document. Export the table as CSV"),
    (b"\x89PNG", "a picture. Export the table as CSV"),
    (b"\xff\xd8\xff", "a picture. Export the table as CSV"),
    (b"SQLite format 3", "a database. Export the table as CSV"),
)
_MARKUP = re.compile(r"<!doctype|<html|<head|<body|<\?xml|<svg|<table", re.IGNORECASE)
_JSON = re.compile(r"\s*[\[{]\s*[\"\[{]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MOST_CONTROL = 0.001  # of the characters; text has none


def refuse(reason: str, message: str) -> NoReturn:
    """Raise UnreadableFile with the reason as its stable name."""
    raise UnreadableFile(message, reason=reason)


def kind_of(path: Path) -> FileKind:
    """Return what kind of table a file is, by its first bytes.

    Raises
    ------
    UnreadableFile
        If the file is empty, or of a kind that has no table of prices.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head.strip(b" \t\r\n\x00" + codecs.BOM_UTF8 + codecs.BOM_UTF16_LE):
        refuse("empty_file", "Expected a table of prices; found an empty file. Export it again, then upload it.")
    for mark, what in _STRANGERS:
        if head.startswith(mark):
            refuse("not_a_table", f"Expected CSV, Parquet or an Excel workbook (.xlsx); found {what}.")
    if head.startswith(b"PAR1"):
        return "parquet"
    return "excel" if head.startswith(b"PK\x03\x04") else "csv"


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    r"""Return the text of a file and the encoding in which it was written.

    Parameters
    ----------
    data : bytes
        The whole file.
    encoding : str, optional
        As a person has said; by default told by its mark, or else by what decodes without an error.

    Returns
    -------
    text : str
        With `\n` at the end of each line, however they ended in the file.
    encoding : str
        As Python names it; `cp1252` is the last resort, for every byte means something there.

    Raises
    ------
    UnreadableFile
        If it cannot be decoded as was said, if it is no text, or if it is a page or a document and no table.
    """
    found = encoding or _encoding_of(data)
    try:
        text = data.decode(found)
    except (UnicodeDecodeError, UnicodeError):
        if encoding is not None:
            refuse("encoding", f"Expected text in {encoding}; found bytes that are none. Choose another encoding.")
        found, text = "cp1252", data.decode("cp1252", errors="replace")
    head = text[:_HEAD_BYTES]
    if len(_CONTROL.findall(head)) > _MOST_CONTROL * len(head) or "\ufffd" in head:
        refuse(
            "not_a_table",
            "Expected CSV, Parquet or an Excel workbook (.xlsx); found bytes that are no text. Export the table again.",
        )
    if _MARKUP.search(head[:2048]):
        refuse(
            "not_a_table",
            "Expected a table of prices; found a web page. The download probably failed and its error was saved "
            "instead: open the file in an editor, then download the prices again.",
        )
    if _JSON.match(head):
        refuse("not_a_table", "Expected a table of prices; found JSON. Export it as CSV, Parquet or Excel.")
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), found


def _encoding_of(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    head = data[: _HEAD_BYTES & ~1]
    zeros = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 4  # most letters of a table of numbers are in the first 256
    if zeros[1] > half and zeros[0] == 0:
        return "utf-16-le"
    if zeros[0] > half and zeros[1] == 0:
        return "utf-16-be"
    return "utf-8"
