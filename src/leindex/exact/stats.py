"""The figures of a grep, and ripgrep's two ways to print them."""

from __future__ import annotations

from typing import Any

from ..records import record


@record(slots=True)
class Stats:
    """Figures added up over files; `seconds` is the time spent searching and printing them."""

    seconds: float = 0.0
    searches: int = 0
    searches_with_match: int = 0
    bytes_searched: int = 0
    bytes_printed: int = 0
    matched_lines: int = 0
    matches: int = 0

    def add(self, other: Stats) -> None:
        """Add the figures of one file, or of files that did not have to be searched."""
        self.seconds += other.seconds
        self.searches += other.searches
        self.searches_with_match += other.searches_with_match
        self.bytes_searched += other.bytes_searched
        self.bytes_printed += other.bytes_printed
        self.matched_lines += other.matched_lines
        self.matches += other.matches

    def as_json(self) -> dict[str, Any]:
        """The figures in the order in which the `end` message has them."""
        return {
            "elapsed": duration(self.seconds),
            "searches": self.searches,
            "searches_with_match": self.searches_with_match,
            "bytes_searched": self.bytes_searched,
            "bytes_printed": self.bytes_printed,
            "matched_lines": self.matched_lines,
            "matches": self.matches,
        }

    def text(self, total: float, *, as_message: bool) -> bytes:
        """What is printed at the end of a grep that took `total` seconds."""
        return self._summary_message(total) if as_message else self._lines(total)

    def _summary_message(self, total: float) -> bytes:
        import json

        data = {"elapsed_total": duration(total), "stats": self.as_json()}
        message = {"type": "summary", "data": data}
        return json.dumps(message, separators=(",", ":"), sort_keys=True).encode() + b"\n"

    def _lines(self, total: float) -> bytes:
        return (
            f"\n{self.matches} matches\n"
            f"{self.matched_lines} matched lines\n"
            f"{self.searches_with_match} files contained matches\n"
            f"{self.searches} files searched\n"
            f"{self.bytes_printed} bytes printed\n"
            f"{self.bytes_searched} bytes searched\n"
            f"{self.seconds:.6f} seconds spent searching\n"
            f"{total:.6f} seconds total\n"
        ).encode()


def duration(seconds: float) -> dict[str, Any]:
    """A length of time as ripgrep's messages give it."""
    whole = int(seconds)
    return {"secs": whole, "nanos": int((seconds - whole) * 1e9), "human": f"{seconds:.6f}s"}
