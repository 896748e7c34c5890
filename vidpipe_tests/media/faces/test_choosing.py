"""Which face detector is used, and what is said of it."""

import pytest

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.media.faces import choose_faces
from vidpipe.media.faces.onnx_shapes import with_free_sizes


def nowhere(name):
    raise Unavailable(f"{name} is not here")


def test_the_best_that_can_be_had_is_used(model):
    chosen = choose_faces("auto", None, model)
    assert chosen.detector.identity.startswith("centerface:") and str(chosen) == (
        chosen.detector.identity
    )


def test_without_weights_it_is_dlib_and_that_is_said():
    chosen = choose_faces("auto", None, nowhere)
    assert chosen.detector.identity.startswith("dlib")
    assert "from the front only" in str(chosen) and "centerface is not here" in str(chosen)


def test_a_detector_that_is_asked_for_is_used_or_missing(model):
    assert choose_faces("dlib", None, nowhere).detector.identity.startswith("dlib")
    with pytest.raises(Unavailable, match="yunet is not here"):
        choose_faces("yunet", None, nowhere)
    assert choose_faces("yunet", None, model).detector.identity.startswith("yunet:")


def test_a_given_file_is_told_by_its_outputs(model):
    for name in ("centerface", "yunet"):
        found = choose_faces("auto", model(name), nowhere).detector
        assert found.identity == choose_faces(name, None, model).detector.identity
    with pytest.raises(Misconfigured, match="has no outputs"):
        choose_faces("yunet", model("centerface"), nowhere)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x3a\xff\xff\xff\xff\x0f", b"\x08" * 40])
def test_what_is_no_model_is_refused_in_words(tmp_path, content):
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"face model .*model\.onnx"):
        choose_faces("centerface", file, nowhere)
    with pytest.raises(Misconfigured, match="neither CenterFace nor YuNet"):
        choose_faces("auto", file, nowhere)
    with pytest.raises(Misconfigured, match=r"face model .*gone\.onnx"):
        choose_faces("yunet", tmp_path / "gone.onnx", nowhere)


def test_dlib_takes_no_file(tmp_path):
    with pytest.raises(Misconfigured, match="VIDPIPE_FACE_MODEL"):
        choose_faces("dlib", tmp_path / "any.onnx", nowhere)


def test_freeing_sizes_twice_changes_no_more(centerface):
    once = with_free_sizes(centerface.read_bytes())
    assert with_free_sizes(once) == once
    assert once != centerface.read_bytes()


def test_a_model_that_is_cut_off_is_refused(centerface):
    content = centerface.read_bytes()
    with pytest.raises(ValueError, match="no ONNX model"):
        with_free_sizes(content[: len(content) // 2])
