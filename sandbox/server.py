"""Listen until a signal comes."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

from aiohttp import web

from sandbox.app import build_app
from sandbox.options import Options
from sandbox.world import World

# pyTelegramBotAPI puts parameters into the query string, so a request line can be very long: 100,000
# characters take up to 12 bytes each when percent-encoded.
MAX_LINE_BYTES = 4 << 20
SHUTDOWN_S = 0.3  # for answers under way; long polls and event streams are ended at once
BACKLOG = 512


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT; prints the address once it is ready."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        build_app(World(options)),
        access_log=None,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    listener = _listen(options)
    await web.SockSite(runner, listener, backlog=BACKLOG).start()
    host = f"[{options.host}]" if ":" in options.host else options.host
    sys.stdout.write(f"sandbox: listening on http://{host}:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError:
        listener.close()
        raise
    return listener
