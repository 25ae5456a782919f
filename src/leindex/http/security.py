"""Who may ask: exact Host and Origin checks, the token, and the headers that go with every response.

A server on a loopback address can be reached by every page that the user's browser opens. A page from
elsewhere sends its own Origin or a foreign `Sec-Fetch-Site`; one that rebinds its name to the address sends
its own Host. All are refused, by comparing with the exact addresses that this server was started for. There
is no CORS: no other origin is ever told that it may read an answer.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..records import record

COOKIE: Final = "leindex_token"
TOKEN_PARAMETER: Final = "token"
OPEN_PATHS: Final = frozenset(("/healthz",))

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


@record(frozen=True, slots=True)
class Access:
    """What is let in: `hosts` are the exact values of the Host header, `token` is asked for unless it is
    empty."""

    hosts: frozenset[str]
    token: str = ""

    @classmethod
    def of(cls, names: Iterable[str], port: int, token: str = "") -> Access:
        """For these names or addresses at a port; the default port may be left out as browsers do."""
        hosts: set[str] = set()
        for name in names:
            shown = f"[{name}]" if ":" in name and not name.startswith("[") else name.lower()
            hosts.add(f"{shown}:{port}")
            if port == 80:
                hosts.add(shown)
        return cls(frozenset(hosts), token)

    @property
    def origins(self) -> frozenset[str]:
        """The exact values of the Origin header."""
        return frozenset(f"http://{host}" for host in self.hosts)


class Guard:
    """Refuses what may not come in, and puts the security headers on what goes out."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # no websockets here

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in HEADERS if name not in present]
                if b"cache-control" not in present:
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": headers}
            await send(message)

        refused = self._refusal(scope)
        await (refused or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """The response to a request that is not let in."""
        fields: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            fields.setdefault(name, []).append(value.decode("latin-1"))
        hosts = fields.get(b"host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._access.hosts:
            return _error(421, "this server does not answer for that host name")
        for origin in fields.get(b"origin", []):
            if origin.lower() not in self._access.origins:
                return _error(403, "requests from other origins are refused")
        if not _is_own_site(scope, fields):
            return _error(403, "requests from other sites are refused")
        if self._access.token and scope["path"] not in OPEN_PATHS:
            return self._token_refusal(scope, fields)
        return None

    def _token_refusal(self, scope: Scope, fields: dict[bytes, list[str]]) -> Response | None:
        if self._is_token(_bearer(fields)) or self._is_token(_cookie(fields)):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = next((value for name, value in query if name == TOKEN_PARAMETER), "")
        if scope["method"] == "GET" and self._is_token(given):
            # Into a cookie, and out of the address: histories and screens keep addresses.
            rest = urlencode([(name, value) for name, value in query if name != TOKEN_PARAMETER])
            response = RedirectResponse("/" + scope["path"].lstrip("/") + ("?" + rest if rest else ""), 303)
            response.set_cookie(COOKIE, given, httponly=True, samesite="strict", path="/", max_age=30 * 86_400)
            return response
        refused = _error(401, "a token is needed: open the address that the server printed, or send it as Bearer token")
        refused.headers["www-authenticate"] = 'Bearer realm="leindex"'
        return refused

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._access.token.encode())


def _is_own_site(scope: Scope, fields: dict[bytes, list[str]]) -> bool:
    """Whether the browser, if it is one, asks for one of our own pages; following a link to a page is
    allowed."""
    site = (fields.get(b"sec-fetch-site") or ["none"])[0]
    if site in ("same-origin", "none"):
        return True
    navigates = (fields.get(b"sec-fetch-mode") or [""])[0] == "navigate"
    as_page = (fields.get(b"sec-fetch-dest") or [""])[0] == "document"
    return navigates and as_page and scope["method"] in ("GET", "HEAD")


def _bearer(fields: dict[bytes, list[str]]) -> str:
    kind, _, value = (fields.get(b"authorization") or [""])[0].partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _cookie(fields: dict[bytes, list[str]]) -> str:
    try:
        jar = SimpleCookie("; ".join(fields.get(b"cookie", [])))
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)
