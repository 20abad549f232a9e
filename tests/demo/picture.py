# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a terminal shows, as SVG: text stays text, on a background of its own, so that dark and light pages look the same."""

import re
from xml.sax.saxutils import escape

ADVANCE, LINE, SIZE, MARGIN, BAR = 8.4, 19, 14, 18, 34
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
CLASSES = {"1": "bold", "1;31": "bad", "2": "dim", "32": "good", "33": "care"}
STYLE = f"""text {{ font: {SIZE}px {FONTS}; fill: #d6d9e0; white-space: pre }}
.bold {{ fill: #ffffff; font-weight: bold }}
.bad {{ fill: #ff7b72; font-weight: bold }}
.good {{ fill: #6fdd8b }}
.care {{ fill: #f2cc60 }}
.dim {{ fill: #98a1b0 }}"""


def runs(line):
    """[(class, text)] of a line with escape sequences; every sequence starts from scratch, as cvmctl's do."""
    found, style = [], ""
    for part in re.split(r"(\033\[[0-9;]*m)", line):
        if part.startswith("\033["):
            style = CLASSES.get(part[2:-1], "")
        elif part:
            found.append((style, part))
    return found


def drawn(line, y):
    """Each run is as wide as its cells, whatever font there is."""
    column, spans = 0, []
    for style, text in runs(line):
        shown = text.rstrip(" ") if text.strip(" ") else ""
        if shown:
            start = len(shown) - len(shown.lstrip(" "))
            shown = shown.lstrip(" ")
            look = f' class="{style}"' if style else ""
            spans.append(f'<tspan x="{MARGIN + (column + start) * ADVANCE:.1f}" textLength="{len(shown) * ADVANCE:.1f}"'
                         f'{look}>{escape(shown)}</tspan>')
        column += len(text)
    return f'<text y="{y}">{"".join(spans)}</text>' if spans else ""


def picture(text, columns, title, description):
    lines = text.rstrip("\n").split("\n")
    width, height = round(2 * MARGIN + columns * ADVANCE), BAR + 2 * MARGIN + len(lines) * LINE - 6
    rows = (drawn(line, BAR + MARGIN + SIZE + number * LINE - 4) for number, line in enumerate(lines))
    dots = "".join(f'<circle cx="{MARGIN + 6 + 20 * i}" cy="{BAR // 2 + 2}" r="6" fill="{colour}"/>'
                   for i, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")))
    return f"""<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"
     aria-labelledby="title description">
<title id="title">{escape(title)}</title>
<desc id="description">{escape(description)}</desc>
<style>
{STYLE}
</style>
<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9" fill="#161b22" stroke="#3d444d"/>
{dots}
{chr(10).join(filter(None, rows))}
</svg>
"""
