"""Files that keep to the rules of every platform, or not."""

import ffmpeg

from vidpipe.media.ffmpeg import render

GOOD = {
    "vcodec": "libx264",
    "preset": "superfast",
    "profile:v": "high",
    "pix_fmt": "yuv420p",
    "acodec": "aac",
    "audio_bitrate": "96k",
    "ar": 48_000,
    "ac": 2,
    "movflags": "+faststart",
}


def made(tmp_path, *, size="1080x1920", rate=30, length_s=4, sound=True, **options):
    """A test picture with noise as sound; `options` are those of ffmpeg."""
    picture = ffmpeg.input(f"testsrc2=s={size}:r={rate}", f="lavfi", t=length_s).filter(
        "setparams", color_primaries="bt709", color_trc="bt709", colorspace="bt709", range="tv"
    )
    streams = [picture]
    if sound:
        noise = "anoisesrc=color=pink:sample_rate=48000:amplitude=0.2:seed=3"
        tone = ffmpeg.input(noise, f="lavfi", t=length_s)
        streams.append(tone.filter("aformat", channel_layouts="stereo"))
    path = tmp_path / "made.mp4"
    coding = {**GOOD, **options}
    if not sound:
        coding = {
            k: v for k, v in coding.items() if k not in ("acodec", "audio_bitrate", "ar", "ac")
        }
    render(ffmpeg.output(*streams, str(path), **coding), timeout_s=120)
    return path
