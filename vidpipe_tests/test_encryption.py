"""Secrets at rest: encrypted, under keys that can be exchanged and are never guessed."""

from __future__ import annotations

import base64
import os
import stat

import pytest

from vidpipe.encryption import KEY_FILE, Vault, is_key, open_vault
from vidpipe.errors import Misconfigured
from vidpipe.settings import load_settings

pytest.importorskip("cryptography", reason="the extra service is not installed")


def key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def test_what_is_sealed_is_opened_and_cannot_be_read():
    vault = Vault([key()])
    sealed = vault.seal("whsec_geheim äöü")
    assert "geheim" not in sealed and sealed != vault.seal("whsec_geheim äöü")
    assert vault.open(sealed) == "whsec_geheim äöü"


@pytest.mark.parametrize("how", ["other key", "changed", "nothing", "no base64"])
def test_what_was_not_sealed_here_is_refused(how):
    mine = Vault([key()])
    sealed = mine.seal("secret")
    given = {
        "other key": Vault([key()]).seal("secret"),
        "changed": sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:],
        "nothing": "",
        "no base64": "äöü",
    }[how]
    with pytest.raises(Misconfigured, match="VIDPIPE_ENCRYPTION_KEYS"):
        mine.open(given)


def test_a_key_is_exchanged_step_by_step():
    old, new = key(), key()
    sealed = Vault([old]).seal("secret")
    both = Vault([new, old])
    assert both.open(sealed) == "secret"
    renewed = both.renewed(sealed)
    assert renewed is not None and Vault([new]).open(renewed) == "secret"
    assert both.renewed(renewed) is None
    with pytest.raises(Misconfigured):
        Vault([new]).renewed(sealed)


def test_an_embedded_installation_makes_a_key_that_its_owner_alone_reads(tmp_path):
    home = tmp_path / "home"
    sealed = open_vault([], home, embedded=True).seal("secret")
    path = home / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and is_key(path.read_text().strip())
    assert open_vault([], home, embedded=True).open(sealed) == "secret"
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="can be read by others"):
        open_vault([], home, embedded=True)
    path.chmod(0o600)
    path.write_text("no key\n")
    with pytest.raises(Misconfigured, match="put it back"):
        open_vault([], home, embedded=True)


def test_no_server_has_a_key_by_default(tmp_path):
    with pytest.raises(Misconfigured, match="no key is set"):
        open_vault([], tmp_path, embedded=False)
    assert list(tmp_path.iterdir()) == []


#: 32 bytes, the same in every process that runs these tests.
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize("given", ["short", "", "äöü", KEY[:-1], f"{KEY}AAAA", f" {KEY}"])
def test_what_is_no_key_is_refused_and_not_repeated(given):
    assert not is_key(given)
    with pytest.raises(Misconfigured, match="VIDPIPE_ENCRYPTION_KEYS") as refused:
        load_settings(encryption_keys=[given])
    assert not given.strip() or given not in str(refused.value)
