"""The example for nginx, with a real nginx before the service and a double of the Dagster UI."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest
import uvicorn

from vidpipe.accounts.model import Grant, Role
from vidpipe_tests.api.guarded import GOOD, guarded

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nginx.example.conf"
NAME = "clips.example.com"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


class Dagster(http.server.BaseHTTPRequestHandler):
    """Says which headers reached it."""

    def do_GET(self):
        body = json.dumps({k.lower(): v for k, v in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def running(app, port):
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="error", proxy_headers=False, lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def nginx(folder, text):
    conf = folder / "nginx.conf"
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (folder / name).mkdir()
    paths = "".join(
        f"{name}_temp_path {folder}/{where};\n"
        for name, where in (
            *(("client_body", "body"), ("proxy", "proxy"), ("fastcgi", "fastcgi")),
            *(("uwsgi", "uwsgi"), ("scgi", "scgi")),
        )
    )
    conf.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ access_log off;\n{paths}{text}\n}}\n"
    )
    process = subprocess.Popen([NGINX, "-c", str(conf), "-p", str(folder), "-e", f"{folder}/e.log"])
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def behind(tmp_path):
    """The service, and a client that asks nginx."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    front, here, dagster = free_port(), free_port(), free_port()
    text = EXAMPLE.read_text()
    text = text.replace("443 ssl", f"127.0.0.1:{front}")
    text = text.replace("127.0.0.1:3001", f"127.0.0.1:{here}")
    text = text.replace("127.0.0.1:3000", f"127.0.0.1:{dagster}")
    text = "\n".join(line for line in text.splitlines() if "ssl_certificate" not in line)
    double = http.server.ThreadingHTTPServer(("127.0.0.1", dagster), Dagster)
    threading.Thread(target=double.serve_forever, args=(0.02,), daemon=True).start()
    options = {"public_url": f"https://{NAME}", "trusted_proxies": ["127.0.0.1"]}
    with (
        guarded(tmp_path, **options) as made,
        running(made.client.app, here),
        nginx(tmp_path / "home", text),
        httpx.Client(base_url=f"http://127.0.0.1:{front}", headers={"Host": NAME}) as client,
    ):
        for _ in range(100):
            with contextlib.suppress(httpx.HTTPError):
                if client.get("/health").status_code == 200:
                    break
            time.sleep(0.1)
        yield made, client
    double.shutdown()
    double.server_close()


def log_in(client, email):
    body = {"email": email, "password": GOOD, "transport": "cookie"}
    answer = client.post("/api/v1/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    # The client speaks HTTP to nginx, a browser HTTPS: it would not send these.
    return "; ".join(c.split(";")[0] for c in answer.headers.get_list("set-cookie"))


def test_nginx_asks_before_it_lets_anybody_to_dagster(behind):
    made, client = behind
    made.user("ann@example.org", Grant("default", Role.ADMIN))
    made.user("bob@example.org", Grant("default", Role.EDITOR))
    assert client.get("/dagster/graphql").status_code == 401
    assert client.get("/api/v1/auth/me").status_code == 401
    bob = {"Cookie": log_in(client, "bob@example.org")}
    assert client.get("/dagster/graphql", headers=bob).status_code == 403
    ann = {"Cookie": log_in(client, "ann@example.org")}
    for method in ("GET", "POST"):
        sent = {**ann, "Authorization": "", "X-Vidpipe-User": "user:forged"}
        del sent["Authorization"]
        passed = client.request(method, "/dagster/graphql", headers=sent)
        assert passed.status_code == 200
        seen = passed.json()
        assert seen["x-vidpipe-user"].startswith("user:") and "forged" not in str(seen)
        assert "cookie" not in seen and "authorization" not in seen
    foreign = {**ann, "Origin": "https://evil.example"}
    assert client.post("/dagster/graphql", headers=foreign).status_code == 403
    # The address behind the smuggled one is in the log, not the one that was said.
    client.post(
        "/api/v1/auth/login",
        json={"email": "eve@example.org", "password": "no"},
        headers={"X-Forwarded-For": "192.0.2.66"},
    )
    entry = made.run(lambda a: a.audit.read(action="session", limit=1))[0]
    assert entry.address == "127.0.0.1"
    assert client.get("/vidpipe-allow", headers=ann).status_code == 404
