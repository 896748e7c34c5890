"""Which decoders an upload may make the libraries use; there are over five hundred."""

from __future__ import annotations

#: Of single pictures, and of videos made of them: only where such a video is what is wanted, so
#: that no cover is decoded, however large.
STILLS = ("mjpeg", "png", "bmp", "gif", "webp", "tiff", "jpeg2000", "libopenjpeg", "jpegxl")

#: Of moving pictures: what cameras, recorders, meeting services and editors write.
PICTURES = (
    *("h264", "hevc", "vvc", "av1", "libdav1d", "libaom-av1", "vp8", "vp9", "libvpx", "libvpx-vp9"),
    *("mpeg1video", "mpeg2video", "mpegvideo", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4"),
    *("h261", "h263", "h263p", "flv", "vp6", "vp6f", "vp6a", "theora", "svq1", "svq3"),
    *("wmv1", "wmv2", "wmv3", "vc1", "dvvideo", "prores", "dnxhd", "cfhd", "apv", "hap"),
    *("ffv1", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "lagarith", "rawvideo", "v210"),
    *("qtrle", "rpza", "cinepak", "flashsv", "flashsv2", "zmbv", "tscc", "tscc2", "cscd", "g2m"),
    *("fraps", "msvideo1", "msrle", "zlib", "screenpresso"),
)
#: Of sound; PCM besides in all its forms.
SOUNDS = (
    *("aac", "aac_fixed", "aac_latm", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float"),
    *("ac3", "ac3_fixed", "eac3", "dca", "truehd", "mlp", "opus", "libopus", "vorbis", "libvorbis"),
    *("flac", "alac", "wavpack", "tta", "wmav1", "wmav2", "wmapro", "wmalossless", "speex"),
    *("libspeex", "nellymoser", "amrnb", "amrwb", "gsm", "gsm_ms", "g722", "g726", "qdm2", "qcelp"),
    *("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "adpcm_g722", "adpcm_g726"),
)
_PCM = (
    *("s8", "u8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "u16le", "u16be"),
    *("f32le", "f32be", "f64le", "f64be", "mulaw", "alaw", "bluray", "dvd", "lxf", "zork"),
)
#: Of text beside the picture.
TEXTS = ("mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text")

_ALL = (*PICTURES, *SOUNDS, *(f"pcm_{form}" for form in _PCM), *TEXTS)


def allowed(*, stills: bool = False) -> str:
    """The allow-list as ffmpeg reads it; with `stills` those of single pictures too."""
    return ",".join((*_ALL, *STILLS) if stills else _ALL)


def is_allowed(name: str) -> bool:
    """Whether a decoder may be used at all."""
    return name in _ALL or name in STILLS
