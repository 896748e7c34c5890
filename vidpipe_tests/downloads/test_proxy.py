"""The proxy that another process gets in place of a network."""

import base64
import socket
import ssl
import threading
import urllib.request

import httpx
import pytest

from vidpipe.downloads.proxy import guarding_proxy
from vidpipe.outbound import AddressGuard
from vidpipe_tests.certificates import of_hosts
from vidpipe_tests.downloads.conftest import OPEN, redirect, whole


@pytest.fixture
def proxy():
    with guarding_proxy(OPEN, silent_s=2.0, most_bytes=10 << 20) as watch:
        yield watch


def client(watch, **options):
    return httpx.Client(proxy=watch.url, trust_env=False, timeout=5, **options)


def raw(watch, data: bytes, *, password: bool = True) -> bytes:
    """What the proxy answers to these bytes."""
    url = httpx.URL(watch.url)
    mark = base64.b64encode(url.userinfo)
    data = data.replace(b"AUTH", b"Proxy-Authorization: Basic " + mark if password else b"X: y")
    with socket.create_connection((url.host, url.port), timeout=5) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        held = b""
        while piece := line.recv(65536):
            held += piece
    return held


def test_plain_requests_and_tunnels_go_through(site, proxy, tmp_path):
    site.paths["/a"] = whole(b"fine", "text/plain")
    with client(proxy) as via:
        assert via.get(site.url("/a?b=c", host="media.example")).text == "fine"
        assert via.get(site.url("/a")).text == "fine"
    (path, headers), *_ = site.asked
    assert path == "/a?b=c" and headers["Host"] == f"media.example:{site.port}"
    assert not [name for name in headers if name.lower().startswith("proxy-")]
    server, trusting = of_hosts(tmp_path, "media.example")
    site.server.socket = server.wrap_socket(site.server.socket, server_side=True)
    with client(proxy, verify=trusting) as via:
        assert via.get(f"https://media.example:{site.port}/a").text == "fine"
    assert proxy.refused is None and proxy.received > 0


def test_a_body_is_sent_on(site, proxy):
    def echo(handler):
        sent = handler.rfile.read(int(handler.headers["Content-Length"]))
        whole(sent, "text/plain")(handler)

    site.paths["/a"] = echo
    site.server.RequestHandlerClass.do_POST = site.server.RequestHandlerClass.do_GET
    with client(proxy) as via:
        assert via.post(site.url("/a"), content=b"x" * 200_000).text == "x" * 200_000


@pytest.mark.parametrize("address", ["127.0.0.2", "169.254.169.254", "10.0.0.1", "[::1]"])
def test_private_addresses_are_not_reached(inside, proxy, address):
    inside.paths["/a"] = whole(b"secret", "text/plain")
    with client(proxy) as via:
        assert via.get(f"http://{address}:{inside.port}/a").status_code == 403
        # httpx leaves the brackets of IPv6 out.
        with pytest.raises(httpx.ProxyError, match=r"40[03]"):
            via.get(f"https://{address}:{inside.port}/a")
    assert proxy.refused is not None and not inside.asked


def test_a_redirect_is_a_request_like_any_other(site, inside, proxy):
    inside.paths["/a"] = whole(b"secret", "text/plain")
    site.paths["/a"] = redirect(inside.url("/a"))
    with client(proxy, follow_redirects=True) as via:
        assert via.get(site.url("/a")).status_code == 403
    assert site.asked and not inside.asked


def test_a_second_answer_of_the_name_server_is_looked_at_too(site, inside):
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    guard = AddressGuard(allowed=("127.0.0.1/32",), resolver=lambda host, port: next(answers))
    site.paths["/a"] = inside.paths["/a"] = whole(b"fine", "text/plain")
    with (
        guarding_proxy(guard, silent_s=2.0, most_bytes=1 << 20) as watch,
        client(watch) as via,
    ):
        assert via.get(site.url("/a", host="media.example")).text == "fine"
        assert via.get(site.url("/a", host="media.example")).status_code == 403
    assert not inside.asked


def test_ports_of_other_protocols_are_not_reached(proxy):
    with client(proxy) as via:
        assert via.get("http://media.example:25/").status_code == 403
        with pytest.raises(httpx.ProxyError, match="403"):
            via.get("https://media.example:22/")
    assert proxy.refused.reason == "port"


def test_nobody_else_uses_it(site, proxy):
    site.paths["/a"] = whole(b"fine", "text/plain")
    url = httpx.URL(proxy.url).copy_with(username="vidpipe", password="guessed")
    with httpx.Client(proxy=url, trust_env=False) as via:
        assert via.get(site.url("/a")).status_code == 407
    bare = f"http://127.0.0.1:{url.port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": bare}))
    with pytest.raises(urllib.error.HTTPError, match="407"):
        opener.open(site.url("/a"), timeout=5)
    assert not site.asked


def test_every_proxy_has_a_password_of_its_own():
    held = {"silent_s": 1, "most_bytes": 1}
    with guarding_proxy(OPEN, **held) as one, guarding_proxy(OPEN, **held) as two:
        assert httpx.URL(one.url).password != httpx.URL(two.url).password
        assert len(httpx.URL(one.url).password) > 30


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GET\r\nAUTH\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nAUTH\r\n\r\n", 403),
        (b"CONNECT media.example HTTP/1.1\r\nAUTH\r\n\r\n", 400),
        (b"CONNECT media.example:443:443 HTTP/1.1\r\nAUTH\r\n\r\n", 400),
        (b"CONNECT 127.0.0.1@10.0.0.1:443 HTTP/1.1\r\nAUTH\r\n\r\n", 403),
        (b"GET ftp://media.example/ HTTP/1.1\r\nAUTH\r\n\r\n", 403),
        (b"GET file:///etc/passwd HTTP/1.1\r\nAUTH\r\n\r\n", 403),
        (b"GET https://media.example/ HTTP/1.1\r\nAUTH\r\n\r\n", 400),
        (b"GET http://a:b@media.example/ HTTP/1.1\r\nAUTH\r\n\r\n", 403),
        (b"GET http://media.example/ HTTP/2\r\nAUTH\r\n\r\n", 400),
        (b"GET http://media.example/ HTTP/1.1\r\n AUTH\r\nno colon\r\n\r\n", 400),
        (b"POST http://media.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nAUTH\r\n\r\n", 411),
        (b"POST http://media.example/ HTTP/1.1\r\nContent-Length: -1\r\nAUTH\r\n\r\n", 411),
        (b"GET http://media.example/ HTTP/1.1\r\n" + b"X: " + b"y" * 65_560, 431),
        (b"", 400),
    ],
)
def test_what_is_no_request_is_refused(proxy, sent, code):
    assert raw(proxy, sent).startswith(b"HTTP/1.1 %d " % code)


def test_a_second_request_on_a_connection_goes_nowhere(site, inside, proxy):
    site.paths["/a"] = whole(b"fine", "text/plain")
    inside.paths["/b"] = whole(b"secret", "text/plain")
    one = f"GET {site.url('/a')} HTTP/1.1\r\nHost: x\r\nAUTH\r\n\r\n".encode()
    two = f"GET {inside.url('/b')} HTTP/1.1\r\nHost: x\r\nAUTH\r\n\r\n".encode()
    assert raw(proxy, one + two).count(b"HTTP/1.") == 1
    assert [path for path, _ in site.asked] == ["/a"] and not inside.asked


def test_no_more_comes_through_than_may(site):
    site.paths["/a"] = whole(bytes(1 << 20), "text/plain")
    with (
        guarding_proxy(OPEN, silent_s=2.0, most_bytes=1 << 18) as watch,
        client(watch) as via,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        via.get(site.url("/a"))
    assert watch.full


def test_a_tunnel_that_says_nothing_is_ended(site):
    held = threading.Event()
    site.paths["/a"] = lambda handler: held.wait(20)
    with guarding_proxy(OPEN, silent_s=0.5, most_bytes=1 << 20) as watch:
        sent = f"CONNECT 127.0.0.1:{site.port} HTTP/1.1\r\nAUTH\r\n\r\n".encode()
        assert raw(watch, sent).startswith(b"HTTP/1.1 200")
    held.set()


def test_it_is_gone_afterwards():
    with guarding_proxy(OPEN, silent_s=1, most_bytes=1) as watch:
        port = httpx.URL(watch.url).port
        assert httpx.URL(watch.url).host == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_a_certificate_is_checked_end_to_end(site, proxy, tmp_path):
    server, _ = of_hosts(tmp_path, "other.example")
    site.server.socket = server.wrap_socket(site.server.socket, server_side=True)
    with client(proxy) as via, pytest.raises((httpx.ConnectError, ssl.SSLError)):
        via.get(f"https://media.example:{site.port}/a")
