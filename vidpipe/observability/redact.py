"""What must not be in a log or a trace: secrets, addresses of people, what was said.

What is named as a secret is taken out by its name, what a deployment set as one by its value, and
what looks like one by its form. Text of a recording is never a field: by its name it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from vidpipe.addresses import shown, without

HIDDEN = "***"
#: Characters of one value that are kept: a traceback needs some, a document is not wanted.
MOST = 8000
#: A value that is shorter is no secret of any worth, and would take half of the log with it.
_SHORTEST = 6

_SECRET_NAME = re.compile(
    r"passw|secret|token|api_?key|access_?key|authoriz|cookie|credential|signature|"
    r"private_?key|^(?:code|key_hash|session)$",
    re.IGNORECASE,
)
#: What people said, wrote or are called.
_TEXT_NAMES = frozenset(
    "text texts transcript transcripts word words caption captions sentence sentences quote prompt"
    " completion body payload content email e_mail parameters".split()
)

_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>`]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<name>[\w-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key(?:[_-]id)?|"
    r"authorization|cookie|credential|signature|private[_-]?key)[\w-]{0,40})"
    r"(?P<mark>[\"']?\s*[:=]\s*)(?P<value>\"[^\"]*\"|'[^']*'|[^\s,;&\"'})\]]+)",
    re.IGNORECASE,
)
_FORMS = re.compile(
    r"\b(?:"
    r"vp_[A-Za-z0-9_.-]{8,}"  # ours
    r"|sk-[A-Za-z0-9_-]{16,}"  # of language models
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|AIza[\w-]{30,}"  # Google
    r"|eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"  # tokens of JWT
    r")"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_EMAIL = re.compile(r"[\w.+%-]{1,64}@(?=[\w-]*[a-z])[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
#: What libraries say of a value that does not fit: pydantic's, and SQLAlchemy's parameters.
_INPUT = re.compile(r"input_value=.*?, input_type=", re.DOTALL)
_PARAMETERS = re.compile(r"\[parameters: .*?\](?=\n|\Z)", re.DOTALL)

_known: set[str] = set()


def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret: a field, a setting, a variable."""
    return _SECRET_NAME.search(name) is not None


def keep_out(values: Iterable[str]) -> None:
    """These are secrets of this deployment: wherever they turn up they are taken out."""
    _known.update(value for value in values if len(value) >= _SHORTEST)


def forget_all() -> None:
    """No secrets are known any more; those of certain forms are still taken out."""
    _known.clear()


def clean(text: str) -> str:
    """A text without what may be secret in it, and not longer than `MOST`."""
    if _known:
        text = without(text, list(_known))
    if len(text) > MOST:
        text = f"{text[: MOST // 2]} ... {text[-MOST // 2 :]}"
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(HIDDEN, text)
    if "input_value=" in text:
        text = _INPUT.sub(f"input_value={HIDDEN}, input_type=", text)
    if "[parameters: " in text:
        text = _PARAMETERS.sub(f"[parameters: {HIDDEN}]", text)
    if "://" in text:
        text = _URL.sub(lambda match: shown(match[0]), text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _NAMED.sub(rf"\g<name>\g<mark>{HIDDEN}", text)
    text = _FORMS.sub(HIDDEN, text)
    return _EMAIL.sub(HIDDEN, text) if "@" in text else text


def cleaned(fields: Mapping[str, object]) -> dict[str, object]:
    """Fields of an event as they may be written: plain values, without secrets and texts."""
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if name.lower() in _TEXT_NAMES or is_secret_name(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): _value(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(name, item) for item in value]
    return clean(str(value))
