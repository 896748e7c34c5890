"""Every command that changes something: with its row in the audit log, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import vidpipe.cli
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.library import Library
from vidpipe.settings import load_settings
from vidpipe_tests.api.guarded import CHANNELS, GOOD, Guarded, Outbox
from vidpipe_tests.api.held import allow_rows, audit_rows, differing, everything, refuse_rows

runner = CliRunner()
SEEN = f"--fingerprint {'f' * 64}"
#: Commands as they are typed; `{name}` is an object of the channel `news`.
CHANGING = {
    "accounts connect": "news folder --address new",
    "budgets set": "channel news day --hard 2.50",
    "budgets unset": "channel news day",
    "budgets raise": "channel news day 3.00 --reason launch",
    "failures": "--retry {failure_id}",
    "hold": "{video_id} --reason kept",
    "posts cancel": "{post_id}",
    "posts change": "{post_id} --title Another",
    "posts decide": "{post_id} --not-posted",
    "posts make": "{video_id} 1 {account_id} --now",
    "posts move": "{post_id} --at 2027-01-31T12:00:00+00:00 --anyway",
    "posts retry": "{post_id}",
    "posts send": "{post_id}",
    "request": "{video_id}",
    "retire": "{video_id}",
    "reviews approve": f"{{video_id}} 1 {SEEN}",
    "reviews link": "{video_id}",
    "reviews reject": f"{{video_id}} 1 --reason duplicate {SEEN}",
    "reviews revoke": "{link_id}",
    "reviews undo": "{video_id} 1",
    "schedule move": "{post_id} next --anyway",
    "schedule pause": "news",
    "schedule resume": "news",
    "services": "--reset llm",
    "webhooks add": "https://8.8.8.8/hook --organisation acme",
    "webhooks disable": "{endpoint_id}",
    "webhooks remove": "{endpoint_id}",
    "webhooks replay": "{delivery_id}",
    "webhooks rotate": "{endpoint_id}",
    "webhooks test": "{endpoint_id}",
    "users add": "new@example.org --organisation acme --role viewer",
    "users disable": "known@example.org",
    "users password": "known@example.org",
    "users role": "known@example.org editor --organisation acme",
    "keys create": "nightly --organisation acme",
    "keys revoke": "{key}",
}
#: They write rows before what cannot be taken back, or want more than rows: see their own tests.
ELSEWHERE = {
    *("accounts disconnect", "accounts refresh", "download", "notify test", "posts delete"),
    *("edits render", "edits restore", "edits set", "retention", "schedule fill", "submit"),
}
#: They read; or they do the work itself, which is nobody's decision: runs, chores, the schema.
OTHERS = {
    *("accounts list", "budgets list", "check", "costs", "edits compare", "edits export"),
    *("edits history", "edits show", "keys list", "links", "models list", "models where"),
    *("notify list", "notify targets", "plan", "posts list", "posts show", "prices", "results"),
    *("reviews links", "reviews list", "reviews marks", "reviews reasons", "reviews report"),
    *("schedule show", "schema", "search", "status", "templates", "users list", "verify"),
    *("watch", "webhooks deliveries", "webhooks list"),
    *("analytics", "edits work", "index", "mcp", "migrate", "models fetch", "models verify"),
    *("process", "run", "serve", "studio", "worker"),
}
#: What is so before a command is given.
BEFORE = {
    "budgets unset": "budgets set channel news day --hard 2.50",
    "budgets raise": "budgets set channel news day --hard 2.50",
    "posts retry": "posts cancel {post_id}",
    "reviews undo": f"reviews approve {{video_id}} 1 {SEEN}",
    "schedule resume": "schedule pause news",
    "retire": "posts cancel {post_id}",
}
#: Nothing is to be changed, or a request that is open already is found again.
SAME = {"services"}
INPUT = {"users add": f"{GOOD}\n", "users password": f"{GOOD} 2\n"}


def commands() -> Iterator[str]:
    def within(command: object, path: tuple[str, ...]) -> Iterator[str]:
        below = getattr(command, "commands", None)
        if below is None:
            yield " ".join(path)
        else:
            for name, one in below.items():
                yield from within(one, (*path, name))

    return within(get_command(vidpipe.cli.run.app), ())


def test_every_command_has_its_row_here():
    groups = [set(CHANGING), ELSEWHERE, OTHERS]
    assert set(commands()) == set().union(*groups)
    assert sum(map(len, groups)) == len(set().union(*groups))


@pytest.fixture
def library(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "channels.yaml").write_text(CHANNELS)
    monkeypatch.setenv("VIDPIPE_HOME", str(home))
    monkeypatch.setenv("VIDPIPE_ALLOW_MODEL_DOWNLOAD", "false")
    made = Library.open(load_settings())
    yield made
    made.engine.catalog.engine.dispose()


def told(line: str, given: str | None = None):
    return runner.invoke(vidpipe.cli.run.app, line.split(), input=given)


@pytest.mark.parametrize("name", sorted(CHANGING))
def test_a_change_by_a_command_and_its_row_are_both_there_or_neither(library, name):
    service = Guarded(None, library, Outbox(), library.engine.settings)
    at = service.objects("news")
    if "{endpoint_id}" in CHANGING[name] or "{delivery_id}" in CHANGING[name]:
        at |= service.endpoint("acme", "news")
    if name.startswith(("users", "keys")):
        told("users add known@example.org --organisation acme --role viewer", f"{GOOD}\n")
        said = told("keys create known --organisation acme")
        at["key"] = "_".join(said.stdout.strip().splitlines()[-1].split("_")[:2])
    if name in BEFORE:
        said = told(BEFORE[name].format(**at))
        assert said.exit_code == 0, said.output
    if name == "posts decide":
        with library.engine.catalog.writing() as session:
            session.get_one(PostRow, at["post_id"]).state = "uncertain"
    line, given = f"{name} {CHANGING[name].format(**at)}", INPUT.get(name)
    before = everything(library)
    refuse_rows(library)
    refused = told(line, given)
    assert refused.exit_code != 0, refused.output
    assert differing(before, everything(library)) == {}
    allow_rows(library)
    known = len(audit_rows(library))
    done = told(line, given)
    assert done.exit_code == 0, done.output
    written = audit_rows(library)[known:]
    assert written and all(row["actor"] == "local" for row in written)
    assert differing(before, everything(library)) or name in SAME
