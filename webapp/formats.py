"""How numbers, times and durations are written: the one place that decides.

Unknown is `–`, never zero. The minus sign is U+2212. A fraction becomes per cent here and nowhere below. A number and
its unit are joined by a no-break space, so that a line never ends between them.
"""

import datetime
import math
import re

import pandas as pd

MINUS = "\u2212"
UNKNOWN = "\u2013"
NO_BREAK = "\u00a0"

_NEGATIVE = re.compile(r"(?<![\w\-.)])-(?=\.?\d)")
_MINUTE = 60
_HOUR = 3600
_DAY = 86400
_WEEK = 7 * _DAY

Number = float | int | None


def number(value: Number, digits: int = 2, *, signed: bool = False) -> str:
    """Return a number with thousands separated and so many decimals; `signed` shows a plus as well.

    Examples
    --------
    >>> number(-1234.5, 1), number(0.004, 1), number(None)
    ('−1,234.5', '0.0', '–')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    rounded = round(float(value), digits) + 0.0  # what rounds to zero has no sign
    text = f"{abs(rounded):,.{digits}f}"
    if rounded < 0:
        return MINUS + text
    return f"+{text}" if signed and rounded > 0 else text


def sentence(text: str) -> str:
    """Return a sentence of the program with its numbers as they are written here; words and dates keep their hyphens.

    Examples
    --------
    >>> sentence("Not met on 2024-03-15: the out-of-sample best reached -0.139.")
    'Not met on 2024-03-15: the out-of-sample best reached −0.139.'
    """
    return _NEGATIVE.sub(MINUS, text)


def percent(value: Number, digits: int = 1, *, signed: bool = False) -> str:
    r"""Return a fraction as per cent.

    Examples
    --------
    >>> percent(-0.1234), percent(0.5, signed=True)
    ('−12.3\xa0%', '+50.0\xa0%')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{number(value * 100, digits, signed=signed)}{NO_BREAK}%"


def ratio(value: Number, *, signed: bool = False) -> str:
    """Return a ratio, such as a Sharpe ratio, with two decimals."""
    return number(value, 2, signed=signed)


def count(value: Number) -> str:
    """Return a whole number with thousands separated."""
    return number(value, 0)


def money(value: Number, digits: int = 0, *, signed: bool = False) -> str:
    """Return an amount of money; the currency stands in the header."""
    return number(value, digits, signed=signed)


def p_value(value: Number) -> str:
    """Return a probability with two decimals; what is nearly 0 or 1 is not shown as certain.

    Examples
    --------
    >>> p_value(0.03), p_value(0.0004), p_value(0.9999)
    ('0.03', '< 0.01', '> 0.99')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    least = 0.005
    if value < least:
        return "< 0.01"
    return "> 0.99" if value > 1 - least else number(value, 2)


def plain(value: object) -> str:
    """Return a value of a question as a person would type it: 0.15, 1,000, on, `–` for nothing."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < 10**15  # no exponent where every digit is known
        return (f"{value:,.0f}" if is_whole else f"{value:,.10g}").replace("-", MINUS)
    return str(value)


def plural(n: int, one: str, many: str | None = None) -> str:
    r"""Return `1 bar`, `2 bars`: a count and its noun.

    Examples
    --------
    >>> plural(1, "bar"), plural(1200, "bar"), plural(2, "entry", "entries")
    ('1\xa0bar', '1,200\xa0bars', '2\xa0entries')
    """
    return f"{count(n)}{NO_BREAK}{one if n == 1 else many or one + 's'}"


def size(n_bytes: Number) -> str:
    r"""Return a number of bytes in its largest unit.

    Examples
    --------
    >>> [size(n).replace(NO_BREAK, " ") for n in (0, 1536, 5 * 1024**3)], size(None)
    (['0 B', '1.5 KiB', '5 GiB'], '–')
    """
    if n_bytes is None or not math.isfinite(n_bytes):
        return UNKNOWN
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    power = min(len(units) - 1, max(0, int(n_bytes).bit_length() - 1) // 10)
    value = n_bytes / 1024**power
    return f"{number(value, 0 if value == round(value) else 1)}{NO_BREAK}{units[power]}"


def duration(seconds: Number) -> str:
    """Return a time span in its two largest units.

    Examples
    --------
    >>> [duration(s).replace(NO_BREAK, " ") for s in (0.21, 4.26, 75, 3725, 90061)]
    ['0.2 s', '4.3 s', '1 min 15 s', '1 h 2 min', '1 d 1 h']
    """
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return UNKNOWN
    tenth_up_to = 10
    if seconds < tenth_up_to:
        return f"{seconds:.1f}{NO_BREAK}s"
    whole = round(seconds)
    for size, name, smaller, smaller_name in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            first = f"{whole // size}{NO_BREAK}{name}"
            return f"{first}{NO_BREAK}{rest}{NO_BREAK}{smaller_name}" if rest else first
    return f"{whole}{NO_BREAK}s"


def date(value: datetime.date | pd.Timestamp | None) -> str:
    """Return a day as `2024-03-15`."""
    if value is None or pd.isna(value):
        return UNKNOWN
    return f"{value:%Y-%m-%d}"


def moment(value: datetime.datetime | None) -> str:
    """Return an instant with its zone: `2024-03-15 14:02:31 UTC`."""
    if value is None:
        return UNKNOWN
    return f"{value.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


def ago(value: datetime.datetime | None, now: datetime.datetime) -> str:
    """Return how long ago an instant was: `2 min ago`; older than a week, its day."""
    if value is None:
        return UNKNOWN
    seconds = (now - value).total_seconds()
    if seconds >= _WEEK:
        return date(value)
    for size, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{int(seconds // size)}{NO_BREAK}{name} ago"
    return "just now"


def sign_class(value: Number) -> str:
    """Return the class that colours a gain or a loss; the sign itself stands in the text."""
    if value is None or not math.isfinite(value) or value == 0:
        return ""
    return "is-gain" if value > 0 else "is-loss"


def humanised(name: str) -> str:
    """Return a name of a program as a heading.

    Examples
    --------
    >>> humanised("train_bars")
    'Train bars'
    """
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
