"""The page at `/docs`, to which `/` leads."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response

__all__ = ["add_page"]

_OWN = Path(__file__).parent / "static"
_SWAGGER = Path(str(files("fastapi_swagger"))) / "resources"
#: The files of the page. All are local, so the page works without internet access.
_FILES = {
    "": (_OWN / "docs.html", "text/html"),
    "/page.css": (_OWN / "page.css", "text/css"),
    "/page.js": (_OWN / "page.js", "text/javascript"),
    "/swagger-ui.css": (_SWAGGER / "swagger-ui.css", "text/css"),
    "/swagger-ui-bundle.js": (_SWAGGER / "swagger-ui-bundle.js", "text/javascript"),
}
_HEADERS = {
    # A browser loads everything from this server only.
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    ),
    "x-content-type-options": "nosniff",
}


def add_page(app: FastAPI) -> None:
    """Add the page and its files to an app that has the document at `/openapi.json`."""

    @app.get("/")
    async def root() -> Response:
        # A relative address also leads to the page behind a proxy that adds a path in front.
        return Response(status_code=307, headers=_HEADERS | {"location": "docs"})

    @app.get("/docs{part:path}")
    async def docs(part: str) -> Response:
        if part not in _FILES:
            raise HTTPException(404)
        path, kind = _FILES[part]
        # FileResponse would answer a wrong Range in plain text. Without it, Range is ignored.
        return Response(path.read_bytes(), media_type=kind, headers=_HEADERS)
