"""Everything that is sent to YouTube, against the document that Google's own client carries."""

import json
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import googleapiclient
import pytest

from vidpipe.publishing import youtube
from vidpipe.publishing.calls import Slice
from vidpipe.publishing.machine import Turn
from vidpipe.publishing.model import Phase, PostingAccount, Task
from vidpipe.publishing.oauth_platforms import OAUTH
from vidpipe.publishing.youtube import YouTube
from vidpipe_tests.publishing.driving import START, post_for

DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"


@cache
def document(name):
    return json.loads((DOCUMENTS / f"{name}.json").read_text("utf-8"))


def methods(found, resources):
    for one in resources.values():
        for method in one.get("methods", {}).values():
            found.append(method)
        methods(found, one.get("resources", {}))
    return found


def method_of(call):
    """The method of the document that a request is, by its verb and address."""
    parts = urlsplit(call.url)
    name = "youtubeAnalytics.v2" if parts.path.startswith("/v2/") else "youtube.v3"
    for method in methods([], document(name)["resources"]):
        paths = {"/" + method["path"]}
        for protocol in method.get("mediaUpload", {}).get("protocols", {}).values():
            paths.add(protocol["path"])
        if method["httpMethod"] == call.method and parts.path in paths:
            return method, name
    raise AssertionError(f"no such method: {call.method} {parts.path}")


def fits(value, schema, name, where):
    """Every field is known, of its type and of its values, and may be written."""
    schema = document(name)["schemas"][schema["$ref"]] if "$ref" in schema else schema
    match schema.get("type"):
        case "object":
            for key, inner in value.items():
                assert key in schema["properties"], f"{where}.{key} is not a field"
                fits(inner, schema["properties"][key], name, f"{where}.{key}")
        case "array":
            for inner in value:
                fits(inner, schema["items"], name, where)
        case "boolean":
            assert isinstance(value, bool), where
        case "string":
            assert isinstance(value, str), where
            assert value in schema.get("enum", [value]), f"{where}: {value}"
        case other:
            raise AssertionError(f"{where}: {other}")


def body_of(call):
    """What a request sends as JSON: all of it, or the first part of several."""
    text = b"".join(piece for piece in call.body if isinstance(piece, bytes))
    if dict(call.headers).get("Content-Type", "").startswith("multipart/related"):
        text = text.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
    return json.loads(text) if text else None


def requests():
    """Every request that there is to YouTube, by what it is for."""
    machine = YouTube()
    post = post_for("youtube", publish_at="2026-12-01T10:00:00Z", category="27")
    account = PostingAccount(remote_id="UC1")
    state = machine.begin(post, START).having(remote_id="vid1", session="https://x.test")

    def turn(**changes):
        return Turn(post, account, state.having(**changes).remembering(uploads="UU1"), START)

    calls = machine.calls
    adding = state.remembering(attaching="thumbnail").having(phase=Phase.ADDING)
    thumbnail = machine.next(Turn(post, account, adding, START))
    adding = adding.having(done=("thumbnail",)).remembering(attaching="captions:en")
    captions = machine.next(Turn(post, account, adding, START))
    done = ("thumbnail", "captions:en")
    adding = adding.having(done=done).remembering(attaching="playlist:PLfake")
    return {
        "session": calls.session(post),
        "status": calls.video(state),
        "publish at a time": calls.publish(post, state, START),
        "publish now": calls.publish(post.model_copy(update={"publish_at": None}), state, START),
        "update": machine.update(turn(phase=Phase.PUBLISHED, task=Task.UPDATE)),
        "withhold": machine.withhold(turn(phase=Phase.SCHEDULED, task=Task.WITHHOLD)),
        "reopen": machine.reopen(turn(phase=Phase.WITHHELD, task=Task.REOPEN)),
        "delete": machine.delete(turn()),
        "thumbnail": thumbnail,
        "captions": captions,
        "playlist": machine.next(Turn(post, account, adding, START)),
        "captions there": machine.lookup(turn(armed="captions")),
        "playlist there": machine.lookup(
            Turn(post, account, adding.having(armed="playlist"), START)
        ),
        "verify": machine.lookup(turn(armed="publish")),
        "channel": machine.next(Turn(post, account, state.having(phase=Phase.CONFIRMING), START)),
        "uploads": machine.next(turn(phase=Phase.CONFIRMING)),
        "account": machine.account(account),
        "statistics": machine.statistics(account, state, START)[0],
        "analytics": machine.statistics(account, state, START)[1],
    }


@pytest.mark.parametrize("what", requests())
def test_a_request_is_one_of_the_document(what):
    call = requests()[what]
    method, name = method_of(call)
    # Parameters of all methods, and those that say how media are sent.
    known = {*method["parameters"], *document(name)["parameters"], "uploadType"}
    query = parse_qs(urlsplit(call.url).query)
    assert set(query) <= known
    required = {k for k, v in method["parameters"].items() if v.get("required")}
    assert required <= set(query)
    for key, values in query.items():
        said = method["parameters"].get(key, {})
        assert set(values) <= set(said.get("enum", values))
        if said.get("type") == "boolean":
            assert set(values) <= {"true", "false"}
        if said.get("type") == "integer":
            assert int(said.get("minimum", 0)) <= int(values[0]) <= int(said["maximum"])
    body = body_of(call)
    if body is None:
        assert "request" not in method or call.name == "thumbnail"
    else:
        fits(body, method["request"], name, call.name)
        # What `part` does not name is not written; `id` needs no part.
        assert set(body) - {"id"} <= set(query["part"][0].split(","))


def test_no_request_is_left_out():
    """What goes to the address of an upload session is of no method: bytes, and a look."""
    asked = {call.name for call in requests().values()}
    # The machine knows what an answer means of every request that it makes for a post.
    assert set(YouTube().takers()) - asked == {"chunk", "ask", "review", "discard"}
    state = YouTube().begin(post_for("youtube"), START).having(remote_id="vid1")
    turn = Turn(post_for("youtube"), PostingAccount(remote_id="UC1"), state, START)
    for again, same in (("review", "status"), ("discard", "delete")):
        # These are others of the list under a name of their own.
        assert getattr(YouTube(), again)(turn).url == requests()[same].url


#: All that a post can say, and all that it has to.
WHOLE = {
    "privacy": "unlisted",
    "tags": ("one", "two words"),
    "language": "pt-BR",
    "category": "27",
    "made_for_kids": True,
    "synthetic": True,
    "embeddable": False,
    "notify": False,
}


@pytest.mark.parametrize("said", [WHOLE, {}], ids=["all", "nothing"])
def test_every_field_of_a_video_is_one_of_the_document(said):
    plain = {"tags": (), "language": "", "thumbnail": None, "captions": (), "playlists": ()}
    post = post_for("youtube", **{**plain, **said})
    machine, state = YouTube(), YouTube().begin(post, START).having(remote_id="vid1")
    turn = Turn(post, PostingAccount(remote_id="UC1"), state, START)
    calls, sent = machine.calls, set()
    for call in (
        calls.session(post),
        calls.publish(post, state, START),
        machine.update(turn),
    ):
        method, name = method_of(call)
        body = body_of(call)
        fits(body, method["request"], name, call.name)
        sent |= {f"{part}.{key}" for part in ("snippet", "status") for key in body.get(part, ())}
    always = {"title", "description", "categoryId"}
    more = {"tags", "defaultLanguage", "defaultAudioLanguage"} if said else set()
    status = {
        *("privacyStatus", "selfDeclaredMadeForKids", "containsSyntheticMedia"),
        *("embeddable", "license"),
    }
    wanted = {f"snippet.{key}" for key in always | more} | {f"status.{key}" for key in status}
    assert sent == wanted
    query = parse_qs(urlsplit(calls.session(post).url).query)
    assert query["notifySubscribers"] == ["false" if said else "true"]


@pytest.mark.parametrize("what", requests())
def test_the_scopes_that_are_asked_for_are_enough(what):
    method, _ = method_of(requests()[what])
    assert set(OAUTH["youtube"].scopes) & set(method["scopes"])


def test_sizes_and_kinds_are_those_of_the_document():
    videos = document("youtube.v3")["resources"]["videos"]["methods"]["insert"]["mediaUpload"]
    assert int(videos["maxSize"]) == youtube.MOST_BYTES
    thumbnails = document("youtube.v3")["resources"]["thumbnails"]["methods"]["set"]["mediaUpload"]
    assert int(thumbnails["maxSize"]) == youtube.MOST_THUMBNAIL_BYTES
    captions = document("youtube.v3")["resources"]["captions"]["methods"]["insert"]["mediaUpload"]
    assert int(captions["maxSize"]) == youtube.MOST_CAPTION_BYTES
    call = requests()["thumbnail"]
    assert dict(call.headers)["Content-Type"] in thumbnails["accept"]
    assert next(p for p in call.body if isinstance(p, Slice)).size == 5000


def test_reasons_of_rejection_and_failure_all_have_words():
    status = document("youtube.v3")["schemas"]["VideoStatus"]["properties"]
    assert set(status["rejectionReason"]["enum"]) == set(youtube.REJECTED)
    assert set(status["failureReason"]["enum"]) == set(youtube.FAILED)
