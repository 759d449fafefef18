"""A report as one page of HTML: it opens offline, asks nobody for anything, and runs no script."""

from collections.abc import Sequence
from html import escape

from webapp.reports.blocks import Block, Bullets, Card, Cards, Cell, Paragraph, Picture, Report, Section, Table
from webapp.reports.scenes import Area, Line, Point, Scene, Shape, Words

_WIDE, _NARROW = 920, 400
_MARKS = {"good": ("✓", "Holds"), "bad": ("✕", "Does not hold"), "open": ("○", "Open")}
_TONES = {"good": "✓", "doubt": "?", "bad": "✕"}

_STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--surface:#fff;--border:#e2e5ea;--text:#14181f;--muted:#5a6371;
--accent:#2f5bea;--bench:#8a93a1;--tint:#8a93a114;--gain:#0b7f5c;--loss:#c2352b;--warn:#9a5b00}
@media (prefers-color-scheme:dark){:root{--page:#0e1116;--surface:#151a21;--border:#2a323d;--text:#e6eaf0;
--muted:#9aa4b2;--accent:#7c9bff;--bench:#7b8594;--tint:#7b859422;--gain:#3fb68b;--loss:#ff7a6e;--warn:#e0a64b}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--text);
font:15px/1.55 Inter,system-ui,-apple-system,"Segoe UI",sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:960px;margin:0 auto;padding:0 20px}header{padding-top:36px}
h1{font-size:28px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:19px;margin:0 0 10px}
h3{font-size:14px;margin:18px 0 6px}p{margin:0 0 10px;max-width:74ch}.sub,.small,figcaption,footer{color:var(--muted)}
.small,figcaption{font-size:13px}section{background:var(--surface);border:1px solid var(--border);border-radius:8px;
padding:18px 20px;margin:14px 0}.verdict{display:flex;gap:14px;align-items:center;margin:18px 0 0;padding:14px 18px;
border:1px solid var(--border);border-left:5px solid var(--tone);border-radius:8px;background:var(--surface);
font-size:18px;font-weight:600;line-height:1.35}.verdict span{color:var(--tone);font-size:22px}
.good{--tone:var(--gain)}.doubt{--tone:var(--warn)}.bad{--tone:var(--loss)}.open{--tone:var(--muted)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(132px,1fr));gap:14px;margin:0}dt{font-size:13px;
color:var(--muted)}dd{margin:0;font-size:24px;font-weight:650}dd small{display:block;font-size:12px;font-weight:400;
color:var(--muted)}.scroll{overflow-x:auto;margin:0 0 12px}table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--border);vertical-align:top}
thead th{color:var(--muted);font-weight:600;border-bottom-color:var(--bench)}tbody th{font-weight:500}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.d{white-space:nowrap}
.gain{color:var(--gain)}.loss{color:var(--loss)}.muted{color:var(--muted)}
.mono{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px;overflow-wrap:anywhere}
.heat td,.heat th{padding:5px 4px;text-align:right;border:1px solid var(--surface)}
.p1{background:#0b7f5c14}.p2{background:#0b7f5c2e}.p3{background:#0b7f5c4d}.p4{background:#0b7f5c70}
.n1{background:#c2352b14}.n2{background:#c2352b2e}.n3{background:#c2352b4d}.n4{background:#c2352b70}
ul{margin:0 0 10px;padding-left:20px}ul.checks{list-style:none;padding:0}ul.checks li{display:flex;gap:10px;
margin:0 0 8px;max-width:80ch}ul.checks b{color:var(--tone)}figure{margin:0 0 6px}
svg{display:block;width:100%;height:auto}
svg.narrow{display:none}svg text{font-size:12px;fill:var(--muted)}svg text.text{fill:var(--text)}
svg polyline{fill:none;stroke-linejoin:round}.l-strategy{stroke:var(--accent);stroke-width:2}
.l-benchmark{stroke:var(--bench);stroke-width:1.5}.l-loss{stroke:var(--loss);stroke-width:1.2}
.l-grid{stroke:var(--border)}.l-axis,.l-fold{stroke:var(--bench)}.a-insample{fill:var(--tint)}
.a-drawdown{fill:var(--loss);opacity:.14}.a-strategy{fill:var(--accent)}.a-benchmark{fill:var(--bench)}
.a-gain{fill:var(--gain)}.a-loss{fill:var(--loss)}footer{font-size:12px;padding-bottom:40px;overflow-wrap:anywhere}
.off{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:600px){svg.wide{display:none}svg.narrow{display:block}main,header,footer{padding:0 12px}
section{padding:14px}header{padding-top:20px}h1{font-size:23px}dl{grid-template-columns:1fr 1fr}dd{font-size:21px}
.verdict{font-size:16px}}
@media print{:root{--page:#fff;--surface:#fff;--border:#d5d9df;--text:#14181f;--muted:#5a6371;--accent:#2f5bea;
--bench:#8a93a1;--tint:#8a93a11f;--gain:#0b7f5c;--loss:#c2352b;--warn:#9a5b00;color-scheme:light}
body{font-size:11px;print-color-adjust:exact;-webkit-print-color-adjust:exact}section{border:0;padding:0;margin:16px 0}
tr,figure,dl,.verdict,li{break-inside:avoid}h2,h3{break-after:avoid}.scroll{overflow:visible}table{font-size:10px}
main,header,footer{padding:0;max-width:none}}
"""


def to_html(report: Report) -> bytes:
    """Return a report as a page: UTF-8, everything that it needs inside."""
    body = "".join(_section(each) for each in report.sections)
    title = escape(report.title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="generator" content="Assay"><title>{title} · Assay</title><style>{_STYLE}</style></head><body>'
        f'<header><p class="sub">Assay · report</p><h1>{title}</h1><p class="sub">{escape(report.subtitle)}</p>'
        f'<div class="verdict {report.tone}"><span aria-hidden="true">{_TONES[report.tone]}</span>'
        f"<div>{escape(report.verdict)}</div></div></header><main>{body}</main>"
        f"<footer>{escape(report.footer)}</footer></body></html>"
    ).encode()


def _section(section: Section) -> str:
    blocks = "".join(_block(each) for each in section.blocks)
    return f"<section><h2>{escape(section.title)}</h2>{blocks}</section>"


def _block(block: Block) -> str:
    match block:
        case Paragraph(text, is_small):
            return f"<p{_classes('small' if is_small else '')}>{escape(text)}</p>"
        case Bullets(items):
            lines = "".join(_bullet(kind, text) for kind, text in items)
            return f"<ul{_classes('checks' if any(kind for kind, _ in items) else '')}>{lines}</ul>"
        case Cards(items):
            return f"<dl>{''.join(_card(each) for each in items)}</dl>"
        case Table():
            return _table(block)
        case Picture(draw, label, caption):
            both = _svg(draw(_WIDE), label, "wide") + _svg(draw(_NARROW), label, "narrow")
            return f"<figure>{both}{f'<figcaption>{escape(caption)}</figcaption>' if caption else ''}</figure>"


def _classes(*names: str) -> str:
    known = " ".join(name for name in names if name)
    return f' class="{known}"' if known else ""


def _card(card: Card) -> str:
    aside = f"<small>{escape(card.aside)}</small>" if card.aside else ""
    return f'<div><dt>{escape(card.label)}</dt><dd class="{card.tone}">{escape(card.value)}{aside}</dd></div>'


def _bullet(kind: str, text: str) -> str:
    if not kind:
        return f"<li>{escape(text)}</li>"
    sign, word = _MARKS[kind]
    mark = f'<b aria-hidden="true">{sign}</b><span class="off">{word}: </span>'
    return f'<li class="{kind}">{mark}<span>{escape(text)}</span></li>'


def _table(table: Table) -> str:
    numbers = ["n" if is_number else "" for is_number in table.numbers]
    heads = "".join(
        f'<th scope="col"{_classes(kind)}>{escape(name)}</th>'
        for name, kind in zip(table.columns, numbers, strict=True)
    )
    rows = "".join(f"<tr>{_row(row, numbers)}</tr>" for row in table.rows)
    title = f"<h3>{escape(table.caption)}</h3>" if table.shows_caption else ""
    return (
        f'{title}<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.caption)}">'
        f""
        f"<table{_classes('heat' if table.is_heat else '')}><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: Sequence[Cell], numbers: Sequence[str]) -> str:
    named, *others = [
        f"{_classes(kind, cell.tone)}>{escape(cell.text)}" for cell, kind in zip(row, numbers, strict=True)
    ]
    return f'<th scope="row"{named}</th>' + "".join(f"<td{each}</td>" for each in others)


def _svg(scene: Scene, label: str, kind: str) -> str:
    shapes = "".join(_shape(each) for each in scene.shapes)
    return (
        f'<svg class="{kind}" viewBox="0 0 {scene.width} {scene.height}" role="img" aria-label="{escape(label)}">'
        f"{shapes}</svg>"
    )


def _shape(shape: Shape) -> str:
    match shape:
        case Line(points, style):
            return f'<polyline class="l-{style}" points="{_points(points)}"/>'
        case Area(points, style):
            return f'<polygon class="a-{style}" points="{_points(points)}"/>'
        case Words((x, y), text, anchor, style):
            return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
