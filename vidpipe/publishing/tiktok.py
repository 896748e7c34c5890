"""TikTok Content Posting API v2: direct posts, and drafts in the creator's inbox.

A post is started with all that is shown, and made by the last byte: there is no request that
publishes. Until then nothing is public, and an upload whose address has expired may be begun
again. What became of the bytes is told by the post's status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from vidpipe.platforms.counting import counted
from vidpipe.publishing.calls import (
    AnswerUnusable,
    Auth,
    PlatformCall,
    Reply,
    Slice,
    as_json,
    count_at,
    list_at,
    needed,
    text_at,
    with_query,
)
from vidpipe.publishing.checks import conformance, over
from vidpipe.publishing.faults import FaultRule
from vidpipe.publishing.machine import Machine, Taker, Turn
from vidpipe.publishing.model import (
    VIDEO,
    Charge,
    Fault,
    Phase,
    PostFigures,
    PostHeld,
    PostingAccount,
    PostRefusal,
    Publication,
    Remedy,
    RemoteState,
    Task,
    Verb,
)

#: Chunks are of 5 to 64 MB, the last may have up to 128 MB; less than 5 MB are sent whole.
LEAST_CHUNK_BYTES, MOST_CHUNK_BYTES = 5_000_000, 64_000_000
CHUNK_BYTES = 10_000_000
MOST_BYTES, MOST_CHUNKS = 4 * 2**30, 1000
_TEXT_UNITS = 2200
_LOOK_S, _LONGEST_LOOK_S = 10.0, 1800.0

#: What a post's privacy is called there.
PRIVACY: Mapping[str, str] = {
    "public": "PUBLIC_TO_EVERYONE",
    "friends": "MUTUAL_FOLLOW_FRIENDS",
    "followers": "FOLLOWER_OF_CREATOR",
    "private": "SELF_ONLY",
}

_SPAM = "TikTok holds this back as possible spam:"
_EXPIRED = FaultRule(Remedy.RESTART, "The upload address has expired at TikTok.")
FAULTS: Mapping[str, FaultRule] = {
    "access_token_invalid": FaultRule(Remedy.REFRESH, "The access token is not valid any more."),
    "scope_not_authorized": FaultRule(
        Remedy.RECONNECT, "The account did not allow posting: connect it again and allow all."
    ),
    "scope_permission_missed": FaultRule(
        Remedy.RECONNECT, "The application has no permission for this: add it, connect again."
    ),
    "rate_limit_exceeded": FaultRule(Remedy.WAIT, "TikTok asks for a pause.", 60.0),
    "spam_risk_too_many_posts": FaultRule(
        Remedy.WAIT, f"{_SPAM} the account has posted too much today.", 14_400.0
    ),
    "spam_risk_too_many_pending_share": FaultRule(
        Remedy.WAIT,
        f"{_SPAM} five drafts wait in the creator's inbox; publish or delete some in the app.",
        14_400.0,
    ),
    "spam_risk_user_banned_from_posting": FaultRule(
        Remedy.RECONNECT, "TikTok does not let this account post: look at its messages."
    ),
    "reached_active_user_cap": FaultRule(
        Remedy.WAIT, "The application has reached its number of users for today.", 14_400.0
    ),
    "unaudited_client_can_only_post_to_private_accounts": FaultRule(
        Remedy.FIX,
        "TikTok has not audited this application: it may post privately only, to an account "
        "that is set to private.",
    ),
    "url_ownership_unverified": FaultRule(
        Remedy.FIX,
        "The file's domain is not verified: verify it in TikTok's developer portal, or have "
        "files sent.",
    ),
    "privacy_level_option_mismatch": FaultRule(
        Remedy.FIX, "The account does not offer this privacy: choose one that it does."
    ),
    "invalid_file_upload": FaultRule(
        Remedy.FIX, "TikTok does not take this file: take another export, MP4 with H.264."
    ),
    "invalid_params": FaultRule(
        Remedy.FIX,
        "TikTok does not take this post as it is: look at its caption and its settings, and "
        "change them.",
    ),
    "invalid_param": FaultRule(
        Remedy.FIX,
        "TikTok does not take this post as it is: look at its caption and its settings, and "
        "change them.",
    ),
    "app_version_check_failed": FaultRule(
        Remedy.GIVE_UP, "The creator's TikTok app is too old for this: update it."
    ),
    "invalid_publish_id": FaultRule(
        Remedy.GIVE_UP, "TikTok does not know this upload any more: post it again."
    ),
    "token_not_authorized_for_specified_publish_id": FaultRule(
        Remedy.RECONNECT, "The upload is another account's: connect the right one."
    ),
    "internal_error": FaultRule(Remedy.LOOK, "TikTok failed for the moment."),
    "chunk:403": _EXPIRED,
    "chunk:404": _EXPIRED,
    "chunk:410": _EXPIRED,
    "chunk:416": FaultRule(Remedy.LOOK, "TikTok has other bytes than were expected."),
}

#: Why a post failed (`fail_reason`).
FAILED: Mapping[str, str] = {
    "file_format_check_failed": "TikTok does not take the file's format.",
    "duration_check_failed": "TikTok does not take a video of this length.",
    "frame_rate_check_failed": "TikTok does not take this frame rate.",
    "picture_size_check_failed": "TikTok does not take this picture size.",
    "video_pull_failed": "TikTok could not fetch the file.",
    "publish_cancelled": "The post was cancelled.",
    "auth_removed": "The creator has disconnected this application: connect the account again.",
    "spam_risk_too_many_posts": f"{_SPAM} the account has posted too much today.",
    "spam_risk_user_banned_from_posting": "TikTok does not let this account post.",
    "spam_risk_text": f"{_SPAM} change the text.",
    "spam_risk": f"{_SPAM} look at the account's messages.",
    "internal": "TikTok failed.",
}


def chunks_of(size: int, chunk_bytes: int) -> tuple[int, int]:
    """Size of a chunk and how many there are: the last one takes what is left over."""
    if size < 2 * LEAST_CHUNK_BYTES:
        return size, 1
    chunk = max(chunk_bytes, -(-size // MOST_CHUNKS))
    chunk = min(max(chunk, LEAST_CHUNK_BYTES), MOST_CHUNK_BYTES, size)
    return chunk, size // chunk


class TikTok(Machine):
    """TikTok.

    Args:
        base: of the API.
        chunk_bytes: how much is sent at once.
    """

    name = "tiktok"
    title = "TikTok"
    faults = FAULTS
    texts_first = True
    without: Mapping[Task, str] = {
        Task.UPDATE: "TikTok lets nobody but its app change a post.",
        Task.DELETE: "TikTok lets nobody but its app delete a post: delete it there.",
    }

    def __init__(
        self, base: str = "https://open.tiktokapis.com", chunk_bytes: int = CHUNK_BYTES
    ) -> None:
        if not LEAST_CHUNK_BYTES <= chunk_bytes <= MOST_CHUNK_BYTES:
            raise ValueError(f"chunk_bytes: {LEAST_CHUNK_BYTES} to {MOST_CHUNK_BYTES}")
        super().__init__(base, ("tiktokapis.com",))
        self._chunk = chunk_bytes

    def is_unsure(self, state: RemoteState) -> bool:
        """The last byte makes the post, nothing before it does."""
        if state.armed == "chunk":
            return bool(state.memo.get("last"))
        return state.phase is Phase.PROCESSING

    def codes(self, reply: Reply) -> Sequence[str]:
        return [text_at(reply.json(), "error", "code")]

    def refused(self, reply: Reply, call: PlatformCall) -> bool:
        """Refusals come with 200, too."""
        return not reply.ok or text_at(reply.json(), "error", "code") not in ("", "ok")

    # Before

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        found = [
            *conformance(post),
            *over("text", counted(post.text, "utf16"), _TEXT_UNITS, "units of UTF-16"),
            *over("video", post.video.size_bytes, MOST_BYTES, "bytes"),
        ]
        if account.max_duration_s is not None:
            found += over("video", post.video.duration_s, account.max_duration_s, "seconds")
        if post.publish_at is not None:
            words = "TikTok has no times of publication: post it when it is due."
            found.append(PostRefusal(field="publish_at", words=words))
        if post.privacy not in PRIVACY:
            words = f"TikTok knows {', '.join(PRIVACY)}."
            found.append(PostRefusal(field="privacy", words=words))
        elif not self._offers(post, account):
            words = f"The account offers {', '.join(account.privacy_options or ())}."
            found.append(PostRefusal(field="privacy", words=words))
        if post.tiktok.brand_content and post.privacy == "private":
            words = "TikTok does not take branded content that is private."
            found.append(PostRefusal(field="tiktok.brand_content", words=words))
        return tuple(found)

    def _offers(self, post: Publication, account: PostingAccount) -> bool:
        options = account.privacy_options
        return post.draft or options is None or PRIVACY.get(post.privacy) in options

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        drafts = (Charge(bucket="tiktok.pending_drafts", amount=1),) if post.draft else ()
        return (Charge(bucket="tiktok.init", amount=1), *drafts)

    # What is asked

    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        post, account, state = turn.post, turn.account, turn.state
        if state.phase is Phase.NEW:
            if state.memo.get("creator") or post.draft:
                return self.start(post, account)
            return self._creator("creator")
        if state.phase is Phase.SENDING and state.sent < post.video.size_bytes:
            call = self.send(post, state)
            if call.public and not state.memo.get("last"):
                return state.remembering(last="sent")
            return call
        return self.look(state)

    def start(self, post: Publication, account: PostingAccount) -> PlatformCall:
        """Open a post. Without its bytes nothing comes of it: it may be opened twice."""
        size = post.video.size_bytes
        chunk, count = chunks_of(size, self._chunk)
        source = {
            "source": "FILE_UPLOAD",
            "video_size": size,
            "chunk_size": chunk,
            "total_chunk_count": count,
        }
        body: dict[str, Any] = {"source_info": source}
        place = "inbox/video/init" if post.draft else "video/init"
        if not post.draft:
            body["post_info"] = self.post_info(post, account)
        headers, content = as_json(body)
        return PlatformCall(
            name="init", verb=Verb.START, method="POST",
            url=f"{self.base}/v2/post/publish/{place}/", headers=headers, body=content,
            charges=self.estimate(post),
        )  # fmt: skip

    def post_info(self, post: Publication, account: PostingAccount) -> dict[str, Any]:
        """What is shown, and what others may do with it."""
        said = post.tiktok
        info: dict[str, Any] = {
            "title": post.text,
            "privacy_level": PRIVACY[post.privacy],
            "disable_comment": said.disable_comment or account.comment_disabled,
            "disable_duet": said.disable_duet or account.duet_disabled,
            "disable_stitch": said.disable_stitch or account.stitch_disabled,
            "brand_content_toggle": said.brand_content,
            "brand_organic_toggle": said.brand_organic,
            "is_aigc": post.synthetic,
        }
        if said.cover_ms is not None:
            info["video_cover_timestamp_ms"] = said.cover_ms
        return info

    def send(self, post: Publication, state: RemoteState) -> PlatformCall:
        """The next chunk; the last one makes the post."""
        size = post.video.size_bytes
        chunk, count = chunks_of(size, self._chunk)
        index = state.sent // chunk
        end = size if index >= count - 1 else (index + 1) * chunk
        return PlatformCall(
            name="chunk", verb=Verb.SEND, method="PUT", url=state.session,
            headers=(
                ("Content-Type", post.video.content_type),
                ("Content-Range", f"bytes {state.sent}-{end - 1}/{size}"),
            ),
            body=(Slice(VIDEO, state.sent, end),), auth=Auth.NONE, once=True,
            public=end == size and not post.draft, timeout_s=300.0,
        )  # fmt: skip

    def look(self, state: RemoteState, name: str = "status") -> PlatformCall:
        """One read of the post."""
        headers, body = as_json({"publish_id": state.remote_id})
        return PlatformCall(
            name=name, verb=Verb.LOOK, method="POST",
            url=f"{self.base}/v2/post/publish/status/fetch/", headers=headers, body=body,
            charges=(Charge(bucket="tiktok.status", amount=1),),
        )  # fmt: skip

    def review(self, turn: Turn) -> PlatformCall | None:
        return self.look(turn.state, "review")

    def lookup(self, turn: Turn) -> PlatformCall:
        state = turn.state
        return self.look(state)

    def _creator(self, name: str) -> PlatformCall:
        url = f"{self.base}/v2/post/publish/creator_info/query/"
        headers, body = as_json({})
        charges = (Charge(bucket="tiktok.creator_info", amount=1),)
        return PlatformCall(name, Verb.LOOK, "POST", url, headers, body, charges=charges)

    # What answers mean

    def takers(self) -> Mapping[str, Taker]:
        return {
            "creator": self._asked_creator,
            "init": self._opened,
            "chunk": self._kept,
            "status": self._looked,
            "review": self._reviewed,
        }

    def _asked_creator(self, turn: Turn) -> RemoteState:
        post, account, state, reply = turn.post, turn.account, turn.state, turn.reply
        found = self.check(post, self.account_read(account, reply))
        if found:
            words = " ".join(refusal.words for refusal in found)
            fault = Fault(code=f"refused:{found[0].field}", remedy=Remedy.FIX, words=words)
            return state.having(held=PostHeld.CHANGE, fault=fault)
        user = text_at(reply.json(), "data", "creator_username")
        return state.remembering(creator=user or "-")

    def _opened(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        data = reply.object().get("data")
        return state.having(
            phase=Phase.SENDING, remote_id=needed(data, "publish_id"), sent=0,
            session=self.own(needed(data, "upload_url")),
        )  # fmt: skip

    def _kept(self, turn: Turn) -> RemoteState:
        post, state, reply = turn.post, turn.state, turn.reply
        size = post.video.size_bytes
        chunk, count = chunks_of(size, self._chunk)
        index = state.sent // chunk + 1
        if reply.status == 206 and index < count:
            return state.having(sent=index * chunk)
        return state.having(phase=Phase.PROCESSING, sent=size)

    def _looked(self, turn: Turn) -> RemoteState:
        post, state, reply, now = turn.post, turn.state, turn.reply, turn.now
        data = reply.object().get("data")
        status = needed(data, "status")
        if status == "PUBLISH_COMPLETE":
            return self._complete(post, state, data)
        if status == "SEND_TO_USER_INBOX":
            return state.having(phase=Phase.DRAFTED, armed="", session="")
        if status == "FAILED":
            reason = text_at(data, "fail_reason") or "failed"
            if reason == "auth_removed":
                fault = Fault(code=reason, remedy=Remedy.RECONNECT, words=FAILED[reason])
                again = self.restarted(state.having(armed=""), now)
                return again if again.ended else again.having(held=PostHeld.ACCOUNT, fault=fault)
            return self.fatal(state, reason, FAILED.get(reason, "TikTok refused the post."))
        if status != "PROCESSING_UPLOAD" and state.phase is Phase.SENDING:
            return state.having(phase=Phase.PROCESSING, armed="")
        has = count_at(data, "uploaded_bytes") or 0
        if state.phase is not Phase.SENDING:
            return self.later(state, now, min(_LOOK_S * 1.5**state.looks, _LONGEST_LOOK_S))
        if has >= post.video.size_bytes:
            return state.having(phase=Phase.PROCESSING, armed="", sent=post.video.size_bytes)
        chunk, _ = chunks_of(post.video.size_bytes, self._chunk)
        if has % chunk:
            # A part of a chunk: TikTok takes chunks whole and in order, so the chunk again.
            has -= has % chunk
        return state.having(sent=has, armed="")

    def _reviewed(self, turn: Turn) -> RemoteState:
        """Also: moderation has ended, and the post has its address."""
        data = turn.reply.object().get("data")
        if needed(data, "status") == "FAILED":
            return self._ended_task(turn.state.having(task=Task.DELETE))
        done = needed(data, "status") == "PUBLISH_COMPLETE"
        state = self._complete(turn.post, turn.state, data) if done else turn.state
        return self._ended_task(state)

    def _complete(self, post: Publication, state: RemoteState, data: Any) -> RemoteState:
        ids = data.get("publicaly_available_post_id") if isinstance(data, dict) else None
        shown = text_at(ids, 0)
        user = state.memo.get("creator", "-")
        url = f"https://www.tiktok.com/@{user}/video/{shown}" if shown and user != "-" else ""
        return state.having(phase=Phase.PUBLISHED, post_id=shown, url=url, armed="", session="")

    def lost(self, state: RemoteState, now: datetime) -> RemoteState:
        """An upload address has expired; what it got before may be a post, so it is looked."""
        if state.remote_id and state.memo.get("asked") != state.remote_id:
            return state.remembering(asked=state.remote_id).having(armed="chunk")
        return self.restarted(state, now)

    # After

    def account(self, account: PostingAccount) -> PlatformCall | None:
        return self._creator("account")

    def account_read(self, account: PostingAccount, reply: Reply) -> PostingAccount:
        data = reply.object().get("data")
        if not isinstance(data, dict):
            raise AnswerUnusable("the answer names no creator")
        longest = count_at(data, "max_video_post_duration_sec")
        options = data.get("privacy_level_options")
        return account.model_copy(
            update={
                "name": text_at(data, "creator_nickname") or account.name,
                "privacy_options": tuple(map(str, options)) if isinstance(options, list) else None,
                "max_duration_s": float(longest) if longest else None,
                "comment_disabled": data.get("comment_disabled") is True,
                "duet_disabled": data.get("duet_disabled") is True,
                "stitch_disabled": data.get("stitch_disabled") is True,
            }
        )

    def statistics(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> tuple[PlatformCall, ...]:
        if not state.post_id:
            return ()
        fields = "id,view_count,like_count,comment_count,share_count"
        url = with_query(f"{self.base}/v2/video/query/", fields=fields)
        headers, body = as_json({"filters": {"video_ids": [state.post_id]}})
        return (PlatformCall("statistics", Verb.STATISTICS, "POST", url, headers, body),)

    def seems_gone(self, replies: Sequence[Reply]) -> bool:
        data = replies[0].json().get("data") if replies and replies[0].ok else None
        return isinstance(data, dict) and data.get("videos") == []

    def figures(self, replies: Sequence[Reply]) -> PostFigures:
        videos = list_at(replies[0].json(), "data", "videos") if replies else []
        return PostFigures(
            views=count_at(videos, 0, "view_count"),
            likes=count_at(videos, 0, "like_count"),
            comments=count_at(videos, 0, "comment_count"),
            shares=count_at(videos, 0, "share_count"),
        )
