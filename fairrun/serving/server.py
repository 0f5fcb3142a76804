"""Running the app with uvicorn."""

from __future__ import annotations

import signal

import uvicorn

from fairrun.serving.app import create_app
from fairrun.serving.security import check_host, token_of_environment

__all__ = ["serve"]


def serve(model: str, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve a model until the process gets a signal to stop, and finish running requests first.

    Parameters
    ----------
    model : str
        The model URI, such as `runs:/<run id>/model`, or the path of a model.
    host : str
        The address to listen on. An address that other machines can reach needs a token in the
        environment variable `FAIRRUN_TOKEN`.
    port : int
        The port; 0 for any free port.

    Raises
    ------
    RequestError
        If the model cannot be fetched or fails a check, the address needs a token, or the token is
        too short.
    """
    token = token_of_environment()
    check_host(host, token)
    app = create_app(model, token=token)
    # uvicorn raises the signal again after it has stopped. Without this handler, a requested stop
    # would look like a failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.run(
        app,
        host=host,
        port=port,
        http="httptools",
        ws="none",
        access_log=False,  # It would log what clients put into the address.
        server_header=False,
        proxy_headers=False,
    )
