"""The matcher of a request, by the engine that it asks for."""

from __future__ import annotations

from ..errors import QueryError, UsageError
from .matcher import Matcher
from .request import Engine, GrepRequest


def matcher_of(request: GrepRequest) -> Matcher:
    """The matcher. Raises QueryError if a pattern is refused, ConfigError where it takes PCRE2 and that is not
    installed."""
    if request.engine is Engine.PCRE2:
        return _pcre2(request)
    try:
        return Matcher.of(request)
    except QueryError as refused:
        if request.engine is Engine.DEFAULT:
            raise
        try:
            return _pcre2(request)
        except UsageError as error:
            raise QueryError(
                "regex could not be compiled with either the default regex engine or with PCRE2: "
                f"{refused.message}; {error}"
            ) from None


def _pcre2(request: GrepRequest) -> Matcher:
    from .pcre2.matcher import Pcre2Matcher

    return Pcre2Matcher(request)
