"""localstripe (https://pypi.org/project/localstripe/), a living server with Stripe's API, on this machine alone. Prints its port."""

import asyncio

from aiohttp import web
from localstripe.server import app


async def serve() -> None:
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(serve())
