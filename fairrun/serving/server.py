"""Running the app with uvicorn."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from fairrun.errors import RequestError
from fairrun.serving.app import create_app
from fairrun.serving.connection import Connection
from fairrun.serving.following import POLL_SECONDS
from fairrun.serving.security import check_host, token_of_environment
from fairrun.serving.stopping import Server
from fairrun.serving.webhook import secret_of_environment
from fairrun.tracking.names import RUN_VARIABLE

__all__ = ["serve"]

#: The longest time for current requests to finish when the server is stopped. Kubernetes kills a
#: process after 30 seconds.
_STOP_SECONDS = 25


def serve(
    model: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    poll: float = POLL_SECONDS,
    reason_texts: str | None = None,
) -> bool:
    """Serve a model until the process gets a signal to stop, and finish running requests first.

    SIGTERM, SIGINT and SIGHUP stop the server. It takes at most 25 seconds to finish the running
    requests. If `mlflow run` started the server, it also stops when `mlflow run` has ended, because
    MLflow does not hand signals on.

    Parameters
    ----------
    model : str
        The model URI, such as `runs:/<run id>/model`, or the path of a model.
    host : str
        The address to listen on. An address that other machines can reach needs a token in the
        environment variable `FAIRRUN_TOKEN`.
    port : int
        The port; 0 for any free port.
    poll : float
        If the model URI names an alias, the seconds between two looks at it; 0 for none. MLflow's
        webhook can ask for a look, too, with the secret in `FAIRRUN_WEBHOOK_SECRET`.
    reason_texts : str, optional
        The path of a YAML file with the texts of adverse-decision notices.

    Returns
    -------
    bool
        Whether `mlflow run`, which started the server, is gone. Nobody else then ends its run.

    Raises
    ------
    RequestError
        If another process has the port, the model cannot be fetched or fails a check, the address
        needs a token, the token or the secret of the webhook is too short, the texts cannot be
        used, or a worker process cannot be started.
    """
    parent = os.getppid() if RUN_VARIABLE in os.environ else None
    token = token_of_environment()
    check_host(host, token)
    _check_port(host, port)
    app = create_app(
        model,
        token=token,
        poll=poll,
        webhook_secret=secret_of_environment(),
        reason_texts=reason_texts,
    )
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Connection,
        ws="none",
        timeout_graceful_shutdown=_STOP_SECONDS,
        access_log=False,  # It would log what clients put into the address.
        server_header=False,
        proxy_headers=False,
    )
    server = Server(config, parent)
    server.stop_at_signals()
    with suppress(KeyboardInterrupt, SystemExit):  # uvicorn exits if it cannot start
        server.run()
    if app.failure is not None:
        raise app.failure
    if not server.started:
        sys.exit(STARTUP_FAILURE)
    return server.is_orphan


def _check_port(host: str, port: int) -> None:
    """Refuse a port that this process cannot have, before the model is fetched.

    uvicorn would find it out only after the app has started, and say it in words of its own. What
    else may be wrong with an address is left to it.
    """
    reasons = {
        errno.EADDRINUSE: "is used by another process",
        errno.EACCES: "is only for privileged users",
    }
    with suppress(socket.gaierror):
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            try:
                with socket.socket(family, kind, protocol) as tried:
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    tried.bind(address)
            except OSError as error:
                if (reason := reasons.get(error.errno or 0)) is not None:
                    raise RequestError(
                        f"port={port} {reason}; give another one, or port=0 for any free port"
                    ) from error
