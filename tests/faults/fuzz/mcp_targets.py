"""Target in Python: lines to the MCP server."""

from __future__ import annotations

from mcp import types
from pydantic import ValidationError

from leindex.mcp.stdio import reply_to


def mcp_lines(data: bytes) -> None:
    """Any lines on stdin: messages, or each a reply that is one itself."""
    for line in data.decode("utf-8", "replace").splitlines():
        try:
            types.jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValidationError as error:
            reply = reply_to(error)
            if reply is None:
                assert not line.strip()
                continue
            text = reply.model_dump_json(by_alias=True, exclude_unset=True)
            types.jsonrpc_message_adapter.validate_json(text, by_name=False)
