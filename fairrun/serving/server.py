"""Runs the app."""

from __future__ import annotations

import signal

import uvicorn

from fairrun.serving.app import create_app
from fairrun.serving.security import check_host, token_of_environment

__all__ = ["serve"]


def serve(model: str, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve a model until the process is told to stop; requests that are under way are finished.

    Parameters
    ----------
    model : str
        Any model URI.
    host : str
        The address to listen at. One that others reach needs a token in `FAIRRUN_TOKEN`.
    port : int
        The port; 0 for any that is free.

    Raises
    ------
    RequestError
        If the model is refused, the address without a token, or a short token.
    """
    token = token_of_environment()
    check_host(host, token)
    app = create_app(model, token=token)
    # uvicorn stops, and then hands the signal on: a stop that was asked for is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.run(
        app,
        host=host,
        port=port,
        http="httptools",
        ws="none",
        access_log=False,  # it would log what clients put into the address
        server_header=False,
        proxy_headers=False,
    )
