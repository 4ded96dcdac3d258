"""Cross-origin resource sharing as function URLs and HTTP APIs are configured for it.

docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html (section on CORS)
developer.mozilla.org/en-US/docs/Web/HTTP/CORS
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .messages import HttpRequest

_PREFIX = "Access-Control-"
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cors:
    """What pages of other origins may do. `max_age_s` is seconds; None says nothing of it."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    max_age_s: int | None = None
    credentials: bool = False

    def preflight(self, request: HttpRequest) -> Headers:
        """The headers that answer a preflight; none where the page may not call."""
        origin = request.header("origin")
        found = self.answer(origin)
        wanted = request.header("access-control-request-method")
        if not found or not (set(self.methods) & {"*", wanted}):
            return ()
        found += ((f"{_PREFIX}Allow-Methods", ",".join(self.methods)),)
        if self.headers:
            asked = request.header("access-control-request-headers")
            # To browsers a star means all headers only where no credentials are sent.
            star = asked if "*" in self.headers and self.credentials else ""
            found += ((f"{_PREFIX}Allow-Headers", star or ",".join(self.headers)),)
        if self.max_age_s is not None:
            found += ((f"{_PREFIX}Max-Age", str(self.max_age_s)),)
        return found

    def answer(self, origin: str) -> Headers:
        """The headers of an answer to a page of an origin; none where it may not read it."""
        if not origin or not any(fnmatchcase(origin, allowed) for allowed in self.origins):
            return ()
        star = "*" in self.origins and not self.credentials
        found: Headers = ((f"{_PREFIX}Allow-Origin", "*" if star else origin),)
        if not star:
            found += (("Vary", "Origin"),)
        if self.credentials:
            found += ((f"{_PREFIX}Allow-Credentials", "true"),)
        if self.expose:
            found += ((f"{_PREFIX}Expose-Headers", ",".join(self.expose)),)
        return found


def cors(settings: Mapping[str, Any] | None) -> Cors | None:
    """The rules of a configuration as Lambda and API Gateway spell it; None where there is none."""
    if not settings:
        return None
    spelled = {name[:1].upper() + name[1:]: value for name, value in settings.items()}
    return Cors(
        origins=tuple(spelled.get("AllowOrigins") or ()),
        methods=tuple(spelled.get("AllowMethods") or ()),
        headers=tuple(spelled.get("AllowHeaders") or ()),
        expose=tuple(spelled.get("ExposeHeaders") or ()),
        max_age_s=spelled.get("MaxAge"),
        credentials=bool(spelled.get("AllowCredentials")),
    )


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks what it may do."""
    return (
        request.method == "OPTIONS"
        and bool(request.header("origin"))
        and bool(request.header("access-control-request-method"))
    )
