"""Nothing can be called that costs without somebody paying: every way out is known."""

import ast
import functools
import json
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

import vidpipe
from vidpipe.catalog.tables import now
from vidpipe.costs.accountant import Account
from vidpipe.costs.prices import PriceList, UnknownPrice
from vidpipe.costs.services import Services
from vidpipe.errors import BudgetExceeded, Misconfigured, Unavailable
from vidpipe.segments.editor.server import Question, ask_server, purchase
from vidpipe.segments.model import LlmOptions
from vidpipe.spending import NobodyPays, Purchase, paying

ROOT = Path(vidpipe.__file__).parent
#: What opens connections, by the name that is imported.
WAYS = {
    *("httpx", "httpx2", "openai", "requests", "aiohttp", "urllib3", "http.client"),
    *("urllib.request", "aiosmtplib", "smtplib", "boto3", "botocore", "huggingface_hub"),
    *("yt_dlp", "websockets", "grpc", "replicate", "anthropic", "google.genai", "apprise"),
}
#: Modules that import one, and why nothing is billed for what they send; `paid`: it is.
KNOWN = {
    "openai_client.py": "paid",
    "outbound.py": "addresses that somebody named: webhooks, links",
    "downloads/direct.py": "files behind links",
    "downloads/page_process.py": "pages that show a recording",
    "downloads/pages.py": "pages that show a recording",
    "webhooks/dispatch.py": "webhooks of users",
    "webhooks/sending.py": "webhooks of users",
    "accounts/mail.py": "mail, over a server of one's own",
    "api/security/oidc.py": "who logs in",
    "models/hub.py": "models, fetched once",
    "models/urls.py": "models, fetched once",
    "notifications/sending.py": "messages to people, over what they set",
    "library/slack_reviews.py": "messages to a workspace of one's own",
    "publishing/wire.py": "what posts take is reserved before each request: library/publishing",
    "library/publishing/driver.py": "posts: each request's charges are reserved before it",
    "library/publishing/figures.py": "figures of posts: charges are reserved before each request",
    "library/publishing/account_secrets.py": "logins and tokens of accounts, which cost nothing",
    "cli/event_streams.py": "events of a server of one's own",
    "intake/folders.py": "the drop folder",
    "uploads/bucket.py": "the drop folder",
    "intake/notifications.py": "notifications of the drop folder",
    "observability/traces.py": "traces to a collector of one's own",
    "cli/work.py": "looks whether it is installed",
}


@functools.cache
def imported(file):
    """The ways out that a module imports, also within functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {way for way in WAYS if any(n == way or n.startswith(f"{way}.") for n in found)}


def test_every_module_that_can_call_out_is_known():
    found = {
        str(file.relative_to(ROOT))
        for file in ROOT.rglob("*.py")
        if imported(file) and "testmedia" not in file.parts
    }
    unknown = found - set(KNOWN)
    assert not unknown, (
        "these modules open connections: say in KNOWN why nothing is billed for what they send, "
        f"or reserve through vidpipe.spending before it: {sorted(unknown)}"
    )


def test_openai_is_imported_where_it_is_paid_for_and_nowhere_else():
    for file in ROOT.rglob("*.py"):
        if "openai" in imported(file):
            assert KNOWN[str(file.relative_to(ROOT))] == "paid", file
    text = (ROOT / "openai_client.py").read_text("utf-8")
    # Every client of it sends through the one that reserves.
    assert text.count("openai.OpenAI(") == text.count("http_client=_paid_client(call, used)") == 1


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.seen += 1
        status, body = server.plan.pop(0) if server.plan else (200, server.usual)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def shop():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.seen, server.plan = 0, []
    server.usual = {
        "choices": [{"message": {"content": "{}"}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
    }
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


QUESTION = Question(({"role": "user", "content": "words " * 300},), 120)


def options(shop, **more):
    pytest.importorskip("openai", reason="the extra api is not installed")
    url = f"http://127.0.0.1:{shop.server_port}/v1"
    prices = {"price_in": Decimal(10), "price_out": Decimal(40)}
    return LlmOptions(**{"url": url, "model": "m", "max_attempts": 3, **prices, **more})


def test_where_nobody_pays_nothing_is_sent(shop):
    with pytest.raises(NobodyPays):
        ask_server(options(shop), QUESTION)
    assert shop.seen == 0


def test_an_answer_costs_what_the_server_counted(shop, accountant, purse):
    own = accountant()
    with paying(purse(own)):
        ask_server(options(shop), QUESTION)
    [entry] = own.rows.entries(9, channels=["default"])
    assert entry.amount == 14_000_000 and entry.outcome == "done"
    assert entry.quantities["input_tokens"] == "1000"
    assert entry.estimate <= entry.reserved and entry.amount <= entry.reserved


def test_each_try_is_an_entry_and_one_that_is_refused_is_not_sent(shop, accountant, purse):
    own = accountant()
    shop.plan = [(500, {}), (429, {"usage": {"prompt_tokens": 500, "completion_tokens": 0}})]
    with paying(purse(own)):
        ask_server(options(shop), QUESTION)
    entries = own.rows.entries(9, channels=["default"])
    assert [(e.attempt, e.outcome, e.amount) for e in entries] == [
        (3, "done", 14_000_000),
        (2, "failed", 5_000_000),
        (1, "failed", 0),
    ]


def test_a_budget_refuses_before_anything_is_sent_and_again_before_another_try(
    shop, accountant, purse
):
    _, most = accountant().cost(purchase(options(shop), QUESTION))
    own = accountant(video_hard=Decimal(most) / 10**9)
    shop.plan = [(500, {"usage": {"prompt_tokens": 10, "completion_tokens": 0}})]
    with paying(purse(own, video_id="v")), pytest.raises(BudgetExceeded):
        ask_server(options(shop), QUESTION)
    assert shop.seen == 1
    with paying(purse(own, video_id="v")), pytest.raises(BudgetExceeded):
        ask_server(options(shop), QUESTION)
    assert shop.seen == 1


def test_a_server_that_answers_without_counts_is_booked_as_expected(shop, accountant, purse):
    own = accountant()
    shop.usual = {"choices": [{"message": {"content": "{}"}}]}
    with paying(purse(own)):
        ask_server(options(shop), QUESTION)
    shop.usual = {"choices": []}
    with paying(purse(own)), pytest.raises(Unavailable):
        ask_server(options(shop), QUESTION)
    amounts = {e.amount for e in own.rows.entries(9, channels=["default"])}
    assert amounts == {own.cost(purchase(options(shop), QUESTION))[0]}


def test_a_server_that_is_away_is_left_alone(shop, accountant, purse):
    own = accountant()
    shop.plan = [(503, {})] * 20
    for _ in range(3):
        with paying(purse(own)), pytest.raises(Unavailable):
            ask_server(options(shop), QUESTION)
    assert shop.seen == 5
    assert sum(e.amount for e in own.rows.entries(9, channels=["default"])) == 0


def test_an_unknown_price_refuses_and_is_never_nothing(shop, accountant, purse):
    url = f"http://127.0.0.1:{shop.server_port}/v1"
    unpriced = LlmOptions(url=url, model="m")
    with paying(purse(accountant())), pytest.raises(Misconfigured, match="is not known"):
        ask_server(unpriced, QUESTION)
    assert shop.seen == 0


def test_a_price_is_by_settings_then_the_own_file_then_the_one_that_comes_along(tmp_path):
    asked = Purchase("openai", "whisper-1", {"audio_seconds": 60})
    assert PriceList().price(asked).cost({"audio_seconds": 60}) == 6_000_000
    file = tmp_path / "prices.yaml"
    file.write_text(
        "currency: USD\nprices:\n  - service: openai\n    product: whisper-1\n"
        "    rates: {audio_seconds: 0.005 / 60}\n    date: 2026-11-01\n    source: contract\n"
    )
    own = PriceList(file).price(asked)
    assert own.cost({"audio_seconds": 60}) == 5_000_000
    assert "2026-11-01" in own.version and own.source == "contract"
    stated = Purchase("openai", "whisper-1", {"audio_seconds": 60}, stated={})
    assert PriceList(file).price(stated).cost({"audio_seconds": 60}) == 0
    with pytest.raises(UnknownPrice, match="openai/other"):
        PriceList(file).price(Purchase("openai", "other", {"audio_seconds": 60}))


def test_a_list_is_parsed_once_in_a_process_and_again_where_it_says_something_else(
    tmp_path, monkeypatch
):
    parsed = []
    load = yaml.safe_load
    monkeypatch.setattr(yaml, "safe_load", lambda text: parsed.append(text) or load(text))
    prices, services = tmp_path / "prices.yaml", tmp_path / "services.yaml"
    for price, most in ((5, 7), (5, 7), (6, 8)):
        prices.write_text(
            f"currency: USD\nprices:\n  - service: shop-{tmp_path.name}\n    product: a\n"
            f"    rates: {{x: {price}}}\n    least: {{x: 2}}\n"
            "    date: 2026-11-01\n    source: contract\n"
        )
        services.write_text(
            f"services:\n  shop-{tmp_path.name}:\n    hosts: [a.example.org]\n"
            f"    quotas: [{{what: x, most: {most}, per: day}}]\n"
        )
        found = PriceList(prices).price(Purchase(f"shop-{tmp_path.name}", "a", {"x": 1}))
        assert found.cost({"x": 1}) == 2 * price * 10**9
        (_, quota, _) = next(
            one for one in Services(services).all(now()) if one[0] == f"shop-{tmp_path.name}"
        )
        assert quota.most == most
    own = [text for text in parsed if tmp_path.name in text]
    assert len(own) == 4, "each of the two texts of each file once"


@pytest.mark.parametrize(
    "text",
    [
        "prices: []",
        "currency: USD\nprices: [{service: a, product: b, rates: {x: -1}, date: 2026-01-01,"
        " source: s}]",
        "currency: USD\nprices: [{service: a, product: b, rates: {x: much}, date: 2026-01-01,"
        " source: s}]",
        "currency: USD\nprices: [{service: a, product: b, rates: {x: 1 / 0}, date: 2026-01-01,"
        " source: s}]",
        "currency: USD\nprices: [{service: a, product: b, rates: {x: 1}, source: s}]",
        "currency: USD\nprices: [{service: a, product: b, rates: {x: 1}, date: 2026-01-01}]",
        "currency: EUR\nprices: []",
        "{",
    ],
)
def test_a_list_of_prices_that_is_none_is_refused(tmp_path, text):
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(Misconfigured, match=r"prices\.yaml"):
        PriceList(file)


def test_language_models_have_prices_of_a_table_and_reserve_at_the_highest():
    pytest.importorskip("genai_prices", reason="the extra api is not installed")
    asked = Purchase(
        "openai",
        "gpt-4o-mini",
        {"input_tokens": 1000, "output_tokens": 100},
        address="https://api.openai.com/v1",
    )
    price = PriceList().price(asked)
    used = {"input_tokens": 1000, "output_tokens": 100}
    assert price.cost(used) == 210_000 == price.cost(used, up=True)
    assert price.version.startswith("genai-prices ")
    assert price.cost({**used, "cached_tokens": 1000}) < price.cost(used)
    elsewhere = Purchase("x", "gpt-4o-mini", used, address="http://127.0.0.1:9/v1")
    with pytest.raises(UnknownPrice):
        PriceList().price(elsewhere)


def test_a_change_of_a_price_is_a_row(accountant, bought):
    own = accountant()
    purse = own.purse(Account(channel="default"))
    for price in (1, 1, 2, 1):
        asked = Purchase("shop", "thing", {"images": 1}, stated={"images": (Decimal(price), 1)})
        purse.reserve(asked).settle({"images": 1})
    assert [row.rates["images"] for row in own.rows.prices()] == ["2/1", "1/1"]
    entries = own.rows.entries(9, channels=["default"])
    assert len({e.price_id for e in entries}) == 2
