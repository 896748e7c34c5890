"""What fakes of Meta's Graph API share."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from vidpipe_fakes.core import Asked, FakePlatform, Kind
from vidpipe_fakes.oauth import OAuthPaths, s256

VERSION = r"/v\d+\.\d+"
LOGIN = OAuthPaths(
    f"{VERSION}/dialog/oauth",
    f"{VERSION}/oauth/access_token",
    f"{VERSION}/me/permissions",
    exchange=f"{VERSION}/oauth/access_token",
    pkce=s256,
)
_CODES: dict[Kind, tuple[int, int, int]] = {
    Kind.EXPIRED: (401, 190, 463),
    Kind.REVOKED: (401, 190, 460),
    Kind.RATE: (429, 4, 0),
    Kind.QUOTA: (403, 9, 2207042),
    Kind.BROKEN: (500, 1, 0),
    Kind.UNAVAILABLE: (503, 2, 0),
    Kind.GONE: (400, 24, 2207020),
}


class FakeGraph(FakePlatform):
    """A platform of Meta's."""

    #: Who logs in.
    person = "7001"

    def who(self, _: Asked) -> Response:
        """Who logged in."""
        return JSONResponse({"id": self.person})

    def refusal(self, kind: Kind, wait_s: int | None = None) -> Response:
        answer = graph_error(*_CODES[kind])
        if wait_s is not None:
            answer.headers["Retry-After"] = str(wait_s)
        return answer


def graph_error(status: int, code: int, subcode: int = 0) -> Response:
    """An error as the Graph API has them."""
    error = {
        "message": f"fake: {code}/{subcode}", "type": "OAuthException", "code": code,
        "fbtrace_id": "fake",
    }  # fmt: skip
    if subcode:
        error["error_subcode"] = subcode
    return JSONResponse({"error": error}, status)


def rupload_error(status: int, message: str, *, retriable: bool) -> Response:
    """An error of rupload."""
    info = {"retriable": retriable, "type": "ProcessingFailedError", "message": message}
    return JSONResponse({"debug_info": info}, status)
