"""Addresses that strangers name lead nowhere but into the internet."""

import asyncio
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import Unavailable
from vidpipe.outbound import AddressGuard, AddressRefused, guarded_client
from vidpipe_tests.certificates import of_hosts

OPEN = AddressGuard(resolver=lambda host, port: ["93.184.215.14"])

PRIVATE = """
127.0.0.1 127.8.9.1 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 169.254.0.1
100.64.0.1 100.100.100.200 100.127.255.254 0.0.0.0 0.1.2.3 192.0.0.192 192.0.2.1 198.18.0.1
198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 168.63.129.16
192.88.99.1
:: ::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 fc00::1 fd00:ec2::254 fdff::1 ff02::1 ff0e::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::127.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1
64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::10.1.2.3 64:ff9b:1::1 64:ff9b::
2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
2001:db8::1 3fff::1 100::1 5f00::1 4000::1 2001:10::1
2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:127.0.0.1
""".split()

PUBLIC = """
8.8.8.8 1.1.1.1 93.184.215.14 172.15.255.255 172.32.0.1 100.63.255.255 100.128.0.1 192.167.255.255
192.169.0.1 11.0.0.1 9.255.255.255 168.63.129.17 223.255.255.254
2606:4700:4700::1111 2a00:1450:4001:80e::200e ::ffff:8.8.8.8 64:ff9b::8.8.8.8
""".split()


def _in_url(address):
    return f"http://[{address}]/a.mp4" if ":" in address else f"http://{address}/a.mp4"


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_named_or_resolved(address):
    if "%" not in address:
        with pytest.raises(AddressRefused) as named:
            OPEN.check(_in_url(address))
        assert named.value.reason == "private_address"
    with pytest.raises(AddressRefused) as resolved:
        AddressGuard(resolver=lambda host, port: [address]).check("http://media.example/a.mp4")
    assert resolved.value.reason == "private_address" and "media.example" in str(resolved.value)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_asked(address):
    assert OPEN.check(_in_url(address)).port == 80
    guard = AddressGuard(resolver=lambda host, port: [address])
    assert guard.check("https://media.example/a.mp4").port == 443


def test_what_is_connected_to_is_ipv4_where_it_was_mapped():
    guard = AddressGuard(resolver=lambda host, port: ["::ffff:8.8.8.8", "64:ff9b::8.8.4.4"])
    assert guard.addresses("media.example", 80) == ("8.8.8.8", "64:ff9b::808:404")


@given(st.ip_addresses(v=4))
def test_ipv4_inside_ipv6_is_as_private_as_it_is_alone(address):
    def refused(text):
        try:
            OPEN.addresses(text, 80)
        except AddressRefused:
            return True
        return False

    alone = refused(str(address))
    assert refused(f"::ffff:{address}") == refused(f"64:ff9b::{address}") == alone
    assert refused(f"::{address}") and refused(f"2606:4700::5efe:{address}")


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_global_unicast_is_asked(address):
    inside = (int(address) >> 125) == 1
    try:
        OPEN.addresses(str(address), 80)
    except AddressRefused:
        return
    assert inside or str(address).startswith(("::ffff:", "64:ff9b::"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://2130706433/", "host"),
        ("http://0x7f000001/", "host"),
        ("http://0x7f.1/", "host"),
        ("http://017700000001/", "host"),
        ("http://0177.0.0.1/", "url"),
        ("http://127.1/", "host"),
        ("http://127.0.0.1.5/", "host"),
        ("http://media.example.0x/", "host"),
        ("http://127.0.0.1./", "private_address"),
        ("http://127。0。0。1/", "private_address"),
        ("http://１２７.0.0.1/", "url"),
        ("http://%31%32%37.0.0.1/", "host"),
        ("http://127.0.0.1%00.example/", "host"),
        ("http://media..example/", "host"),
        ("http://media.example../", "host"),
        ("http://-media.example/", "host"),
        ("http://" + "a" * 64 + ".example/", "host"),
        ("http://" + ".".join(["abcdefg"] * 40) + "/", "host"),
        ("http:///a.mp4", "host"),
        ("http://[::1", "url"),
        ("http://[fe80::1%25eth0]/", "private_address"),
        ("http://media.example:99999/", "port"),
        ("http://media.example:port/", "url"),
        (" http://media.example/", "url"),
        ("http://media.example\\@10.0.0.1/", "url"),
        ("http://media.example/\n", "url"),
        ("http://media.example/a\x00b", "url"),
        ("http://media.example/" + "a" * 5000, "url"),
        ("media.example/a.mp4", "scheme"),
        ("//media.example/a.mp4", "scheme"),
        ("", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://media.example/a.mp4", "scheme"),
        ("gopher://media.example/", "scheme"),
        ("data:video/mp4;base64,AAAA", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("rtsp://media.example/", "scheme"),
        ("http+unix://%2Fvar%2Frun%2Fdocker.sock/", "scheme"),
        ("http://user:secret@media.example/", "credentials"),
        ("http://user@media.example/", "credentials"),
        ("http://media.example@10.0.0.1/", "credentials"),
        ("http://:secret@media.example/", "credentials"),
        ("http://media.example:22/", "port"),
        ("http://media.example:25/", "port"),
        ("https://media.example:0/", "port"),
        ("http://media.example:6379@10.0.0.1/", "credentials"),
        ("http://media.example:6000/", "port"),
        ("http://media.example:6667/", "port"),
    ],
)
def test_a_url_is_refused_with_its_reason(url, reason):
    with pytest.raises(AddressRefused) as refused:
        OPEN.check(url)
    assert refused.value.reason == reason
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("HTTP://Media.EXAMPLE/a.mp4", "media.example", 80),
        ("https://media.example./a.mp4", "media.example", 443),
        ("https://media.example:8443/a?b=c#d", "media.example", 8443),
        ("https://bücher.example/a.mp4", "xn--bcher-kva.example", 443),
        ("https://xn--bcher-kva.example/a.mp4", "xn--bcher-kva.example", 443),
        ("https://my_bucket.s3.example/a.mp4", "my_bucket.s3.example", 443),
        ("https://3com.example/a", "3com.example", 443),
        ("https://[2606:4700::1]:8080/a", "2606:4700::1", 8080),
        ("http://localhost/a", "localhost", 80),
    ],
)
def test_a_host_is_read_in_one_way(url, host, port):
    target = OPEN.check(url)
    assert (target.host, target.port) == (host, port)


def test_this_machine_s_own_names_are_refused_by_its_real_resolver():
    for host in ("localhost", "localhost."):
        with pytest.raises(AddressRefused):
            AddressGuard().check(f"http://{host}:8080/")


def test_one_private_address_among_public_ones_is_enough():
    guard = AddressGuard(resolver=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        guard.check("http://media.example/")


def test_a_host_that_is_not_found_may_be_there_later():
    def nothing(host, port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(Unavailable, match=r"media\.example is not found"):
        AddressGuard(resolver=nothing).check("http://media.example/")
    with pytest.raises(Unavailable, match="no address"):
        AddressGuard(resolver=lambda host, port: []).check("http://media.example/")


def test_where_private_addresses_are_allowed_some_never_are():
    guard = AddressGuard(allow_private=True)
    for address in ("127.0.0.1", "10.0.0.1", "192.168.0.9", "100.64.0.1", "::1", "fd00::1"):
        assert guard.check(_in_url(address))
    never = ("169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::")
    for address in (*never, "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "168.63.129.16"):
        with pytest.raises(AddressRefused):
            guard.check(_in_url(address))


def test_a_private_network_may_be_allowed_alone():
    guard = AddressGuard(allowed=("10.20.0.0/16", "169.254.0.0/16"))
    assert guard.check("http://10.20.3.4/")
    for address in ("10.21.0.1", "127.0.0.1", "169.254.169.254"):
        with pytest.raises(AddressRefused):
            guard.check(_in_url(address))


# With connections


@contextmanager
def serving(answer, context=None, address="127.0.0.1"):
    """A server that `answer(handler)` answers for; its port, and the Hosts it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append(self.headers["Host"])
            answer(self)

    http = ThreadingHTTPServer((address, 0), Handler)
    http.daemon_threads = True
    if context is not None:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield http.server_port, asked
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def fine(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "4")
    handler.end_headers()
    handler.wfile.write(b"fine")


def to(url):
    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return redirect


def get(url, **options):
    async def ask():
        given = {"allow_private": False, "timeout_s": 5, **options}
        async with guarded_client(**given) as client:
            return await client.get(url)

    return asyncio.run(ask())


def test_the_client_reaches_what_it_may_and_nothing_else():
    with serving(fine) as (port, asked):
        url = f"http://127.0.0.1:{port}/"
        assert get(url, allow_private=True).text == "fine"
        assert get(url, allowed=("127.0.0.1/32",)).text == "fine"
        assert len(asked) == 2
        with pytest.raises(AddressRefused):
            get(url)
        with pytest.raises(AddressRefused):
            get(f"http://media.example:{port}/", resolver=lambda host, port: ["127.0.0.1"])
        assert len(asked) == 2


def test_a_second_answer_of_the_name_server_leads_nowhere_else():
    """Rebinding: looked at as public, then private. The connection asks once, and uses that."""
    answers = []

    def turning(host, port):
        answers.append(host)
        return ["127.0.0.1"] if len(answers) == 1 else ["127.0.0.2"]

    with serving(fine) as (port, asked):
        allowed = ("127.0.0.1/32",)
        url = f"http://media.example:{port}/"
        assert get(url, allowed=allowed, resolver=turning).text == "fine"
        assert answers == ["media.example"] and asked == [f"media.example:{port}"]
        # Checked as public first, private when the connection is made.
        answers.clear()
        AddressGuard(allowed=allowed, resolver=turning).check(url)
        with pytest.raises(AddressRefused):
            get(url, allowed=allowed, resolver=turning)
        assert len(asked) == 1


@pytest.mark.parametrize(
    "where",
    [
        "http://127.0.0.2:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.2]:{port}/",
        "http://inside.example:{port}/",
        "//127.0.0.2:{port}/",
        "http://user:secret@127.0.0.1:{port}/",
        "http://127.0.0.1:22/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_is_looked_at_as_the_first_address(where):
    found = {"outside.example": "127.0.0.1", "inside.example": "127.0.0.2"}
    options = {
        "allowed": ("127.0.0.1/32",),
        "resolver": lambda host, port: [found[host]],
        "max_redirects": 5,
    }
    with (
        serving(fine, address="127.0.0.2") as (port, inside),
        serving(to(where.format(port=port))) as (first, outside),
    ):
        with pytest.raises((AddressRefused, httpx.UnsupportedProtocol)):
            get(f"http://outside.example:{first}/", **options)
        assert outside and not inside


def test_redirects_are_followed_as_often_as_was_said():
    with serving(fine) as (port, _), serving(to(f"http://127.0.0.1:{port}/")) as (first, _):
        url = f"http://127.0.0.1:{first}/"
        assert get(url, allow_private=True).status_code == 302
        assert get(url, allow_private=True, max_redirects=1).text == "fine"
    with serving(to("/")) as (port, asked):
        with pytest.raises(httpx.TooManyRedirects):
            get(f"http://127.0.0.1:{port}/", allow_private=True, max_redirects=3)
        assert len(asked) == 4


def test_the_certificate_is_that_of_the_name_and_not_of_the_address(tmp_path):
    server, client = of_hosts(tmp_path, "media.example")
    with serving(fine, server) as (port, asked):
        options = {"allowed": ("127.0.0.1/32",), "resolver": lambda host, port: ["127.0.0.1"]}
        url = f"https://media.example:{port}/"
        assert get(url, verify=client, **options).text == "fine"
        assert asked == [f"media.example:{port}"]
        with pytest.raises(httpx.ConnectError, match="certificate"):
            get(f"https://other.example:{port}/", verify=client, **options)
        with pytest.raises(httpx.ConnectError, match="certificate"):
            get(url, **options)


def test_the_next_address_is_tried_where_one_does_not_answer():
    options = {"allow_private": True, "resolver": lambda host, port: ["127.0.0.3", "127.0.0.1"]}
    with serving(fine) as (port, _):
        assert get(f"http://media.example:{port}/", **options).text == "fine"
    with pytest.raises(httpx.ConnectError):
        get(f"http://media.example:{port}/", **options)


def test_no_proxy_of_the_environment_is_used(monkeypatch):
    with serving(fine) as (proxy, through), serving(fine) as (port, asked):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        assert get(f"http://127.0.0.1:{port}/", allow_private=True).text == "fine"
        assert asked and not through


def test_a_name_server_that_does_not_answer_takes_as_long_as_was_said():
    held = threading.Event()

    def never(host, port):
        held.wait(20)
        return ["8.8.8.8"]

    async def ask():
        with anyio.fail_after(10):
            async with guarded_client(allow_private=False, timeout_s=0.3, resolver=never) as client:
                try:
                    await client.get("http://media.example/")
                finally:
                    held.set()

    with pytest.raises(httpx.ConnectTimeout):
        asyncio.run(ask())


def test_a_host_that_is_not_found_is_an_error_of_the_connection():
    def nothing(host, port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(httpx.ConnectError, match="is not found"):
        get("http://media.example/", resolver=nothing)


def test_the_usual_certificates_are_used_where_none_are_named():
    async def context():
        async with guarded_client(allow_private=False, timeout_s=1) as client:
            return client._transport._pool._ssl_context

    used = asyncio.run(context())
    assert used.verify_mode is ssl.CERT_REQUIRED and used.check_hostname
