"""Final Cut Pro 7 XML, which Premiere Pro and DaVinci Resolve import: a sequence for each clip."""

from __future__ import annotations

import re
from urllib.parse import quote
from xml.etree import ElementTree as ET

from vidpipe.interchange.model import CutClip, CutList

_FILE = "source"
_NO_CHAR = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def fcp7_xml(cuts: CutList) -> str:
    """A project with a sequence for each clip, picture and sound cut at the same frames."""
    root = ET.Element("xmeml", version="4")
    project = ET.SubElement(root, "project")
    ET.SubElement(project, "name").text = _clean(cuts.name)
    children = ET.SubElement(project, "children")
    whole = False
    for clip in cuts.clips:
        whole = _sequence(children, cuts, clip, whole)
    ET.indent(root, "  ")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{text}\n'


def _sequence(parent: ET.Element, cuts: CutList, clip: CutClip, whole: bool) -> bool:
    """Add a sequence; whether the file is described whole by now: it is at its first use."""
    sequence = ET.SubElement(parent, "sequence", id=f"clip-{clip.clip_id}")
    ET.SubElement(sequence, "name").text = _clean(clip.title)
    ET.SubElement(sequence, "duration").text = str(clip.frames)
    _rate(sequence, cuts)
    _timecode(sequence, cuts)
    media = ET.SubElement(sequence, "media")
    if cuts.width:
        video = ET.SubElement(media, "video")
        format_ = ET.SubElement(video, "format")
        characteristics = ET.SubElement(format_, "samplecharacteristics")
        _rate(characteristics, cuts)
        ET.SubElement(characteristics, "width").text = str(cuts.width)
        ET.SubElement(characteristics, "height").text = str(cuts.height)
        whole = _track(video, cuts, clip, "video", whole)
    if cuts.has_sound:
        whole = _track(ET.SubElement(media, "audio"), cuts, clip, "audio", whole)
    if clip.note:
        marker = ET.SubElement(sequence, "marker")
        ET.SubElement(marker, "name").text = _clean(clip.title)
        ET.SubElement(marker, "comment").text = _clean(clip.note)
        ET.SubElement(marker, "in").text = "0"
        ET.SubElement(marker, "out").text = "-1"
    return whole


def _track(parent: ET.Element, cuts: CutList, clip: CutClip, kind: str, whole: bool) -> bool:
    track = ET.SubElement(parent, "track")
    at = 0
    for k, span in enumerate(clip.spans):
        item = ET.SubElement(track, "clipitem", id=f"{clip.clip_id}-{kind}-{k + 1}")
        ET.SubElement(item, "name").text = _clean(cuts.name)
        ET.SubElement(item, "duration").text = str(cuts.frames)
        _rate(item, cuts)
        for name, value in (
            ("start", at),
            ("end", at + span.frames),
            ("in", span.first),
            ("out", span.last),
        ):
            ET.SubElement(item, name).text = str(value)
        file = ET.SubElement(item, "file", id=_FILE)
        if not whole:
            _describe(file, cuts)
            whole = True
        if kind == "audio":
            source = ET.SubElement(item, "sourcetrack")
            ET.SubElement(source, "mediatype").text = "audio"
            ET.SubElement(source, "trackindex").text = "1"
        at += span.frames
    return whole


def _describe(file: ET.Element, cuts: CutList) -> None:
    ET.SubElement(file, "name").text = _clean(cuts.media.rpartition("/")[2])
    ET.SubElement(file, "pathurl").text = _clean(pathurl(cuts.media))
    _rate(file, cuts)
    ET.SubElement(file, "duration").text = str(cuts.frames)
    _timecode(file, cuts)
    media = ET.SubElement(file, "media")
    if cuts.width:
        video = ET.SubElement(media, "video")
        characteristics = ET.SubElement(video, "samplecharacteristics")
        _rate(characteristics, cuts)
        ET.SubElement(characteristics, "width").text = str(cuts.width)
        ET.SubElement(characteristics, "height").text = str(cuts.height)
    if cuts.has_sound:
        audio = ET.SubElement(media, "audio")
        ET.SubElement(audio, "channelcount").text = "2"


def pathurl(media: str) -> str:
    """Where an editor looks for the file: an address as it is, a path as a file's."""
    if "://" in media:
        return media
    return f"file://localhost/{quote(media.lstrip('/'), errors='replace')}"


def _rate(parent: ET.Element, cuts: CutList) -> None:
    rate = ET.SubElement(parent, "rate")
    ET.SubElement(rate, "timebase").text = str(cuts.timebase)
    ET.SubElement(rate, "ntsc").text = "TRUE" if cuts.fps.denominator == 1001 else "FALSE"


def _timecode(parent: ET.Element, cuts: CutList) -> None:
    code = ET.SubElement(parent, "timecode")
    _rate(code, cuts)
    ET.SubElement(code, "string").text = "00:00:00;00" if cuts.drops else "00:00:00:00"
    ET.SubElement(code, "frame").text = "0"
    ET.SubElement(code, "displayformat").text = "DF" if cuts.drops else "NDF"


def _clean(text: str) -> str:
    """Without what XML 1.0 cannot hold (its `Char`)."""
    return _NO_CHAR.sub("", text)
