"""OpenTimelineIO: a timeline for each clip, in one collection."""

from __future__ import annotations

from typing import Any

from vidpipe.extras import from_extra
from vidpipe.interchange.fcp7 import pathurl
from vidpipe.interchange.model import CutClip, CutList


def otio_json(cuts: CutList) -> str:
    """The clips as `.otio`.

    Raises:
        Misconfigured: the extra `timeline` is not installed.
    """
    with from_extra("timeline"):
        import opentimelineio as otio

    collection = otio.schema.SerializableCollection(name=cuts.name)
    collection.extend(_timeline(otio, cuts, clip) for clip in cuts.clips)
    text: str = otio.adapters.write_to_string(collection, "otio_json")
    return text


def _timeline(otio: Any, cuts: CutList, clip: CutClip) -> Any:
    time = otio.opentime
    rate = float(cuts.fps)
    timeline = otio.schema.Timeline(name=clip.title)
    timeline.global_start_time = time.RationalTime(0, rate)
    timeline.metadata["vidpipe"] = {"clip": clip.clip_id}
    kinds = [otio.schema.TrackKind.Video] if cuts.width else []
    kinds += [otio.schema.TrackKind.Audio] if cuts.has_sound else []
    for kind in kinds:
        track = otio.schema.Track(name=kind, kind=kind)
        for span in clip.spans:
            whole = time.TimeRange(time.RationalTime(0, rate), time.RationalTime(cuts.frames, rate))
            piece = otio.schema.Clip(
                name=cuts.name,
                media_reference=otio.schema.ExternalReference(pathurl(cuts.media), whole),
                source_range=time.TimeRange(
                    time.RationalTime(span.first, rate), time.RationalTime(span.frames, rate)
                ),
            )
            track.append(piece)
        timeline.tracks.append(track)
    if clip.note and len(timeline.tracks):
        marked = time.TimeRange(time.RationalTime(0, rate), time.RationalTime(1, rate))
        marker = otio.schema.Marker(name=clip.title, marked_range=marked)
        marker.metadata["vidpipe"] = {"note": clip.note}
        timeline.tracks[0].markers.append(marker)
    return timeline
