"""Pictures of an index as SVG, made here so that the page needs neither scripts nor assets for them.

Colours are CSS classes (`v0` to `v9`, in style.css), so that the same picture fits the light and the dark
page.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from ...records import record

COLOURS: Final = 10


@record(frozen=True, slots=True)
class Part:
    """A share of a whole: `colour` is the number of its class, `link` where it leads, or nothing."""

    name: str
    value: float
    label: str = ""
    colour: int = 0
    link: str = ""


@record(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


def treemap(parts: Sequence[Part], width: float = 960, height: float = 360, *, style: str = "") -> str:
    """Rectangles with areas in proportion, as square as may be (Bruls, Huizing and van Wijk, Squarified
    Treemaps)."""
    sized = sorted((part for part in parts if part.value > 0), key=lambda part: -part.value)
    total = sum(part.value for part in sized)
    if not total:
        return ""
    scale = width * height / total
    shapes = [
        _tile(part, box)
        for part, box in zip(sized, _squarified([part.value * scale for part in sized], width, height), strict=True)
    ]
    return (
        f'<svg class="treemap {style}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="Folders by size">{"".join(shapes)}</svg>'
    )


def _squarified(areas: list[float], width: float, height: float) -> list[_Box]:
    boxes: list[_Box] = []
    x = y = 0.0
    start = 0
    while start < len(areas):
        side = min(width, height)
        end = start + 1
        while end < len(areas) and _worst(areas[start : end + 1], side) <= _worst(areas[start:end], side):
            end += 1
        row = areas[start:end]
        thick = sum(row) / side if side else 0.0
        at = 0.0
        for area in row:
            length = area / thick if thick else 0.0
            boxes.append(_Box(x, y + at, thick, length) if width >= height else _Box(x + at, y, length, thick))
            at += length
        if width >= height:
            x, width = x + thick, width - thick
        else:
            y, height = y + thick, height - thick
        start = end
    return boxes


def _worst(row: list[float], side: float) -> float:
    """The largest ratio of sides in a row of rectangles."""
    total = sum(row)
    return max(side * side * max(row) / (total * total), total * total / (side * side * min(row)))


def _tile(part: Part, box: _Box) -> str:
    name = escape(part.name)
    gap = 1.5
    rectangle = (
        f'<rect class="v{part.colour % COLOURS}" x="{box.x + gap:.1f}" y="{box.y + gap:.1f}" '
        f'width="{max(box.width - 2 * gap, 0.5):.1f}" height="{max(box.height - 2 * gap, 0.5):.1f}" rx="4"/>'
    )
    texts = ""
    letters = int((box.width - 16) / 8.6)
    if letters >= 3 and box.height > 24:
        shown = escape(_short(part.name, letters))
        texts = f'<text x="{box.x + 10:.1f}" y="{box.y + 21:.1f}">{shown}</text>'
        if box.height > 42 and letters >= len(part.label):
            texts += f'<text class="small" x="{box.x + 10:.1f}" y="{box.y + 38:.1f}">{escape(part.label)}</text>'
    shape = f"<title>{name}: {escape(part.label)}</title>{rectangle}{texts}"
    return f'<a href="{escape(part.link)}">{shape}</a>' if part.link else f"<g>{shape}</g>"


def _short(path: str, letters: int) -> str:
    """A path in few letters: its end says most."""
    last = path.rpartition("/")[2]
    fitting = (path, f"…/{last}", last)
    return next((text for text in fitting if len(text) <= letters), last[: letters - 1] + "…")


def bar(parts: Sequence[Part], width: float = 960, height: float = 18) -> str:
    """One bar, divided."""
    total = sum(part.value for part in parts)
    if not total:
        return ""
    shapes, x = [], 0.0
    for part in parts:
        length = part.value / total * width
        shapes.append(
            f'<rect class="v{part.colour % COLOURS}" x="{x:.1f}" y="0" width="{max(length - 1.5, 0.5):.1f}" '
            f'height="{height:g}"><title>{escape(part.name)}: {escape(part.label)}</title></rect>'
        )
        x += length
    return (
        f'<svg class="bar" viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="Languages by size">{"".join(shapes)}</svg>'
    )


def line(points: Sequence[tuple[float, float]], *, unit: str, width: float = 960, height: float = 180) -> str:
    """A curve over time in seconds: the area below it, three lines to read it by, and the time at both
    ends."""
    if len(points) < 2:
        return ""
    left, bottom, top = 58.0, height - 22, 10.0
    begin, end = points[0][0], points[-1][0]
    highest = max(value for _, value in points) or 1.0
    ceiling = _round_up(highest)

    def x(moment: float) -> float:
        return left + (moment - begin) / max(end - begin, 1e-9) * (width - left - 8)

    def y(value: float) -> float:
        return bottom - value / ceiling * (bottom - top)

    path = " ".join(f"{x(moment):.1f},{y(value):.1f}" for moment, value in points)
    guides = "".join(
        f'<line x1="{left:g}" x2="{width - 8:g}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>'
        f'<text class="small end" x="{left - 8:g}" y="{y(level) + 4:.1f}">{level:g}</text>'
        for level in (0.0, ceiling / 2, ceiling)
    )
    return (
        f'<svg class="line" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(unit)} over time">'
        f'<g class="guides">{guides}</g>'
        f'<polygon points="{x(begin):.1f},{bottom:.1f} {path} {x(end):.1f},{bottom:.1f}"/>'
        f'<polyline points="{path}"/><text class="small" x="{left:g}" y="{height - 5:g}">0 s</text>'
        f'<text class="small end" x="{width - 8:g}" y="{height - 5:g}">{end - begin:.1f} s</text></svg>'
    )


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten."""
    step = 10.0 ** len(str(int(value))) / 10 if value >= 1 else 0.1
    while True:
        for factor in (1, 2, 5, 10):
            if step * factor >= value:
                return step * factor
        step *= 10
