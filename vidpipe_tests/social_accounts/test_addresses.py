"""Addresses of receivers and folders: where posts go, what is shown, and whose they are."""

import pytest

from vidpipe.library import Refused
from vidpipe.library.publishing.connecting import at_base

SECRET = "canary-of-a-path"


@pytest.mark.parametrize(
    "address", ["https://93.184.216.34/in?a=b", "HTTPS://93.184.216.34/in?a=b", "hTTps://10.0.0.1"]
)
def test_what_is_told_to_fakes_is_told_to_nobody_else(site, bases, address):
    account_id, _ = site.accounts._connecting.add("default", "webhook", address, by="local")
    machine = site.accounts.machine(account_id)
    assert machine._address.startswith(f"{bases['webhook']}/")
    assert "in?a=b" in machine._address or address.endswith("1")


def test_whatever_an_address_is_it_leads_to_the_base():
    for address in ("HTTPS://a.example/x?y=z", "//a.example/x", "x:y", "https:/a@b", "@evil"):
        assert at_base(address, "http://127.0.0.1:9306").startswith("http://127.0.0.1:9306/")


def test_an_address_is_one_account_however_its_host_is_written(site):
    made = [
        site.accounts.add("default", "webhook", address, by="local").account.account_id
        for address in ("https://Example.org/In", "HTTPS://example.ORG/In#here")
    ]
    assert made[0] == made[1]
    other = site.accounts.add("default", "webhook", "https://example.org/in", by="local").account
    assert other.account_id != made[0]


def test_of_a_receivers_address_only_the_host_is_shown(site):
    address = f"https://hooks.example.org:8443/{SECRET}?token=canary"
    account = site.accounts.add("default", "webhook", address, by="local").account
    assert account.name.startswith("https://hooks.example.org:8443 (")
    assert "canary" not in account.model_dump_json()
    other = site.accounts.add("default", "webhook", f"{address}2", by="local").account
    assert other.name != account.name


def test_a_folder_is_of_one_organisation_and_fits_the_catalog(site):
    root = site.library.engine.settings.home / "posts"
    with pytest.raises(Refused, match="200 characters"):
        site.accounts.add("default", "folder", "/".join(["a" * 150] * 2), by="local")
    assert not root.exists()
    site.accounts.add("default", "folder", "archive/news", by="local")
    assert site.accounts.add("news", "folder", "archive/news", by="local").account.channel == "news"
    channels = site.library.engine.channels
    channels["news"] = channels["news"].model_copy(update={"organisation": "others"})
    for address in ("archive/news", "archive", "Archive/news/more"):
        with pytest.raises(Refused, match="not free"):
            site.accounts.add("news", "folder", address, by="local")
    assert site.accounts.add("news", "folder", "archive2", by="local").account.name == "archive2"
