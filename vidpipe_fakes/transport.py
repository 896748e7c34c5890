"""Fakes reached without a socket: what they do to connections becomes what httpx says of it."""

from __future__ import annotations

import httpx

from vidpipe_fakes.core import AnswerLate, AnswerLost, FakePlatform, RequestLost


class FakeTransport(httpx.AsyncBaseTransport):
    """Takes requests to hosts to fakes.

    Args:
        hosts: the fake of each host.
    """

    def __init__(self, hosts: dict[str, FakePlatform]) -> None:
        self._apps = {
            # An application of three arguments, whose exceptions are let through.
            host: httpx.ASGITransport(app=fake, raise_app_exceptions=True)
            for host, fake in hosts.items()
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the fake of the request's host.

        Raises:
            httpx.ConnectError, httpx.ReadError, httpx.ReadTimeout: as over a network.
        """
        app = self._apps.get(request.url.host)
        if app is None:
            raise httpx.ConnectError(f"no fake is at {request.url.host}", request=request)
        try:
            return await app.handle_async_request(request)
        except RequestLost as error:
            raise httpx.ConnectError("refused", request=request) from error
        except AnswerLost as error:
            raise httpx.ReadError("the connection broke", request=request) from error
        except AnswerLate as error:
            raise httpx.ReadTimeout("no answer in time", request=request) from error
