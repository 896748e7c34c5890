"""Settings and channels of any content: read, or refused with what to do; never a bug."""

import os
from unittest import mock

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.channels import load_channels
from vidpipe.errors import Misconfigured
from vidpipe.settings import load_settings, setting_names

_NAMES = sorted(setting_names())
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
_TOLD = st.sampled_from(["", "1e400", "nan", "-1", "9" * 400, "[", "{}", '{"a": 1}', "null", "yes"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(_NAMES), _TEXTS | _TOLD, max_size=3))
def test_any_settings_are_read_or_refused(told):
    with mock.patch.dict(os.environ, told):
        try:
            assert load_settings()
        except Misconfigured as refused:
            assert str(refused)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_FIELDS = "title language brand captions clips platforms template terms custom fillers".split()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from(_FIELDS), _VALUES | st.dictionaries(st.text(), _VALUES))
    | _VALUES
)
def test_any_channels_are_read_or_refused(tmp_path_factory, fields):
    path = tmp_path_factory.mktemp("any") / "channels.yaml"
    path.write_text(yaml.safe_dump({"channels": {"lab": fields}}), "utf-8")
    try:
        assert "lab" in load_channels(path)
    except Misconfigured as refused:
        assert str(path) in str(refused)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        "channels: {a: {clips: !!int x}}",
        "channels: {a: 2024-13-45}",
        "channels: [a]",
        "channels: {a: just words}",
        "? [x]\n: y",
        'channels: {a: {title: "\\ud800"}}',
        "channels: {a: {clips: {count: 0x" + "f" * 500 + "}}}",
    ],
)
def test_no_channels_end_as_a_bug(tmp_path, text):
    path = tmp_path / "channels.yaml"
    path.write_text(text)
    with pytest.raises(Misconfigured, match=r"channels\.yaml"):
        load_channels(path)
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_channels(tmp_path)
