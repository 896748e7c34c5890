"""What tests of clips share."""

from vidpipe.clips.model import Variant
from vidpipe.geometry import Size
from vidpipe.segments.model import Segment
from vidpipe.storage.keys import Folder
from vidpipe_tests.conftest import Processed, run_all

VERTICAL = Variant(name="1080x1920", size=Size(width=1080, height=1920))


def clip_files(processed):
    for clip in processed.document("rendered_clips").clips:
        for file in clip.files:
            manifest = processed.engine.artifacts.find(
                processed.video_id, Folder.CLIPS, file.artifact, file.fingerprint
            )
            yield clip, file, processed.engine.artifacts.path(manifest.file("clip.mp4"))


def branded(analysed, brand):
    engine, video_id = analysed(
        f"channels: {{default: {{quality: draft, clips: {{min_s: 6, max_s: 20}}, brand: {brand}}}}}"
    )
    done = Processed(engine, video_id, run_all(engine, video_id, clips=1, platforms=("tiktok",)))
    [(clip, file, path)] = list(clip_files(done))
    return clip, file, path


def segment_of(start_s, end_s):
    return Segment(
        rank=1,
        start_s=start_s,
        end_s=end_s,
        kept_s=end_s - start_s,
        score=80,
        title="It",
        reasons=(),
        parts={},
    )
