"""Figures about the server in Prometheus' text format: requests, their durations, tool calls, and the
index."""

from __future__ import annotations

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..records import field, record
from ..service.answers import Answer

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@record(slots=True)
class Histogram:
    """Durations in seconds, by bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Adds one."""
        self.total += seconds
        self.counts[next((i for i, limit in enumerate(BUCKETS) if seconds <= limit), len(BUCKETS))] += 1


class Metrics:
    """The figures of one server; used from its event loop."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._seconds: dict[str, Histogram] = defaultdict(Histogram)
        self._tools: dict[tuple[str, bool], int] = defaultdict(int)
        self._tool_seconds: dict[str, Histogram] = defaultdict(Histogram)
        self.active = 0
        self._started = time.time()

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts a request by its route, never by its address: an address can hold anything."""
        self._requests[route, method, status] += 1
        self._seconds[route].observe(seconds)

    def tool(self, name: str, seconds: float, *, failed: bool) -> None:
        """Counts a call of a tool."""
        self._tools[name, failed] += 1
        self._tool_seconds[name].observe(seconds)

    def text(self, status: Answer) -> str:
        """All figures. `status` is the answer of `index_status`."""
        return "\n".join([*self._server(), *_index(status), ""])

    def _server(self) -> Iterator[str]:
        yield from _head("leindex_http_requests_total", "counter", "HTTP requests.")
        for (route, method, code), count in sorted(self._requests.items()):
            yield f'leindex_http_requests_total{{route="{route}",method="{method}",status="{code}"}} {count}'
        yield from _histograms("leindex_http_request_seconds", "Duration of HTTP requests.", "route", self._seconds)
        yield from _head("leindex_http_requests_active", "gauge", "HTTP requests in work.")
        yield f"leindex_http_requests_active {self.active}"
        yield from _head("leindex_tool_calls_total", "counter", "Calls of MCP tools.")
        for (name, failed), count in sorted(self._tools.items()):
            yield f'leindex_tool_calls_total{{tool="{name}",failed="{str(failed).lower()}"}} {count}'
        yield from _histograms("leindex_tool_call_seconds", "Duration of MCP tool calls.", "tool", self._tool_seconds)
        yield from _head("process_start_time_seconds", "gauge", "When the server started, Unix time.")
        yield f"process_start_time_seconds {self._started:.0f}"
        yield from _head("leindex_peak_memory_bytes", "gauge", "Largest resident memory so far.")
        unit = 1 if sys.platform == "darwin" else 1024
        yield f"leindex_peak_memory_bytes {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _histograms(name: str, text: str, label: str, values: dict[str, Histogram]) -> Iterator[str]:
    yield from _head(name, "histogram", text)
    for key, histogram in sorted(values.items()):
        running = 0
        for limit, count in zip((*map(str, BUCKETS), "+Inf"), histogram.counts, strict=True):
            running += count
            yield f'{name}_bucket{{{label}="{key}",le="{limit}"}} {running}'
        yield f'{name}_sum{{{label}="{key}"}} {histogram.total:.6f}'
        yield f'{name}_count{{{label}="{key}"}} {running}'


def _index(status: Answer) -> Iterator[str]:
    gauges: Iterable[tuple[str, str, object]] = (
        ("leindex_index_files", "Files in the index.", status.get("files", 0)),
        ("leindex_index_bytes", "Bytes of the files in the index.", status.get("bytes", 0)),
        ("leindex_index_generation", "Committed updates.", status.get("generation", 0)),
        (
            "leindex_index_pending_files",
            "Files whose symbols are not extracted yet.",
            status.get("pending", 0),
        ),
        (
            "leindex_index_age_seconds",
            "Since the index was compared with the tree.",
            status.get("age_seconds"),
        ),
        (
            "leindex_index_database_bytes",
            "Size of the store.",
            status.get("store", {}).get("database_bytes", 0),
        ),
        ("leindex_update_running", "Whether an update is running.", int(status["update"]["running"])),
        ("leindex_update_failed", "Whether the last update failed.", int(bool(status["update"]["error"]))),
    )
    for name, text, value in gauges:
        if value is not None:  # an index that was never compared has no age
            yield from _head(name, "gauge", text)
            yield f"{name} {value}"
    yield from _head("leindex_index_skipped_files", "gauge", "Files that are not indexed, by reason.")
    for reason, entry in status.get("skipped", {}).items():
        yield f'leindex_index_skipped_files{{reason="{reason}"}} {entry["files"]}'


class Counted:
    """Counts each request that passes."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app, self._metrics, self._routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.active += 1
        try:
            await self._app(scope, receive, sending)
        finally:
            self._metrics.active -= 1
            path = scope["path"]
            first = "/" + path.split("/")[1]
            route = path if path in self._routes else first if first in self._routes else "other"
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "DELETE", "OPTIONS") else "other"
            self._metrics.request(route, method, status, time.perf_counter() - began)
