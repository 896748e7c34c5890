"""A recording that fails at a place where nobody expected it: found by mutants."""

import dataclasses
import errno

import av
import pytest

from vidpipe.errors import InputRejected, advice
from vidpipe.pipeline.rendering.renderer import Renderer
from vidpipe.programs import ProgramFailed


def failing(engine, name, number):
    """In a stage FFmpeg ends with this number."""

    def fail(*_):
        av.error.err_check(-number)

    broken = dataclasses.replace(engine.pipeline.stage(name), run=fail)
    engine.pipeline = engine.pipeline.with_stage(broken)


#: FFmpeg's word for any failure without a number of its own is -1, which is EPERM.
@pytest.mark.parametrize("number", [errno.EPERM, errno.EIO, errno.EINVAL, 1094995529])
@pytest.mark.parametrize("name", ["audio", "layout", "rendered_clips"])
def test_it_is_the_files_fault(analysed, name, number):
    engine, video_id = analysed()
    failing(engine, name, number)
    order = engine.order(video_id)
    order = dataclasses.replace(
        order, run_options=order.run_options.model_copy(update={"force": True})
    )
    with pytest.raises(InputRejected, match="export it anew") as error:
        engine.run_stage(name, video_id, order)
    assert error.value.reason == "does_not_decode"


def test_a_full_disk_is_none_of_its_faults(analysed):
    engine, video_id = analysed()
    failing(engine, "rendered_clips", errno.ENOSPC)
    with pytest.raises(OSError, match="No space") as error:
        engine.run_stage("rendered_clips", video_id, engine.order(video_id))
    assert "Make room" in advice(error.value)


@pytest.mark.parametrize("code", [69, 1])
def test_pictures_of_which_hardly_any_decodes_are_the_files_fault(analysed, monkeypatch, code):
    engine, video_id = analysed()

    def fail(*_, **__):
        raise ProgramFailed("ffmpeg", code, "Decode error rate 0.99 exceeds maximum 0.66")

    monkeypatch.setattr(Renderer, "encode", fail)
    with pytest.raises(InputRejected if code == 69 else ProgramFailed, match=r"decode|exited"):
        engine.run_stage("rendered_clips", video_id, engine.order(video_id))


def test_ffmpegs_numbers_are_not_the_systems():
    with pytest.raises(av.FFmpegError) as error:
        av.error.err_check(-errno.EPERM)
    assert advice(error.value) is None
