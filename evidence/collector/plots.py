"""Small pictures in SVG: bars, and a matrix of who was answered how."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 480, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 30, 28
CELL, ROW = 34, 22
NAMES, HEAD = 184, 92
LETTER, ENDS = 6.2, 60


def bars(values: Sequence[tuple[str, float]], *, title: str, every: int = 1) -> str:
    """Bars from 0; every so many have their label below."""
    top = _round_up(max((value for _, value in values), default=1) or 1)
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    step = wide / max(1, len(values))
    drawn = [f'<text x="{LEFT}" y="16" font-weight="600">{escape(title)}</text>']
    for part in range(5):
        y = TOP + high * (1 - part / 4)
        drawn.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
            ' stroke="var(--line)"/>'
            f'<text class="soft" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{top * part / 4:g}</text>"
        )
    for place, (label, value) in enumerate(values):
        x, tall = LEFT + step * place, high * value / top
        drawn.append(
            f'<rect x="{x + step * 0.08:.1f}" y="{TOP + high - tall:.1f}"'
            f' width="{step * 0.84:.1f}" height="{tall:.1f}" fill="var(--bar)">'
            f"<title>{escape(label)}: {value:g}</title></rect>"
        )
        if (place + 1) % every == 0:
            drawn.append(
                f'<text class="soft" x="{x + step / 2:.1f}" y="{HEIGHT - 10}"'
                f' text-anchor="middle">{escape(label)}</text>'
            )
    return _picture(WIDTH, HEIGHT, title, drawn)


def lines(values: Sequence[tuple[str, float]], *, title: str) -> str:
    """Bars that lie, from 0, each with its name before and its value behind."""
    top = max((value for _, value in values), default=1) or 1
    names = min(WIDTH / 2, LETTER * max(len(name) for name, _ in values) + 12)
    wide = WIDTH - names - ENDS
    drawn = [f'<text x="0" y="16" font-weight="600">{escape(title)}</text>']
    for place, (name, value) in enumerate(values):
        y, long = TOP + ROW * place, wide * value / top
        drawn.append(
            f'<text x="{names - 8:.1f}" y="{y + 14}" text-anchor="end">'
            f"{escape(name)}</text>"
            f'<rect x="{names:.1f}" y="{y + 2}" width="{long:.1f}" height="{ROW - 6}"'
            ' fill="var(--bar)"/>'
            f'<text class="soft" x="{names + long + 6:.1f}" y="{y + 14}">'
            f"{value:,g}</text>"
        )
    return _picture(WIDTH, TOP + ROW * len(values), title, drawn)


def matrix(
    answers: Mapping[str, Mapping[str, str]],
    wrong: set[tuple[str, str]],
    *,
    label: str,
) -> str:
    """A row by what was tried, a column by person; `wrong` has those to mark."""
    people = list(next(iter(answers.values()), {}))
    drawn = []
    for place, who in enumerate(people):
        x = NAMES + CELL * place + CELL / 2
        drawn.append(
            f'<text x="{x}" y="{HEAD - 8}" transform="rotate(-45 {x} {HEAD - 8})">'
            f"{escape(who.replace('_', ' '))}</text>"
        )
    for number, (tried, row) in enumerate(answers.items()):
        y = HEAD + ROW * number
        drawn.append(
            f'<text x="{NAMES - 10}" y="{y + 15}" text-anchor="end">'
            f"{escape(tried)}</text>"
        )
        for place, who in enumerate(people):
            colour = "--good" if row[who] == "allowed" else "--none"
            if (tried, who) in wrong:
                colour = "--bad"
            drawn.append(
                f'<rect x="{NAMES + CELL * place + 2}" y="{y + 2}" rx="3"'
                f' width="{CELL - 4}" height="{ROW - 4}" fill="var({colour})">'
                f"<title>{escape(f'{tried}, {who}: {row[who]}')}</title></rect>"
            )
    # The last head leans out to the right.
    wide = NAMES + CELL * len(people) + 50
    return _picture(wide, HEAD + ROW * len(answers), label, drawn)


def _picture(width: int, height: int, label: str, drawn: Sequence[str]) -> str:
    content = "\n".join(drawn)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{escape(label)}">\n{content}\n</svg>'
    )


def _round_up(value: float) -> float:
    """The next 1, 2, 4 or 8 times a power of 10, which four lines divide well."""
    power: float = 10.0 ** math.floor(math.log10(value))
    return 1.0 * next(n * power for n in (1, 2, 4, 8, 10) if n * power >= value)
