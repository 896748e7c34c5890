"""Which passwords are refused; which tokens are ours."""

from __future__ import annotations

import base64
import hmac
import json
import os
import stat
import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from vidpipe.accounts.passwords import Passwords
from vidpipe.accounts.signing import AccessToken, Signer, embedded_secret
from vidpipe.errors import InputRejected, Misconfigured

OLD, NEW = "o" * 32, "n" * 32
ANN = AccessToken("0" * 32, "1" * 32)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "passwordpassword",
        "123456789012",
        "qwertyuiop123",
        "aaaaaaaaaaaa",
        "Password12345",
        "vidpipevidpipe",
        "annannannann1",
        "x" * 129,
    ],
)
def test_what_is_short_or_common_or_about_the_user_is_refused(password):
    with pytest.raises(InputRejected) as refused:
        Passwords().check(password, ["ann@example.org", "ann"])
    assert refused.value.reason == "weak_password"
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    ["violet tractor harbour", "kx9$Lq2mPz7w", "всякий жираф плывёт", "x9" + "ö" * 3 + "q7Rt!m2"],
)
def test_no_rule_of_composition_is_asked_for(password):
    Passwords().check(password, ["ann@example.org"])


def test_the_length_of_a_password_costs_no_time():
    begun = time.perf_counter()
    with pytest.raises(InputRejected):
        Passwords().check("a1" * 500_000)
    Passwords().check("violet tractor harbour " * 5)
    assert time.perf_counter() - begun < 2.0


def test_a_token_is_good_with_its_secret_and_while_the_secret_is_known():
    token = Signer([OLD]).access_token(ANN, 60)
    assert Signer([OLD]).read_access_token(token) == ANN
    assert Signer([NEW, OLD]).read_access_token(token) == ANN
    assert Signer([NEW]).read_access_token(token) is None
    assert Signer([OLD]).read_access_token(Signer([NEW, OLD]).access_token(ANN, 60)) is None


def test_an_expired_token_is_none():
    assert Signer([OLD]).read_access_token(Signer([OLD]).access_token(ANN, -10)) is None


def _forged(header, claims, signature=b""):
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)


def _claims(**changes):
    moment = int(time.time())
    claims = {"iss": "vidpipe", "aud": "vidpipe", "sub": ANN.user_id, "sid": ANN.session_id}
    return {**claims, "iat": moment, "exp": moment + 60, **changes}


def _signed(header, signer, **changes):
    """With the right key, whatever the header says."""
    text = _forged(header, _claims(**changes)).rpartition(".")[0]
    mac = hmac.digest(signer._keys("access")[0], text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_forged_tokens_are_none():
    signer = Signer([OLD])
    real = signer.access_token(ANN, 60)
    head, body, mac = real.split(".")
    kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    key = OctKey.import_key(signer._keys("access")[0])

    def made(header, claims, with_key=key, algorithms=("HS256", "HS512")):
        return jwt.encode(
            {"typ": "at+jwt", "kid": kid, **header}, claims, with_key, algorithms=[*algorithms]
        )

    assert signer.read_access_token(made({"alg": "HS256"}, _claims())) == ANN
    plain = {"alg": "HS256", "typ": "at+jwt", "kid": kid}
    assert signer.read_access_token(_signed(plain, signer)) == ANN
    rsa = RSAKey.generate_key(2048)
    forged = {
        "no algorithm": _forged({"alg": "none", "typ": "at+jwt", "kid": kid}, _claims()),
        "None": _forged({"alg": "None", "typ": "at+jwt", "kid": kid}, _claims()),
        "another algorithm": made({"alg": "HS512"}, _claims()),
        "of an RSA key": made({"alg": "RS256"}, _claims(), rsa, ("RS256",)),
        "no signature": f"{head}.{body}.",
        "another body": f"{head}.{_forged({}, _claims(sub='2' * 32)).split('.')[1]}.{mac}",
        "another type": made({"alg": "HS256", "typ": "JWT"}, _claims()),
        "another kid": made({"alg": "HS256", "kid": "other"}, _claims()),
        "a critical header": _signed(
            {"alg": "HS256", "typ": "at+jwt", "kid": kid, "crit": ["x"], "x": 1}, signer
        ),
        "another issuer": made({"alg": "HS256"}, _claims(iss="other")),
        "another audience": made({"alg": "HS256"}, _claims(aud="other")),
        "no end": made({"alg": "HS256"}, {k: v for k, v in _claims().items() if k != "exp"}),
        "an end in words": _signed(plain, signer, exp="later"),
        "a user that is a list": made({"alg": "HS256"}, _claims(sub=["x"])),
        "signed for another use": signer.sign("csrf", ANN.session_id),
        "the secret itself as key": made({"alg": "HS256"}, _claims(), OctKey.import_key(OLD)),
        "empty": "",
        "dots": "..",
        "bytes": "\x00\ud800.é.ü",
        "long": "a." * 100_000,
    }
    for what, token in forged.items():
        assert signer.read_access_token(token) is None, what


def test_what_is_signed_for_one_use_is_nothing_for_another():
    signer = Signer([OLD])
    text = signer.sign("csrf", "a.b")
    assert signer.signed("csrf", text) == "a.b"
    assert signer.signed("state", text) is None
    assert Signer([NEW]).signed("csrf", text) is None
    assert Signer([NEW, OLD]).signed("csrf", text) == "a.b"
    assert signer.signed("csrf", signer.sign("csrf", "a", -1)) is None
    assert signer.signed("csrf", signer.sign("csrf", "a", 60)) == "a"
    for wrong in ("", ".", "a.b", text[:-1], text + "0", "é.ü.\ud800"):
        assert signer.signed("csrf", wrong) is None


def test_there_is_no_default_secret():
    for given in ([], ["short"], [NEW, "short"]):
        with pytest.raises(Misconfigured, match="VIDPIPE_ACCOUNTS__SECRETS"):
            Signer(given)


def test_an_embedded_installation_makes_its_secret_once(tmp_path):
    home = tmp_path / "home"
    first = embedded_secret(home)
    assert len(first) == 64 and embedded_secret(home) == first
    assert [p.name for p in home.iterdir()] == ["secret"]
    if os.name == "posix":
        assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600
        (home / "secret").chmod(0o644)
        with pytest.raises(Misconfigured, match="can be read by others"):
            embedded_secret(home)
