import shutil
from pathlib import Path

import pytest

from vidpipe.channels import load_channels
from vidpipe.channels.model import all_presets
from vidpipe.clips.model import Variant
from vidpipe.errors import Misconfigured
from vidpipe.pipeline.steps.clips import variants_for
from vidpipe.platforms import load_presets, load_tiers, model
from vidpipe.settings import load_settings
from vidpipe_tests.conftest import make_engine, run_all


def test_without_a_file_there_is_the_default_channel(tmp_path):
    assert list(load_channels(tmp_path / "none.yaml")) == ["default"]


def test_every_problem_of_a_channel_file_is_said_at_once(tmp_path):
    path = tmp_path / "channels.yaml"
    path.write_text(
        "channels:\n"
        "  Bad Name: {}\n"
        "  one:\n"
        "    platforms: [myspace]\n"
        "    brand: {accent: red}\n"
        "  two:\n"
        "    clips: {min_s: 30, max_s: 20}\n"
        "    colour: x\n"
    )
    with pytest.raises(Misconfigured) as caught:
        load_channels(path)
    said = "\n".join(caught.value.problems)
    for part in ("Bad Name.name", "myspace", "brand.accent", "max_s must be", "two.colour"):
        assert part in said


def test_the_documented_example_is_valid():
    channels = load_channels(Path(__file__).parents[1] / "deploy" / "channels.example.yaml")
    assert {"default", "lectures"} <= set(channels)


PRESETS = load_presets()
PRESETS_FOLDER = Path(model.__file__).parent / "presets"


def variants(*names, tier="standard"):
    return variants_for([PRESETS[n] for n in names], tier)


def test_the_vertical_platforms_share_one_encode_in_the_common_safe_box():
    found = variants("tiktok", "instagram_reels", "youtube_shorts", "facebook")
    assert len(found) == 1
    box = found[0].safe_box
    assert (box.x, box.y, box.right, box.bottom) == (120, 288, 888, 1248)
    for item in PRESETS.values():
        if item.video is None:
            continue
        inside = item.safe_box.intersect(item.video.size.rect)
        assert inside == item.safe_box, f"{item.name}: the safe box lies within the picture"
        if Variant.of(item).name == "1080x1920":
            assert item.safe_box.intersect(box) == box


def test_other_shapes_are_variants_of_their_own_and_captions_go_where_there_is_no_file():
    found = variants("youtube", "tiktok", "instagram_feed", "x", "linkedin")
    assert [v.name for v in found] == ["1920x1080-plain", "1080x1920", "1080x1350", "720x720"]
    assert [v.captions for v in found] == [False, True, True, True]


def test_one_platform_more_leaves_the_variants_of_the_others_as_they_are():
    for name in PRESETS:
        alone = variants("tiktok", "youtube")
        more = variants("tiktok", "youtube", name)
        assert more[:2] == alone


def test_sound_alone_needs_no_shape_of_its_own():
    assert [v.name for v in variants("podcast_audio")] == ["1080x1920"]
    assert [v.name for v in variants("podcast_audio", "youtube")] == ["1920x1080-plain"]


def test_a_tier_is_a_variant_of_its_own_with_another_ceiling():
    (draft,), (high,) = variants("tiktok", tier="draft"), variants("tiktok", tier="high")
    assert (draft.name, high.name) == ("1080x1920-draft", "1080x1920-high")
    tiers = load_tiers()
    assert draft.effort(tiers["draft"]).max_kbps < high.effort(tiers["high"]).max_kbps
    (wide,) = variants("youtube")
    assert wide.effort(tiers["standard"]).max_kbps == tiers["standard"].max_kbps


CUSTOM = """
channels:
  wall:
    platforms: [lobby_wall, tiktok]
    custom_platforms:
      lobby_wall:
        extends: tiktok
        title: The wall in the lobby
        video: {size: {width: 720, height: 1280}}
        screen: {safe_area: [[0, 0], [720, 0], [720, 600], [500, 600], [500, 1280], [0, 1280]]}
"""


def test_a_channel_has_platforms_of_its_own(tmp_path):
    path = tmp_path / "channels.yaml"
    path.write_text(CUSTOM)
    channel = load_channels(path)["wall"]
    wall = channel.preset("lobby_wall")
    assert wall.file == PRESETS["tiktok"].file
    # The largest rectangle of the polygon, which is neither its upper nor its whole box.
    assert (wall.safe_box.width, wall.safe_box.height) == (500, 1280)
    (mine, theirs) = variants_for([wall, PRESETS["tiktok"]], "standard")
    assert (mine.size.width, theirs.size.width) == (720, 1080)
    assert "lobby_wall" in all_presets(load_channels(path).values())
    with pytest.raises(Misconfigured, match="lobby_wall"):
        load_channels(path)["default"].preset("lobby_wall")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("extends: tiktok", "extends: nothing"),
        ("title: The", "titel: The"),
        ("width: 720, height: 1280", "width: 72, height: 1280"),
        ("[500, 600]", "[500, 700]"),
        ("lobby_wall:\n", "tiktok:\n"),
    ],
)
def test_a_custom_platform_that_cannot_be_is_said_at_the_start(tmp_path, change, said):
    path = tmp_path / "channels.yaml"
    path.write_text(CUSTOM.replace(change, said))
    with pytest.raises(Misconfigured, match="wall"):
        load_channels(path)


def test_a_platform_is_one_file_and_no_code(tmp_path, monkeypatch, processed):
    """The package's data folder with one file more: everything else follows from it."""
    folder = tmp_path / "presets"
    shutil.copytree(PRESETS_FOLDER, folder)
    text = (folder / "tiktok.yaml").read_text().replace("name: tiktok", "name: madeup")
    text = text.replace("width: 1080, height: 1920", "width: 540, height: 960")
    text = text.replace(
        "[[120, 240], [888, 240], [888, 1248], [120, 1248]]",
        "[[0, 0], [540, 0], [540, 960], [0, 960]]",
    )
    (folder / "madeup.yaml").write_text(text)
    monkeypatch.setattr(model, "PRESETS", folder)
    load_presets.cache_clear()
    try:
        engine = processed.engine
        home = tmp_path / "home"
        shutil.copytree(engine.settings.home, home)
        engine = make_engine(home)
        ran = run_all(engine, processed.video_id, clips=1, platforms=("madeup",))
        (export,) = ran[-1].document.exports
        assert (export.facts.width, export.facts.height) == (540, 960)
        assert export.conforms and ran[-1].stage == "platform_exports/madeup"
    finally:
        load_presets.cache_clear()


def test_every_group_of_figures_names_its_source():
    for item in PRESETS.values():
        groups = [item.video, item.audio, item.file, item.text, item.screen, item.thumbnail]
        assert all(g.source and g.checked_on for g in groups if g is not None)


def test_settings_come_from_the_environment_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__FASTER_WHISPER__MODEL", "tiny")
    settings = load_settings()
    assert settings.transcript.faster_whisper.model == "tiny"
    assert settings.store_url == (tmp_path / "store").as_uri()


def test_bad_settings_are_named_as_they_are_set(monkeypatch):
    monkeypatch.setenv("VIDPIPE_ENCODER", "mpeg1")
    monkeypatch.setenv("VIDPIPE_DROP_SETTLE_S", "soon")
    with pytest.raises(Misconfigured) as caught:
        load_settings()
    assert len(caught.value.problems) == 2
    assert any(p.startswith("VIDPIPE_ENCODER:") for p in caught.value.problems)


def test_secrets_come_from_files(tmp_path):
    """As /run/secrets holds them: one file per setting, named like its variable."""
    (tmp_path / "vidpipe_database_url").write_text("postgresql+psycopg2://u:p@db/vidpipe\n")
    (tmp_path / "vidpipe_store_options").write_text('{"secret_access_key": "hidden"}')
    settings = load_settings(_secrets_dir=str(tmp_path))
    assert settings.database_url.get_secret_value().strip().endswith("@db/vidpipe")
    assert settings.plain_store_options == {"secret_access_key": "hidden"}
    assert "hidden" not in repr(settings) and "u:p" not in repr(settings)
