"""The shapes of the answers as JSON Schema: the tools' output schemas and the OpenAPI document's
responses."""

from __future__ import annotations

from typing import Any, Final

from . import operations

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_LINE: Final[Schema] = {"type": "integer", "minimum": 1}
_FLAG: Final[Schema] = {"type": "boolean"}
_CURSOR: Final[Schema] = {
    "type": ["string", "null"],
    "description": "Pass it to go on; null where there is no more.",
}


def _list(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def _object(required: Schema, **optional: Schema) -> Schema:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


_COUNTS: Final[Schema] = {"type": "object", "additionalProperties": _COUNT}
RANGES: Final = _list(_list(_COUNT, minItems=2, maxItems=2), description="Matched parts, in characters.")
SHOWN_LINE: Final = _object({"number": _LINE, "text": _TEXT}, ranges=RANGES)

COVERAGE: Final[Schema] = {
    "complete": {"type": "boolean", "description": "Whether nothing is missing from this answer."},
    "generation": {"type": "integer", "minimum": 0, "description": "Rises with each change of the index."},
    "notes": _list(_TEXT, description="What to know about this answer."),
}
_SEARCHED: Final[Schema] = {
    **COVERAGE,
    "truncated": {"type": "boolean", "description": "Whether there is more than is shown."},
    "eligible": {"type": "integer", "minimum": 0, "description": "Files that were open to the search."},
    "age_seconds": {
        "type": ["number", "null"],
        "minimum": 0,
        "description": "Since the index was compared with the files; null if it never was.",
    },
}

VIEWS: Final = _list(_TEXT, description="The branches, tags or commits that have it, where these were asked.")
HIT: Final = _object(
    {
        "path": _TEXT,
        "language": _TEXT,
        "start_line": _LINE,
        "end_line": _LINE,
        "heading": _TEXT,
        "score": {"type": "number"},
        "lines": _list(SHOWN_LINE),
    },
    views=VIEWS,
    also=_list(_TEXT, description="Other paths at which these views have the same content."),
)
SYMBOL: Final = _object(
    {
        "name": _TEXT,
        "kind": _TEXT,
        "container": _TEXT,
        "line": _LINE,
        "start_line": _LINE,
        "end_line": _LINE,
        "signature": _TEXT,
    },
    path=_TEXT,
    language=_TEXT,
    source=_TEXT,
    views=VIEWS,
)
GREP_FILE: Final = _object({"path": _TEXT, "matches": _COUNT}, lines=_list(SHOWN_LINE), views=VIEWS)
USE: Final = _object({"path": _TEXT, "line": _LINE, "text": _TEXT})
ENTRY: Final = _object({"path": _TEXT}, files=_COUNT)

PROGRESS: Final = _object(
    {
        "stage": _TEXT,
        "documents": _COUNT,
        "documents_total": _COUNT,
        "bytes": _COUNT,
        "bytes_total": _COUNT,
        "batches": _COUNT,
        "seconds": {"type": "number", "minimum": 0},
    }
)
WRITER: Final = _object(
    {
        "running": _FLAG,
        "progress": PROGRESS,
        "error": _TEXT,
        "finished_seconds_ago": {"type": ["number", "null"]},
    }
)

ANSWERS: Final[dict[str, Schema]] = {
    operations.SEARCH.name: _object(
        {
            "query": _TEXT,
            "hits": _list(HIT),
            "facets": {
                "type": "object",
                "additionalProperties": {"type": "object", "additionalProperties": _COUNT},
            },
            "cursor": _CURSOR,
            "advice": _list(_TEXT),
            **_SEARCHED,
        }
    ),
    operations.GREP.name: _object(
        {"pattern": _TEXT, "files": _list(GREP_FILE), "matches": _COUNT, "cursor": _CURSOR, **_SEARCHED}
    ),
    operations.SYMBOLS.name: _object({"name": _TEXT, "symbols": _list(SYMBOL), **_SEARCHED}, references=_list(USE)),
    operations.READ.name: _object(
        {"path": _TEXT, "language": _TEXT, "size": _COUNT, **COVERAGE},
        total_lines=_COUNT,
        lines=_list(SHOWN_LINE),
        symbols=_list(SYMBOL),
        next_line={"type": ["integer", "null"], "description": "The first line that did not fit."},
    ),
    operations.FILES.name: _object(
        {
            "path": _TEXT,
            "kind": {"type": "string", "enum": ["tree", "list", "fuzzy"]},
            "entries": _list(ENTRY),
            "shown": _COUNT,
            "total": _COUNT,
            "cursor": _CURSOR,
            **_SEARCHED,
        },
        levels=_COUNT,
    ),
    operations.TRACE.name: _object(
        {"direction": _TEXT, "name": _TEXT, "groups": _list({"type": "object"}), "counts": _COUNTS, **_SEARCHED}
    ),
    operations.HISTORY.name: _object(
        {
            "kind": _TEXT,
            "items": _list({"type": "object"}),
            "looked_at": _COUNT,
            "truncated": _FLAG,
            "notes": _list(_TEXT),
        }
    ),
    operations.STATUS.name: _object(
        {"root": _TEXT, "indexed": _FLAG, "update": WRITER},
        files=_COUNT,
        bytes=_COUNT,
        generation=_COUNT,
        pending=_COUNT,
        skipped={"type": "object", "additionalProperties": _object({"files": _COUNT, "bytes": _COUNT})},
        languages=_list(_object({"language": _TEXT, "files": _COUNT, "bytes": _COUNT})),
    ),
    operations.UPDATE.name: _object(
        {
            "files": _COUNT,
            "added": _COUNT,
            "changed": _COUNT,
            "removed": _COUNT,
            "unchanged": _COUNT,
            "failed": _list(_TEXT),
            "generation": _COUNT,
            "seconds": {"type": "number", "minimum": 0},
        }
    ),
}

ERROR: Final = _object({"error": _TEXT}, column=_COUNT, advice=_TEXT)
