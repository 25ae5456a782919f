"""How soon the MCP server answers: its first reply beside that of a bare server, and warm tool calls.

    python benchmarks/mcp_latency.py TREE [--index DIR] [--rounds 5] [--json]

First replies are timed from the start of the process to the answer to `initialize`, of `leindex mcp` and of a
server with one tool made with the same `mcp` package, taking turns. Warm calls go through a client of that
package over stdio, so both ends' work on the protocol is included. Each answer must have hits. The queries
suit C code. TREE should be indexed already, or the round that is not counted waits for it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

BARE = """
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
def echo(text: str) -> str:
    return text
server.run("stdio")
"""
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "benchmark", "version": "1"},
    },
}
CALLS = (
    *(
        ("search_code", {"query": query})
        for query in (
            "retry_count",
            "tx_timeout",
            "dma_alloc_coherent",
            "kmalloc failed",
            "spin_lock_irqsave lang:c",
            '"out of memory"',
            "usb disconnect",
            "page fault handler",
            "ext4 journal commit",
            "/mutex_(un)?lock/ file:drivers/net",
        )
    ),
    ("grep", {"pattern": "sched_clock_cpu"}),
    ("grep", {"pattern": r"\w+_irq(save|restore)?\b"}),
    ("find_symbol", {"name": "kmalloc"}),
    ("list_files", {"fuzzy": "schedcore"}),
    ("index_status", {}),
)


def first_reply(command: Sequence[str]) -> float:
    """Seconds from the start of a server to its first reply."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(HELLO) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    took = time.perf_counter() - began
    assert answer["id"] == 1 and "result" in answer
    process.communicate()
    return took


async def warm_calls(command: Sequence[str], rounds: int) -> dict[str, float]:
    """The median time of each call, in milliseconds, after one round that is not counted."""
    server = StdioServerParameters(command=command[0], args=list(command[1:]), env=dict(os.environ))
    times: dict[str, list[float]] = {}
    async with Client(stdio_client(server)) as client:
        for number in range(rounds + 1):
            for name, arguments in CALLS:
                began = time.perf_counter()
                result = await client.call_tool(name, arguments)
                took = 1000 * (time.perf_counter() - began)
                assert not result.is_error, result.content[0].text
                found = result.structured_content
                assert any(map(found.get, ("hits", "files", "symbols", "entries"))), (name, arguments)
                if number:
                    times.setdefault(" ".join((name, *map(str, arguments.values()))), []).append(took)
    return {call: round(statistics.median(values), 1) for call, values in times.items()}


def main() -> None:
    """Runs both, and prints them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("--index")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    command = [sys.executable, "-m", "leindex", "mcp", options.tree]
    command += ["--index", options.index] if options.index else []
    bare, ours = [], []
    for _ in range(options.rounds):
        bare.append(first_reply([sys.executable, "-c", BARE]))
        ours.append(first_reply(command))
    calls = asyncio.run(warm_calls(command, options.rounds))
    searches = [took for call, took in calls.items() if call.startswith("search_code")]
    figures = {
        "first_reply_bare_s": round(statistics.median(bare), 3),
        "first_reply_s": round(statistics.median(ours), 3),
        "search_code_median_ms": round(statistics.median(searches), 1),
        "calls_ms": calls,
    }
    print(json.dumps(figures) if options.json else json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
