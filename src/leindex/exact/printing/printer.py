"""Choosing a printer: one for each kind of output, all of them ripgrep's byte for byte.

A printer is given the files in the order of output, searches each and writes what is to be said about it.
"""

from __future__ import annotations

from ..request import GrepRequest, Mode
from ..verify import Searcher
from .output import Output, Printer


def printer_for(request: GrepRequest, searcher: Searcher, out: Output) -> Printer:
    """The printer of a request's mode."""
    if request.summary:
        from .summary import SummaryPrinter

        return SummaryPrinter(request, searcher, out)
    if request.mode is Mode.JSON:
        from .as_json import JsonPrinter

        return JsonPrinter(request, searcher, out)
    from .standard import StandardPrinter

    return StandardPrinter(request, searcher, out)
