"""What answers of the API are held against."""

from __future__ import annotations


def problem(answer, status: int, code: str) -> dict:
    """The problem that an answer is; fails where it is none or another one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code and body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["timestamp"].endswith("Z") and isinstance(body["details"], dict)
    return body
