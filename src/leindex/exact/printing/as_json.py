"""ripgrep's JSON Lines messages: begin, match, context, end for each file with matches, and one summary.

Text that is not valid UTF-8 is given as base64 under `bytes` instead of `text`.
"""

from __future__ import annotations

import time
from base64 import b64encode
from json.encoder import encode_basestring
from typing import Any

from ..core import CONTEXT, MATCH, Line
from ..request import GrepRequest
from ..stats import Stats, duration
from ..verify import Searcher
from .output import Output


class JsonPrinter:
    """Writes the messages. A file without a message (no match, no context) gets none."""

    def __init__(self, request: GrepRequest, searcher: Searcher, out: Output) -> None:
        self.request = request
        self.stats = Stats()
        self.searcher = searcher
        self._out = out
        self._numbered = request.line_number

    def file(self, path: bytes, content: bytes) -> bool:
        started = time.perf_counter()
        found = self.searcher.search(content)
        figures = Stats(searches=1)
        shown = _data(path)
        begun = False
        for line in found.lines():
            if line.kind not in (MATCH, CONTEXT):
                continue
            if not begun:
                begun = True
                self._write(figures, f'{{"type":"begin","data":{{"path":{shown}}}}}\n')
            if line.kind == MATCH:
                figures.searches_with_match = 1
                figures.matches += len(line.spans)
                figures.matched_lines += found.line_count(line)
            self._write(figures, self._message(shown, found.text, line))
        figures.bytes_searched = found.bytes_searched
        figures.seconds = time.perf_counter() - started
        self.stats.add(figures)
        if begun:
            offset = "null" if found.binary_offset is None else found.binary_offset
            self._out.write(
                f'{{"type":"end","data":{{"path":{shown},"binary_offset":{offset},'
                f'"stats":{_stats(figures)}}}}}\n'.encode()
            )
        return bool(figures.searches_with_match)

    def unmatched(self, path: bytes) -> bool:
        return False

    def finish(self, seconds: float) -> None:
        self._out.write(self.stats.text(seconds, as_message=True))

    def _write(self, figures: Stats, message: str) -> None:
        data = message.encode()
        figures.bytes_printed += len(data)
        self._out.write(data)

    def _message(self, path: str, text: bytes, line: Line) -> str:
        whole = text[line.start : line.end]
        kind = "match" if line.kind == MATCH else "context"
        number = line.number if self._numbered else "null"
        parts = []
        for index, (start, end) in enumerate(line.spans):
            new = ""
            if line.replaced is not None:
                low, high = line.replaced.spans[index]
                new = f'"replacement":{_data(line.replaced.text[low:high])},'
            parts.append(f'{{"match":{_data(whole[start:end])},{new}"start":{start},"end":{end}}}')
        return (
            f'{{"type":"{kind}","data":{{"path":{path},"lines":{_data(whole)},"line_number":{number},'
            f'"absolute_offset":{line.start},"submatches":[{",".join(parts)}]}}}}\n'
        )


def _data(raw: bytes) -> str:
    try:
        return f'{{"text":{encode_basestring(raw.decode("utf-8"))}}}'
    except UnicodeDecodeError:
        return f'{{"bytes":"{b64encode(raw).decode("ascii")}"}}'


def _stats(stats: Stats) -> str:
    return _object({**stats.as_json(), "elapsed": _object(duration(stats.seconds))})


def _object(fields: dict[str, Any]) -> str:
    def value(item: Any) -> str:
        return item if isinstance(item, str) and item.startswith("{") else _scalar(item)

    return "{" + ",".join(f'"{name}":{value(item)}' for name, item in fields.items()) + "}"


def _scalar(item: Any) -> str:
    return f'"{item}"' if isinstance(item, str) else str(item)
