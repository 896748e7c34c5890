"""Templates as data: those that come along, a channel's own, what a run may request."""

import pytest
import yaml

from vidpipe.channels.model import Channel, load_channels
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.intake.sidecars import read_instructions
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.settings import Settings
from vidpipe.templates.model import (
    DEFAULT_TEMPLATE,
    CaptionAnimation,
    custom_template,
    load_templates,
)


def test_each_way_of_showing_words_has_a_template():
    known = load_templates()
    assert next(iter(known)) == DEFAULT_TEMPLATE
    assert {t.captions.animation for t in known.values()} == set(CaptionAnimation)
    assert all(t.description.endswith(".") for t in known.values())


def test_a_template_of_ones_own_is_like_another_with_what_differs():
    own = custom_template(
        "mine", {"extends": "pop", "captions": {"max_words": 2}, "progress_bar": False}
    )
    pop = load_templates()["pop"]
    assert own.captions.animation is pop.captions.animation and own.captions.uppercase
    assert own.captions.max_words == 2 and not own.progress_bar
    assert own.title_zone == pop.title_zone and own.name == "mine"


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("pop", {}, "there is such a template already"),
        ("mine", {"extends": "popp"}, "unknown 'popp'; there are: spotlight"),
        ("mine", {"backdrop": "green"}, "backdrop"),
        ("mine", {"captions": {"animation": "wobble"}}, "captions.animation"),
        ("mine", {"captions": {"scale": 9}}, "captions.scale"),
        ("mine", {"zoom": True}, "zoom"),
    ],
)
def test_a_template_that_cannot_be_says_why(name, fields, said):
    with pytest.raises(ValueError, match=said):
        custom_template(name, fields)


def test_a_channel_names_its_template(tmp_path):
    path = tmp_path / "channels.yaml"
    own = {"template": "mine", "templates": {"mine": {"extends": "boxed", "progress_bar": True}}}
    path.write_text(yaml.safe_dump({"channels": {"lab": own, "odd": {"template": "nope"}}}))
    with pytest.raises(Misconfigured, match=r"channels\.odd\.template: .*unknown template 'nope'"):
        load_channels(path)
    path.write_text(yaml.safe_dump({"channels": {"lab": own}}))
    lab = load_channels(path)["lab"]
    assert lab.look().captions.animation is CaptionAnimation.BOX
    brand, captions = lab.styled(lab.look())
    assert brand.progress_bar and captions.max_words == 5
    assert load_channels(path)["default"].look().name == DEFAULT_TEMPLATE


def test_what_a_channel_says_itself_stands():
    channel = Channel.model_validate(
        {"name": "lab", "brand": {"title_card": "hook"}, "captions": {"font_size": 50}}
    )
    template = custom_template("mine", {"title_card": "title", "captions": {"scale": 1.2}})
    brand, captions = channel.styled(template)
    assert brand.title_card == "hook" and captions.font_size == 60 and captions.max_words == 6


def test_a_run_asks_for_a_template_that_the_channel_knows():
    channel = Channel(name="lab")
    run_options = RunOptions.of(template="karaoke")
    run_options.applied_to(Settings(), channel)
    order = Order(settings=Settings(), channel=channel, run_options=run_options)
    assert order.look.captions.animation is CaptionAnimation.KARAOKE
    with pytest.raises(Misconfigured, match="unknown template 'karoke'; there are: spotlight"):
        RunOptions.of(template="karoke").applied_to(Settings(), channel)


def test_an_upload_and_one_of_its_clips_name_theirs(tmp_path):
    path = tmp_path / "talk.yaml"
    path.write_text("template: duo\nkeep: [{start_s: 1, end_s: 20, template: mine}]\n")
    channel = Channel.model_validate({"name": "lab", "templates": {"mine": {"extends": "pop"}}})
    found = read_instructions(path, path.name, channel.presets, channel.looks)
    assert (found.template, found.keep[0].template) == ("duo", "mine")
    order = Order(settings=Settings(), channel=channel, instructions=found)
    assert order.look.name == "duo"
    run = Order(
        settings=Settings(),
        channel=channel,
        instructions=found,
        run_options=RunOptions.of(template="boxed"),
    )
    assert run.look.name == "boxed"
    assert Order(settings=Settings(), channel=channel).look.name == DEFAULT_TEMPLATE
    path.write_text("keep: [{start_s: 1, end_s: 20, template: mime}]\n")
    with pytest.raises(InputRejected, match="template: unknown mime; there are: spotlight"):
        read_instructions(path, path.name, channel.presets, channel.looks)
