"""Words and ruled lines of a PDF's pages in; blocks in reading order out, without running heads and footers.

Runs in the process of `protocol_child` after `protocol_pdf`, and imports nothing of ours when it runs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oncogloss.readers.protocol_pdf import Edge, Page, Word

Piece = tuple[str, int, tuple[float, float, float, float]]  # a line's text with what parts it from the next, page, box
Block = tuple[str, list[list[list[Piece]]]]  # paragraph, item or table; rows of cells of pieces

MARGIN = 0.15  # of a page's height, above and below, where running heads and footers stand
MARKER = re.compile(r"[•●○▪■◦‣·*–o-]|\(?(\d{1,2}|[a-zA-Z]|[ivx]{1,5})[.)]|\d{1,2}(\.\d{1,2})+\.?")


def blocks_of(pages: Sequence[Page]) -> list[Block]:
    """The blocks of a PDF. Raises ValueError `no text` where its pages hold no words."""
    if not any(page.words for page in pages):
        raise ValueError("no text")
    heads = _running_heads(pages)
    known = _known_words(pages)
    blocks: list[Block] = []
    for page in pages:
        words = [word for word in page.words if (page.number, word) not in heads]
        tables, words = _ruled_tables(page, words)
        for block in _text_blocks(words, page.number):
            _append(blocks, block)
        blocks += sorted(tables, key=lambda table: table[1][0][0][0][2][1] if table[1][0][0] else 0.0)
    return [(kind, [[_joined(cell, known) for cell in row] for row in rows]) for kind, rows in blocks]


def _merged(edges: list[Edge]) -> list[Edge]:
    """Edges with those that continue or double each other as one; stubs are left out."""
    lines: list[Edge] = []
    for position in _grouped(sorted(edges), lambda e: e.at, 2.5):
        at = position[0].at
        whole: list[Edge] = []
        for edge in sorted(position, key=lambda e: e.start):
            if whole and edge.start <= whole[-1].end + 2.5:
                whole[-1] = whole[-1]._replace(end=max(whole[-1].end, edge.end))
            else:
                whole.append(edge._replace(at=at))
        lines += [edge for edge in whole if edge.end - edge.start > 6]
    return lines


def _grouped(items: Iterable[Any], place: Callable[[Any], float], near: float) -> list[list[Any]]:
    """Sorted items in groups that begin less than `near` from their first."""
    groups: list[list[Any]] = []
    for item in items:
        if groups and place(item) - place(groups[-1][0]) <= near:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _rows(words: Iterable[Word]) -> list[list[Word]]:
    """Words by the line they stand on, from left to right."""
    rows: list[list[Word]] = []
    tallest: list[Word] = []
    for word in sorted(words, key=lambda w: (w.top + w.bottom) / 2):
        if rows:
            row = tallest[-1]
            shared = min(row.bottom, word.bottom) - max(row.top, word.top)
            if shared > 0.5 * min(row.height, word.height):
                rows[-1].append(word)
                tallest[-1] = max(row, word, key=lambda w: w.height)
                continue
        rows.append([word])
        tallest.append(word)
    return [sorted(row, key=lambda w: w.left) for row in rows]


def _running_heads(pages: Sequence[Page]) -> set[tuple[int, Word]]:
    """The words, with their page, of lines that stand at the same height of many pages but for their digits."""
    if len(pages) < 2:
        return set()
    lines: dict[tuple[bool, str], list[tuple[float, int, list[Word]]]] = defaultdict(list)
    for page in pages:
        margins = (w for w in page.words if not MARGIN < w.middle[1] / page.height < 1 - MARGIN)
        for row in _rows(margins):
            below = row[0].middle[1] > page.height / 2
            key = below, re.sub(r"\d+", "#", " ".join(w.text for w in row))
            lines[key].append((page.height - row[0].bottom if below else row[0].top, page.number, row))
    enough = 2 if len(pages) == 2 else max(3, 0.3 * len(pages))
    heads = set()
    for found in lines.values():
        for same in _grouped(sorted(found, key=lambda line: line[0]), lambda line: line[0], 4):
            if len({number for _, number, _ in same}) >= enough:
                heads |= {(number, word) for _, number, row in same for word in row}
    return heads


def _ruled_tables(page: Page, words: list[Word]) -> tuple[list[Block], list[Word]]:
    """(the tables within ruled lines, the words that stand in none)."""
    tables: list[Block] = []
    for across, down in _grids(_merged(page.across), _merged(page.down)):
        xs = _positions([e.at for e in down] + [x for e in across for x in (e.start, e.end)])
        ys = _positions([e.at for e in across] + [y for e in down for y in (e.start, e.end)])
        if len(xs) < 3 or len(ys) < 3:
            continue
        inside = [w for w in words if xs[0] < w.middle[0] < xs[-1] and ys[0] < w.middle[1] < ys[-1]]
        cells: dict[tuple[int, int], list[Word]] = defaultdict(list)
        for word in inside:
            x, y = word.middle
            cells[_before(across, ys, y, x), _before(down, xs, x, y)].append(word)
        columns = sorted({column for _, column in cells})
        rows = sorted({row for row, _ in cells})
        if len(columns) > 1 and len(rows) > 1:
            table = [[_pieces(cells.get((row, column), ()), page.number) for column in columns] for row in rows]
            tables.append(("table", table))
            taken = set(map(id, inside))
            words = [word for word in words if id(word) not in taken]
    return tables, words


def _positions(values: list[float]) -> list[float]:
    return [group[0] for group in _grouped(sorted(values), float, 4)]


def _before(edges: list[Edge], places: list[float], at: float, along: float) -> int:
    """Index of the last place before `at` where an edge runs beside it: cells that are merged have none within."""
    drawn = [e.at for e in edges if e.start - 2 <= along <= e.end + 2 and e.at <= at]
    return bisect_right(places, max(drawn) + 0.01) - 1 if drawn else 0


def _grids(across: list[Edge], down: list[Edge]) -> Iterator[tuple[list[Edge], list[Edge]]]:
    """The lines that cross or touch one another, grid by grid."""
    if len(across) * len(down) > 100_000:
        return
    home = list(range(len(across) + len(down)))

    def root(i: int) -> int:
        while home[i] != i:
            home[i] = i = home[home[i]]
        return i

    for i, a in enumerate(across):
        for j, d in enumerate(down, len(across)):
            if a.start - 3 <= d.at <= a.end + 3 and d.start - 3 <= a.at <= d.end + 3:
                home[root(i)] = root(j)
    grids: dict[int, tuple[list[Edge], list[Edge]]] = defaultdict(lambda: ([], []))
    for i, edge in enumerate(across + down):
        grids[root(i)][i >= len(across)].append(edge)
    yield from sorted(grids.values(), key=lambda grid: min((e.at for e in grid[0]), default=0.0))


def _pieces(words: Sequence[Word], page: int) -> list[Piece]:
    lines = _rows(w for w in words if w.upright)
    if turned := [w for w in words if not w.upright]:
        lines.append(turned)
    return [_piece(line, page) for line in lines]


def _piece(line: Sequence[Word], page: int) -> Piece:
    box = (min(w.left for w in line), min(w.top for w in line), max(w.right for w in line), max(w.bottom for w in line))
    return " ".join(w.text for w in line), page, box


def _text_blocks(words: list[Word], page: int) -> Iterator[Block]:
    """Paragraphs, items and tables without rules, in reading order; turned words come last, as they follow."""
    segments = [segment for row in _rows(w for w in words if w.upright) for segment in _segments(row)]
    for flow in _flows(segments):
        yield from _flow_blocks(flow, page)
    if turned := [w for w in words if not w.upright]:
        yield "paragraph", [[[_piece(turned, page)]]]


def _segments(row: list[Word]) -> Iterator[list[Word]]:
    """The stretches of a row without a wide gap; the marker of an item belongs to what follows it."""
    segment: list[Word] = []
    for word in row:
        wide = segment and word.left - segment[-1].right > 0.9 * max(word.height, segment[-1].height)
        if wide and not (len(segment) == 1 and MARKER.fullmatch(segment[0].text)):
            yield segment
            segment = []
        segment.append(word)
    yield segment


def _flows(segments: list[list[Word]]) -> Iterator[list[list[Word]]]:
    """The segments column by column, each a flow; what crosses the columns parts those above from those below."""
    gutter = _gutter(segments)
    if gutter is None:
        if segments:
            yield segments
        return
    sides: tuple[list[list[Word]], list[list[Word]]] = ([], [])
    crossing: list[list[Word]] = []

    def columns() -> Iterator[list[list[Word]]]:
        for side in sides:
            yield from _flows(side[:])
            side.clear()

    for segment in segments:
        if segment[0].left < gutter < segment[-1].right:
            yield from columns()
            crossing.append(segment)
        else:
            if crossing:
                yield crossing
                crossing = []
            sides[segment[0].left > gutter].append(segment)
    yield from columns()
    if crossing:
        yield crossing


def _gutter(segments: list[list[Word]]) -> float | None:
    """Where two columns of running text part, or None: three rows or more on both sides, lines that fill them."""
    if len(segments) < 6:
        return None
    left, right = min(s[0].left for s in segments), max(s[-1].right for s in segments)
    bins = max(1, int((right - left) / 2))
    if bins > 5_000:
        return None
    steps = [0] * (bins + 2)
    for s in segments:
        steps[int((s[0].left - left) / 2)] += 1
        steps[min(bins, int((s[-1].right - left) / 2)) + 1] -= 1
    crossing, covered = [], 0
    for step in steps[:bins]:
        covered += step
        crossing.append(covered)
    middle = range(bins // 5, bins - bins // 5)
    least = min((crossing[i] for i in middle), default=0)
    best = [i for i in middle if crossing[i] == least]
    if not best or least > 0.3 * len(segments):
        return None
    gutter = left + 2 * best[len(best) // 2] + 1
    before = [s for s in segments if s[-1].right <= gutter]
    after = [s for s in segments if s[0].left >= gutter]
    if min(len(before), len(after)) < 3:
        return None
    for side in (before, after):
        start, end = min(s[0].left for s in side), max(s[-1].right for s in side)
        if median(s[-1].right - s[0].left for s in side) < 0.6 * (end - start) or median(map(len, side)) < 3:
            return None
    return gutter


def _flow_blocks(flow: list[list[Word]], page: int) -> Iterator[Block]:
    rows: list[list[list[Word]]] = []
    for segment in flow:
        if rows and segment[0].left > rows[-1][-1][-1].right and _apart_rows(rows[-1][0], segment) is False:
            rows[-1].append(segment)
        else:
            rows.append([segment])
    lines: list[list[Word]] = []
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and len(rows[end]) > 1:
            end += 1
        if end - start >= 3:
            yield from _paragraphs(lines, page)
            lines = []
            yield "table", _aligned(rows[start:end], page)
            start = end
        else:
            lines.append([word for segment in rows[start] for word in segment])
            start += 1
    yield from _paragraphs(lines, page)


def _apart_rows(a: list[Word], b: list[Word]) -> bool:
    return min(a[0].bottom, b[0].bottom) - max(a[0].top, b[0].top) <= 0.5 * min(a[0].height, b[0].height)


def _aligned(rows: list[list[list[Word]]], page: int) -> list[list[list[Piece]]]:
    """The cells of a table without rules, in the columns that their words leave free between them."""
    columns: list[list[float]] = []
    for segment in sorted((s for row in rows for s in row), key=lambda s: s[0].left):
        if columns and segment[0].left < columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], segment[-1].right)
        else:
            columns.append([segment[0].left, segment[-1].right])
    starts = [start for start, _ in columns]
    table = []
    for row in rows:
        cells: list[list[Piece]] = [[] for _ in columns]
        for segment in row:
            cells[bisect_right(starts, segment[0].left) - 1].append(_piece(segment, page))
        table.append(cells)
    return table


def _paragraphs(lines: list[list[Word]], page: int) -> Iterator[Block]:
    if not lines:
        return
    right = max(line[-1].right for line in lines)
    usual = median([b[0].top - a[0].top for a, b in pairwise(lines)] or [0.0])
    paragraph = [lines[0]]
    for before, line in pairwise(lines):
        if _begins_anew(before, line, right, usual):
            yield _kind(paragraph[0]), [[[_piece(p, page) for p in paragraph]]]
            paragraph = []
        paragraph.append(line)
    yield _kind(paragraph[0]), [[[_piece(p, page) for p in paragraph]]]


def _kind(line: list[Word]) -> str:
    return "item" if len(line) > 1 and MARKER.fullmatch(line[0].text) else "paragraph"


def _begins_anew(before: list[Word], line: list[Word], right: float, usual: float) -> bool:
    """Whether a line begins a paragraph: a marker, another size, a gap, an indent, or room left on the line before."""
    height = before[0].height
    room = right - before[-1].right - 0.3 * height > line[0].right - line[0].left + 0.5 * height
    indented = line[0].left > before[0].left + 0.8 * height and _kind(before) != "item"
    return (
        _kind(line) == "item"
        or abs(line[0].height - height) > 0.12 * height
        or line[0].top - before[0].top > 1.25 * max(min(usual, 2 * height), height)
        or ((room or indented) and not line[0].text[0].islower() and not before[-1].text.endswith("-"))
    )


def _append(blocks: list[Block], block: Block) -> None:
    """Add a block, or join it to a paragraph that a column or page broke off."""
    kind, rows = block
    last = next((b for b in reversed(blocks) if b[0] != "table"), None)
    if kind == "paragraph" and last and last[1][0][0][-1][1:] != rows[0][0][0][1:]:
        end, start = last[1][0][0][-1], rows[0][0][0]
        broken = end[0][-1] not in ".:;?!" and start[0][0].islower()
        if broken and (end[1] != start[1] or end[2][1] > start[2][1]):
            last[1][0][0].extend(rows[0][0])
            return
    blocks.append(block)


def _known_words(pages: Sequence[Page]) -> set[str]:
    """The words of a document, and the pairs of those with hyphens: how it writes what a line's end may have cut."""
    known = set()
    for word in {word.text.strip(".,;:()[]").lower() for page in pages for word in page.words}:
        known.add(word)
        parts = word.split("-")
        known |= {f"{a}-{b}" for a, b in pairwise(parts)}
    return known


def _joined(lines: list[Piece], known: set[str]) -> list[Piece]:
    """Lines with what follows them: a space, or nothing where a word goes on, without its hyphen where it has none."""
    joined = []
    for (text, page, box), following in zip(lines, [*(line[0] for line in lines[1:]), None], strict=False):
        if following is not None:
            cut = re.search(r"(\w[\w.]*)-$", text)
            rest = re.match(r"\w+", following)
            if cut and rest:
                stem, tail = cut[1].lower(), rest[0].lower()
                whole = stem + tail in known or (cut[1].islower() and f"{stem}-{tail}" not in known)
                text = text[:-1] if whole and rest[0].islower() and cut[1].isalpha() else text
            else:
                text += " "
        joined.append((text, page, box))
    return joined
