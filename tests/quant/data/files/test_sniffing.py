"""What kind of file it is."""

import pytest

from quant.data.files.sniffing import decode, kind_of
from quant.errors import UnreadableFile


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"), (b"\n \r\n", "empty_file"), (b"\xef\xbb\xbf", "empty_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "not_a_table"), (b"\x1f\x8b\x08", "not_a_table"), (b"%PDF-1.7", "not_a_table"),
    ],
)  # fmt: skip
def test_what_has_no_table_is_refused_by_its_first_bytes(tmp_path, content, reason):
    file = tmp_path / "prices.csv"
    file.write_bytes(content)

    with pytest.raises(UnreadableFile, match="Expected") as caught:
        kind_of(file)
    assert caught.value.reason == reason
    assert caught.value.fields == {"file": reason}


@pytest.mark.parametrize(
    "content",
    [b"<!DOCTYPE html><html><body>429</body></html>", b'<?xml version="1.0"?><a/>', b'{"error": "not found"}',
     b'[{"a": 1}]', bytes(range(256)) * 8],
)  # fmt: skip
def test_pages_documents_and_junk_are_no_tables(content):
    with pytest.raises(UnreadableFile) as caught:
        decode(content)
    assert caught.value.reason == "not_a_table"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32"), ("latin-1", "cp1252")],
)  # fmt: skip
def test_text_is_decoded_however_it_was_encoded(encoding, found):
    text = "Größe,Höhe\r\n1,2\r3,4\n"

    assert decode(text.encode(encoding)) == ("Größe,Höhe\n1,2\n3,4\n", found)


def test_an_encoding_that_does_not_fit_is_refused():
    with pytest.raises(UnreadableFile, match="utf-8"):
        decode("Größe".encode("latin-1"), "utf-8")
