"""Signatures, as another implementation of Standard Webhooks verifies them."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from vidpipe.webhooks.signing import MARK, headers, new_secret, signature


def test_the_example_of_the_specification():
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_has_the_length_that_is_asked_for():
    one, other = new_secret(), new_secret()
    assert one != other and one.startswith(MARK)
    assert 24 <= len(base64.b64decode(one.removeprefix(MARK))) <= 64


@given(st.text(max_size=200))
def test_any_text_is_verified(text):
    secret, body = new_secret(), json.dumps({"text": text}, ensure_ascii=False)
    data = body.encode("utf-8", "surrogatepass")
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    made = headers([secret], "event-1", int(time.time()), data)
    assert Webhook(secret).verify(data, made) == {"text": text}


@pytest.mark.parametrize("body", ["{}", '{"name":"Grüße, 世界 🎬"}', '{"name":"a\\u0000b"}'])
def test_what_was_changed_is_refused(body):
    secret, data = new_secret(), body.encode()
    made = headers([secret], "event-1", int(time.time()), data)
    assert Webhook(secret).verify(data, made) == json.loads(body)
    for changed in (
        {**made, "webhook-id": "event-2"},
        {**made, "webhook-timestamp": str(int(made["webhook-timestamp"]) + 1)},
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(data, changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(data + b" ", made)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(data, made)
