"""Settings that cannot be: each is named, none ends in a traceback, no secret is shown."""

import os

import pytest
from typer.testing import CliRunner

from vidpipe.addresses import holds_secret, shown, without
from vidpipe.cli.app import app

ODD = [
    ("STORE_URL", "s3://key:sec%canary@bucket"),
    ("STORE_URL", "s3://b?password=canary"),
    ("STORE_URL", "http://[::1"),
    ("STORE_URL", "s3://"),
    ("STORE_URL", "az://"),
    ("STORE_URL", "s3://bu cket"),
    ("STORE_URL", "file:///proc/nothing/x"),
    ("DROP_URL", "s3://key:canary@bucket"),
    ("DROP_URL", "http://[::1"),
    ("STORE_OPTIONS", "{canary"),
    ("STORE_OPTIONS", "[]"),
    ("DATABASE_URL", "postgresql+psycopg2://u:p@canary@127.0.0.1:9/x"),
    ("DATABASE_URL", "postgresql+psycopg2://127.0.0.1:9/x?password=canary"),
    ("DATABASE_URL", "postgresql+psycopg2://u:canary@h:port/x"),
    ("DATABASE_URL", "mysql://u:canary@h/x"),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "sqlite:////proc/x/y"),
    ("HOME", "~nobodyofthisname/x"),
    ("HOME", "/proc/none"),
    ("HOME", "x" * 5000),
    ("CHANNELS_FILE", "/"),
    ("SCRATCH_CACHE_GIB", "inf"),
    ("RETRY_DELAYS_S", "[nan]"),
    ("QUEUE", "{bad"),
    ("LLM", "x"),
    ("LINKS_URL", "http://[::1"),
]


@pytest.mark.parametrize("command", ["check", "status"])
@pytest.mark.parametrize(("name", "value"), ODD, ids=[f"{n} {v[:30]}" for n, v in ODD])
def test_what_cannot_be_is_named(tmp_path, monkeypatch, name, value, command):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    monkeypatch.setenv(f"VIDPIPE_{name}", value)
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, [command])
    assert isinstance(said.exception, SystemExit | None)
    assert "Traceback" not in said.output and "bug in vidpipe" not in said.output
    assert "canary" not in said.output
    assert os.environ["VIDPIPE_HOME"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("s3://key:se/c@ret@bucket/x", "s3://***@bucket/x"),
        ("postgresql+psycopg2://u:p@ss@h:5/db", "postgresql+psycopg2://***@h:5/db"),
        ("postgresql://h/db?password=x&sslmode=y", "postgresql://h/db?password=***&sslmode=***"),
        ("file:///home/a@b/store?x", "file:///home/a@b/store?x"),
        ("sqlite:////home/a@b/c.sqlite", "sqlite:////home/a@b/c.sqlite"),
        ("nonsense", "nonsense"),
    ],
)
def test_addresses_are_shown_without_what_is_secret(url, told):
    assert shown(url) == told


def test_keys_in_a_buckets_address_are_noticed():
    assert holds_secret("s3://key:secret@bucket") and holds_secret("s3://b?token=x")
    assert not holds_secret("s3://bucket/a@b:c")
    assert not holds_secret("abfs://container@account.example.com/x")


def test_messages_of_others_lose_what_is_secret():
    assert without("no host p@ss@h for p", ["p@ss", ""]) == "no host ***@h for p"
