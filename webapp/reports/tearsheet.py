"""A report as a tear sheet of a few pages of A4."""

from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from webapp.reports.blocks import Block, Bullets, Cards, Paragraph, Picture, Report, Section, Table
from webapp.reports.scenes import Area, Line, Scene, Words

_FONTS = Path(__file__).parent / "fonts"
_FONT = "Assay Sans"
_MARGIN, _WIDTH = 15.0, 180.0
_BODY, _SMALL, _ROW = 8.5, 7.0, 4.6
_PIXELS = 760  # of drawings: their text then has the size of small print
_BOTTOM = 16.0

_TEXT, _MUTED, _BORDER = (20, 24, 31), (90, 99, 113), (222, 226, 232)
_COLOURS = {
    "strategy": (47, 91, 234),
    "benchmark": (138, 147, 161),
    "loss": (194, 53, 43),
    "gain": (11, 127, 92),
    "grid": (226, 229, 234),
    "axis": (138, 147, 161),
    "fold": (138, 147, 161),
    "insample": (241, 243, 245),
    "drawdown": (247, 226, 224),
    "muted": _MUTED,
    "text": _TEXT,
    "mono": _TEXT,
    "good": (11, 127, 92),
    "doubt": (154, 91, 0),
    "bad": (194, 53, 43),
    "open": _MUTED,
}
_HEAT = {
    **{
        f"p{step}": tuple(round(255 + (c - 255) * share) for c in (11, 127, 92))
        for step, share in enumerate((0.08, 0.18, 0.3, 0.44), 1)
    },
    **{
        f"n{step}": tuple(round(255 + (c - 255) * share) for c in (194, 53, 43))
        for step, share in enumerate((0.08, 0.18, 0.3, 0.44), 1)
    },
}
_WIDTHS = {"strategy": 0.45, "benchmark": 0.35, "loss": 0.3}
_STATES = {"good": "Holds.", "bad": "Does not hold.", "open": "Open."}


def to_pdf(report: Report) -> bytes:
    """Return a report as a tear sheet: its fonts inside, text that can be searched and copied."""
    paper = _Paper(report)
    paper.head()
    for section in report.sections:
        blocks = section.blocks if section.brief is None else section.brief
        if blocks:
            paper.section(Section(section.title, blocks))
    paper.say_left_out()
    return bytes(paper.output())


class _Paper(FPDF):
    """Pages with the report's footer."""

    def __init__(self, report: Report) -> None:
        super().__init__(format="A4")
        self._report = report
        self.set_title(report.title)
        self.set_author("Assay")
        self.set_lang("en")
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_BOTTOM)
        self.add_font(_FONT, "", _FONTS / "AssaySans-Regular.ttf")
        self.add_font(_FONT, "B", _FONTS / "AssaySans-Bold.ttf")
        known = [frozenset(font.cmap) for font in self.fonts.values() if isinstance(font, TTFFont)]
        self._letters = frozenset.intersection(*known)
        self._left_out: set[str] = set()
        self._n_said = 0
        self.add_page()

    def footer(self) -> None:
        """Write what every page ends with."""
        self.set_y(-11)
        self._use(_SMALL - 0.5, _MUTED)
        self.cell(_WIDTH - 20, 4, self._fitting(self._report.footer, _WIDTH - 22))
        self.cell(20, 4, f"{self.page_no()} / {{nb}}", align="R")

    def head(self) -> None:
        """Write title and verdict."""
        report = self._report
        self._use(_SMALL, _MUTED)
        self._lines("ASSAY · TEAR SHEET", 4)
        self._use(17, _TEXT, bold=True)
        self._lines(self._known(report.title), 7.5)
        self._use(_BODY, _MUTED)
        self._lines(self._known(report.subtitle), 4.6)
        self.ln(2)
        top = self.get_y()
        self._use(11, _TEXT, bold=True)
        self.set_x(_MARGIN + 5)
        self.multi_cell(_WIDTH - 5, 5.4, self._known(report.verdict), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
        self.set_fill_color(*_COLOURS[report.tone])
        self.rect(_MARGIN, top, 1.4, self.get_y() - top, style="F")
        self.ln(1)
        self.say_left_out()

    def section(self, section: Section) -> None:
        """Write a section; its heading never stands alone at the end of a page."""
        self._room(12.0 + _height_of(section.blocks[0]))
        self.ln(3.2)
        self._use(10.5, _TEXT, bold=True)
        self._lines(section.title, 5.6)
        self.ln(0.6)
        for block in section.blocks:
            self._block(block)

    def say_left_out(self) -> None:
        """Say how many letters stand as question marks, if any more than when it was said last, and where they are."""
        if len(self._left_out) == self._n_said:
            return
        self._n_said = len(self._left_out)
        these, stands = ("1 letter has", "stands") if self._n_said == 1 else (f"{self._n_said} letters have", "stand")
        self._use(_SMALL, _COLOURS["doubt"])
        self._lines(
            f"{these} no shape in the fonts of this sheet (Latin, Greek, Cyrillic) and {stands} as “?”. The report "
            "(HTML) of this analysis and its page have them.",
            3.6,
        )

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph(text, is_small):
                self._use(_SMALL if is_small else _BODY, _MUTED if is_small else _TEXT)
                self._lines(self._known(text), 3.6 if is_small else 4.2)
                self.ln(1)
            case Bullets(items):
                for kind, text in items:
                    self._bullet(kind, text)
            case Cards():
                self._cards(block)
            case Table():
                self._table(block)
            case Picture(draw, _, caption):
                self._picture(draw(_PIXELS))
                if caption:
                    self._use(_SMALL, _MUTED)
                    self._lines(self._known(caption), 3.6)
                    self.ln(1)

    def _bullet(self, kind: str, text: str) -> None:
        self._room(9)
        x = _MARGIN + (26 if kind else 3)
        y = self.get_y()
        self._use(_BODY, _COLOURS[kind or "muted"], bold=bool(kind))
        self.cell(x - _MARGIN, 4.2, _STATES.get(kind, "•"))
        self._use(_BODY, _TEXT)
        self.set_xy(x, y)
        self.multi_cell(_WIDTH + _MARGIN - x, 4.2, self._known(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
        self.ln(0.8)

    def _cards(self, cards: Cards) -> None:
        width, y = _WIDTH / len(cards.items), self.get_y()
        for place, card in enumerate(cards.items):
            x = _MARGIN + place * width
            for text, size, colour, bold, below in (
                (card.label, _SMALL, _MUTED, False, 0.0),
                (card.value, 13.0, _COLOURS.get(card.tone, _TEXT), True, 3.6),
                (card.aside, _SMALL - 1, _MUTED, False, 9.6),
            ):
                self._use(size, colour, bold=bold)
                self.set_xy(x, y + below)
                self.cell(width - 1, 4 if size < 12 else 6, self._fitting(text, width - 1))  # noqa: PLR2004
        self.set_xy(_MARGIN, y + 14)

    def _table(self, table: Table) -> None:
        if table.shows_caption:
            self._room(16)
            self._use(_BODY, _TEXT, bold=True)
            self._lines(table.caption, 5)
        widths = [share * _WIDTH for share in table.shares]
        self._room(2 * _ROW)
        self._heads(table, widths)
        for row in table.rows:
            self._use(_SMALL + 0.3, _TEXT)
            texts = [self._known(cell.text) for cell in row]
            wrapped = [self._wrapped(text, width) for width, text in zip(widths, texts, strict=True)]
            height = max(_ROW, 3.5 * max(len(lines) for lines in wrapped) + 1.1)
            if self.get_y() + height > self.h - _BOTTOM:
                self.add_page()
                self._heads(table, widths)
            y, x = self.get_y(), _MARGIN
            for cell, lines, width, is_number in zip(row, wrapped, widths, table.numbers, strict=True):
                if cell.tone in _HEAT:
                    self.set_fill_color(*_HEAT[cell.tone])
                    self.rect(x, y, width, height, style="F")
                self._use(_SMALL + 0.3, _COLOURS.get(cell.tone, _TEXT))
                for number, line in enumerate(lines):
                    self.set_xy(x, y + 0.6 + 3.5 * number)
                    self.cell(width, 3.5, line, align="R" if is_number else "L")
                x += width
            self._rule(y + height)
            self.set_xy(_MARGIN, y + height)
        self.ln(2)

    def _heads(self, table: Table, widths: list[float]) -> None:
        self._use(_SMALL, _MUTED, bold=True)
        for name, width, is_number in zip(table.columns, widths, table.numbers, strict=True):
            self.cell(width, _ROW, name, align="R" if is_number else "L")
        self.ln(_ROW)
        self._rule(self.get_y())

    def _wrapped(self, text: str, width: float) -> list[str]:
        """Return a text as the lines that a cell of this width has."""
        lines = self.multi_cell(width, 3.5, text, dry_run=True, output="LINES", align="L") if text else [""]
        return lines if isinstance(lines, list) else [text]

    def _rule(self, y: float) -> None:
        self.set_draw_color(*_BORDER)
        self.set_line_width(0.1)
        self.line(_MARGIN, y, _MARGIN + _WIDTH, y)

    def _picture(self, scene: Scene) -> None:
        scale = _WIDTH / scene.width
        self._room(scene.height * scale + 8)
        left, top = _MARGIN, self.get_y()
        for shape in scene.shapes:
            colour = _COLOURS[shape.style]
            match shape:
                case Line(points, style):
                    self.set_draw_color(*colour)
                    self.set_line_width(_WIDTHS.get(style, 0.12))
                    self.polyline([(left + x * scale, top + y * scale) for x, y in points])
                case Area(points, _):
                    self.set_fill_color(*colour)
                    self.polygon([(left + x * scale, top + y * scale) for x, y in points], style="F")
                case Words((x, y), text, anchor, _):
                    self._use(_SMALL - 0.4, colour)
                    shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * self.get_string_width(text)
                    self.text(left + x * scale - shift, top + y * scale, text)
        self.set_xy(_MARGIN, top + scene.height * scale + 1)

    def _use(self, size: float, colour: tuple[int, ...], *, bold: bool = False) -> None:
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_text_color(*colour)

    def _lines(self, text: str, height: float) -> None:
        self.multi_cell(_WIDTH, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def _fitting(self, text: str, width: float) -> str:
        """Return a text, shortened to what a width has room for."""
        text = self._known(text)
        while text and self.get_string_width(text) > width - 2 * self.c_margin:
            text = f"{text[:-2].rstrip()}…" if len(text) > 2 else ""  # noqa: PLR2004  # a character and the dots
        return text

    def _known(self, text: str) -> str:
        """Return a text in characters that the fonts have: Latin, Greek, Cyrillic; others are question marks.

        Which they were is remembered, for the sheet to say so.
        """
        text = text.replace("\u00a0", " ")
        self._left_out |= {each for each in text if ord(each) not in self._letters}
        return "".join("?" if each in self._left_out else each for each in text)

    def _room(self, height: float) -> None:
        """Begin a page if there is less room than this, and more on a new one."""
        if self.get_y() + height > self.h - _BOTTOM and self.get_y() > 2 * _MARGIN:
            self.add_page()


def _height_of(block: Block) -> float:
    """Return roughly how much of a block must stay with its heading."""
    if isinstance(block, Picture):
        scene = block.draw(_PIXELS)
        return scene.height * _WIDTH / scene.width + 8
    return 14.0
