"""The OpenAPI document of the HTTP API, made from the same declarations that check the requests."""

from __future__ import annotations

from typing import Any, Final

from .. import __version__
from ..service import operations
from ..service.operations import Operation
from ..service.parameters import Parameter
from ..service.schemas import ANSWERS, ERROR, WRITER

Schema = dict[str, Any]

FOLLOW: Final = Parameter("follow", "boolean", "Report on the update as it goes, as JSON Lines.", default=False)

_PATHS: Final = (
    ("/api/search", operations.SEARCH),
    ("/api/symbols", operations.SYMBOLS),
    ("/api/files", operations.FILES),
    ("/api/file", operations.READ),
    ("/api/trace", operations.TRACE),
    ("/api/history", operations.HISTORY),
    ("/api/status", operations.STATUS),
)


def document() -> Schema:
    """The document, in OpenAPI 3.1."""
    paths: Schema = {path: {"get": _get(operation)} for path, operation in _PATHS}
    paths["/api/file"]["get"]["responses"]["404"] = _error("The file is not in the index.")
    paths["/api/grep"] = {"get": _grep()}
    paths["/api/update"] = {"get": _update_state(), "post": _update()}
    paths["/healthz"] = {"get": _plain("health", "Whether the server answers.")}
    paths["/metrics"] = {"get": _plain("metrics", "Figures in Prometheus' text format.")}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "leindex",
            "version": __version__,
            "description": "Search in an index of source code. An unknown parameter is an error.",
        },
        "paths": paths,
        "components": {"schemas": {"Error": ERROR}},
    }


def _get(operation: Operation) -> Schema:
    return {
        "operationId": operation.name,
        "summary": operation.title,
        "description": operation.description,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {"200": _json("The answer.", ANSWERS[operation.name]), **_errors()},
    }


def _parameter(parameter: Parameter) -> Schema:
    schema = parameter.schema()
    description = schema.pop("description")
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": description,
        "schema": schema,
    }


def _grep() -> Schema:
    described = _get(operations.GREP)
    described["description"] += (
        " The answer is JSON Lines: one object of type file for each file, then one of type end that says "
        "whether the answer is complete, or one of type error."
    )
    described["responses"]["200"] = {
        "description": "The files as they are found, then how far the answer can be relied on.",
        "content": {"application/jsonl": {"schema": {"type": "string"}}},
    }
    return described


def _update_state() -> Schema:
    return {
        "operationId": "update_state",
        "summary": "What the writer is doing",
        "parameters": [],
        "responses": {
            "200": _json("The state of the update that is running, or of the last one.", WRITER),
            **_errors(),
        },
    }


def _update() -> Schema:
    return {
        "operationId": operations.UPDATE.name,
        "summary": operations.UPDATE.title,
        "description": operations.UPDATE.description,
        "parameters": [_parameter(FOLLOW)],
        "responses": {
            "200": {
                "description": "With follow: objects of type progress, then one of type end or error.",
                "content": {"application/jsonl": {"schema": {"type": "string"}}},
            },
            "202": _json("The update was asked for.", WRITER),
            **_errors(),
        },
    }


def _plain(name: str, summary: str) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [],
        "responses": {"200": {"description": summary, "content": {"text/plain": {"schema": {"type": "string"}}}}},
    }


def _json(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _errors() -> Schema:
    return {
        "400": _error("The request is wrong; the message says how."),
        "503": _error("The store cannot be used now, or too many requests wait."),
        "504": _error("The time was up."),
    }


def _error(description: str) -> Schema:
    return _json(description, {"$ref": "#/components/schemas/Error"})
