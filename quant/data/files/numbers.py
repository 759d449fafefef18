"""Numbers as people and programs write them, and which sign parts the decimals: told by all cells, or asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quant.data.findings import BoolArray, FloatArray

Decimal = Literal[".", ","]

MISSING = (
    "", "-", "--", "---", ".", "?", "*", "na", "n/a", "n.a.", "n.a", "#n/a", "#n/a n/a", "#na", "nan", "-nan",
    "1.#qnan", "null", "nil", "none", "(null)", "\\n", "missing", "#value!", "#ref!", "#div/0!", "#num!", "#name?",
    "#null!", "k.a.", "k. a.", "n.v.", "n.d.", "nd", "s/d", "–", "—", "nat",
)  # fmt: skip

# What may stand before or after a number: signs and codes of currencies.
_CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP", "¥": "JPY",
    "jpy": "JPY", "chf": "CHF", "cad": "CAD", "c$": "CAD", "aud": "AUD", "a$": "AUD", "₹": "INR", "inr": "INR",
    "₩": "KRW", "krw": "KRW", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "zł": "PLN", "hkd": "HKD",
    "hk$": "HKD", "cny": "CNY", "brl": "BRL", "r$": "BRL", "₽": "RUB", "rub": "RUB", "gbx": "GBX", "p": "GBX",
}  # fmt: skip
_BY_LENGTH = sorted(_CURRENCIES, key=len, reverse=True)
_CURRENCY = "(?i)(" + "|".join(re.escape(sign) for sign in _BY_LENGTH) + ")"
_BLANKS = "[\u0020\u00a0\u2009\u202f'\u2019_]"  # that part thousands
_SCALES = {"k": 1e3, "m": 1e6, "b": 1e9}
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_SAME_SIDE = 0.98  # of the cells that tell a separator: the rest are damaged


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers.

    Attributes
    ----------
    values : ndarray of shape (n_rows,)
        NaN where a cell is missing or no number.
    is_missing, is_unreadable, is_rewritten : ndarray of shape (n_rows,)
        Whether a cell says that there is no value; whether it is text; whether more than digits was read.
    currencies : tuple of str
        Currencies that stand beside the numbers.
    """

    values: FloatArray
    is_missing: BoolArray
    is_unreadable: BoolArray
    is_rewritten: BoolArray
    currencies: tuple[str, ...] = ()


def decimal_of(columns: Sequence[pa.StringArray], *, usual: Decimal | None) -> Decimal | None:
    """Return which sign parts the decimals, or None if the cells allow both.

    Parameters
    ----------
    columns : sequence of StringArray
        Columns that belong together, the prices first.
    usual : {".", ","}, optional
        What is taken where thousands would be as likely: a point in files whose cells are parted by commas.

    Returns
    -------
    {".", ","} or None
        None: it has to be asked.

    Examples
    --------
    >>> decimal_of([pa.array(["2.058,20", "990,5"])], usual=".")
    ','
    >>> print(decimal_of([pa.array(["1,234", "1,250"])], usual="."))
    None
    """
    ambiguous = dict.fromkeys((".", ","), 0)
    for cells in columns:
        bare = _bare(cells)
        counts = {sign: _tells(bare, sign) for sign in (".", ",")}
        n_telling = sum(counts.values())
        if n_telling:
            sign = max(counts, key=lambda each: counts[each])
            return _decimal(sign) if counts[sign] >= _SAME_SIDE * n_telling else None
        for sign in ambiguous:
            ambiguous[sign] += _n_matches(bare, rf"^[+-]?\d{{1,3}}{re.escape(sign)}\d{{3}}$")
    if ambiguous[","]:
        return None
    return usual if ambiguous["."] else "."


def parse_numbers(cells: pa.StringArray, decimal: Decimal) -> Numbers:
    """Read a column of numbers.

    Parameters
    ----------
    cells : StringArray of shape (n_rows,)
        Text.
    decimal : {".", ","}
        What parts the decimals; the other sign may part thousands, in groups of three only.

    Returns
    -------
    Numbers
        Nothing is guessed: what is neither a number nor a word for none is unreadable.

    Examples
    --------
    >>> parse_numbers(pa.array(["$1,234.5", "(3)", "n/a", "1,2", "2.5M"]), ".").values.tolist()
    [1234.5, -3.0, nan, nan, 2500000.0]
    """
    trimmed = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(pc.utf8_lower(trimmed), pa.array(MISSING))
    is_missing = _to_bools(missing)
    known = pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)
    plain = (
        pc.match_substring_regex(known, _PLAIN) if decimal == "." else pc.match_substring_regex(known, r"^[+-]?\d+$")
    )
    is_rewritten = ~(_to_bools(pc.fill_null(plain, True)))
    if not is_rewritten.any():
        values = _to_floats(known)
        return Numbers(values, is_missing, ~np.isfinite(values) & ~is_missing, is_rewritten)
    values, currencies = _rewritten(known, decimal)
    is_unreadable = ~np.isfinite(values) & ~is_missing
    return Numbers(values, is_missing, is_unreadable, is_rewritten & ~is_unreadable, currencies)


def _rewritten(known: pa.StringArray, decimal: Decimal) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the values of cells with signs, thousands and scales, and the currencies that were met."""
    currencies = _currencies_in(known)
    bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(known, rf"^([+(-]?)\s*{_CURRENCY}\s*", r"\1"))
    bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(bare, rf"\s*{_CURRENCY}(\)?)$", r"\2"))
    bare = pc.replace_substring_regex(bare, r"^\((.*)\)$", r"-\1")
    bare = pc.replace_substring(bare, "\u2212", "-")
    scale = np.ones(len(bare))
    if _n_matches(bare, r"[KkMmBb]$"):
        ends = pc.utf8_lower(pc.utf8_slice_codeunits(bare, -1)).to_pylist()
        scale = np.array([_SCALES.get(end or "", 1.0) for end in ends])
        bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(bare, r"[KkMmBb]$", ""))
    bare = pc.replace_substring_regex(bare, rf"(\d){_BLANKS}(\d{{3}})", r"\1\2")
    bare = pc.replace_substring_regex(bare, rf"(\d){_BLANKS}(\d{{3}})", r"\1\2")  # groups that touched the first match
    other = re.escape("," if decimal == "." else ".")
    grouped = pc.match_substring_regex(bare, rf"^[+-]?\d{{1,3}}({other}\d{{3}})+({re.escape(decimal)}\d*)?$")
    bare = pc.if_else(grouped, pc.replace_substring_regex(bare, other, ""), bare)
    if decimal == ",":
        # A point that is left is no thousands' sign: it must not become a decimal one.
        bare = pc.replace_substring(pc.replace_substring(bare, ".", "?"), ",", ".")
    valid = pc.fill_null(pc.match_substring_regex(bare, _PLAIN), False)
    return _to_floats(pc.if_else(valid, bare, pa.scalar(None, pa.string()))) * scale, currencies


def _currencies_in(known: pa.StringArray) -> tuple[str, ...]:
    signs = pc.extract_regex(known, r"^(?P<before>[^\d]*)[\d.,].*?(?P<after>[^\d.,]*)$")
    found = set()
    for part in ("before", "after"):
        for text in pc.unique(pc.struct_field(signs, part)).to_pylist():
            word = (text or "").strip(" +-()\u00a0").lower()
            if word in _CURRENCIES:
                found.add(_CURRENCIES[word])
    return tuple(sorted(found))


def _bare(cells: pa.StringArray) -> pa.StringArray:
    """Return the cells without what stands around their digits and without blanks between them."""
    bare = pc.replace_substring_regex(cells, r"^[^\d.,+-]+|[^\d.,]+$", "")
    return pc.replace_substring_regex(bare, rf"(\d){_BLANKS}(\d)", r"\1\2")


def _tells(bare: pa.StringArray, sign: str) -> int:
    """Return how many cells can only be read with this sign before the decimals."""
    point, other = re.escape(sign), re.escape("," if sign == "." else ".")
    number = rf"\d+{point}\d{{0,2}}|\d+{point}\d{{4,}}|\d{{4,}}{point}\d*|0*{point}\d*"
    grouped = rf"\d{{1,3}}({other}\d{{3}})+{point}\d*|\d{{1,3}}({other}\d{{3}}){{2,}}"
    return _n_matches(bare, rf"^[+-]?({number}|{grouped})$")


def _n_matches(cells: pa.StringArray, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(cells, pattern)).as_py() or 0


def _to_floats(cells: pa.StringArray) -> FloatArray:
    values: FloatArray = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _to_bools(values: pa.BooleanArray) -> BoolArray:
    found: BoolArray = values.to_numpy(zero_copy_only=False).astype(np.bool_)
    return found


def _decimal(sign: str) -> Decimal:
    return "." if sign == "." else ","
