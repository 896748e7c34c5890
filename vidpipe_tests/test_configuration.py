import pytest

from vidpipe.channels import load_channels
from vidpipe.errors import Misconfigured
from vidpipe.pipeline.rendering import variants_for
from vidpipe.platforms import load_presets
from vidpipe.settings import load_settings


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
    from pathlib import Path

    channels = load_channels(Path(__file__).parents[1] / "deploy" / "channels.example.yaml")
    assert {"default", "lectures"} <= set(channels)


def test_the_vertical_platforms_share_one_encode_in_the_common_safe_box():
    variants = variants_for(("tiktok", "instagram_reels", "youtube_shorts"))
    assert len(variants) == 1
    box = variants[0].safe_box
    assert (box.x, box.y, box.right, box.bottom) == (120, 288, 888, 1248)
    for item in load_presets().values():
        inside = item.safe_box.intersect(item.size.rect)
        assert inside == item.safe_box, f"{item.name}: the safe box lies within the picture"
        if item.variant == "1080x1920":
            assert item.safe_box.intersect(box) == box


def test_other_shapes_are_variants_of_their_own_and_captions_go_where_there_is_no_file():
    found = variants_for(("youtube", "tiktok", "instagram_feed"))
    assert [v.name for v in found] == ["1920x1080-plain", "1080x1920", "1080x1350"]
    assert [v.captions for v in found] == [False, True, True]


def test_settings_come_from_the_environment_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__FASTER_WHISPER__MODEL", "tiny")
    settings = load_settings()
    assert settings.transcript.faster_whisper.model == "tiny"
    assert settings.store_url == (tmp_path / "store").as_uri()


def test_bad_settings_are_named_as_they_are_set(monkeypatch):
    monkeypatch.setenv("VIDPIPE_CRF", "99")
    monkeypatch.setenv("VIDPIPE_STABLE_S", "soon")
    with pytest.raises(Misconfigured) as caught:
        load_settings()
    assert len(caught.value.problems) == 2
    assert any(p.startswith("VIDPIPE_CRF:") for p in caught.value.problems)


def test_secrets_come_from_files(tmp_path):
    """As /run/secrets holds them: one file per setting, named like its variable."""
    (tmp_path / "vidpipe_database_url").write_text("postgresql+psycopg2://u:p@db/vidpipe\n")
    (tmp_path / "vidpipe_store_options").write_text('{"secret_access_key": "hidden"}')
    settings = load_settings(_secrets_dir=str(tmp_path))
    assert settings.database_url.get_secret_value().strip().endswith("@db/vidpipe")
    assert settings.plain_store_options == {"secret_access_key": "hidden"}
    assert "hidden" not in repr(settings) and "u:p" not in repr(settings)
