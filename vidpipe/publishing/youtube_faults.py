"""What YouTube's refusals mean, by the reason that they name."""

from __future__ import annotations

from collections.abc import Mapping

from vidpipe.publishing.faults import FaultRule
from vidpipe.publishing.model import Remedy

_CHANGE = Remedy.FIX
_SESSION = FaultRule(Remedy.RESTART, "The upload session has expired at YouTube.")

FAULTS: Mapping[str, FaultRule] = {
    "chunk:404": _SESSION,
    "chunk:410": _SESSION,
    "ask:404": _SESSION,
    "ask:410": _SESSION,
    "authError": FaultRule(Remedy.REFRESH, "The access token is not valid any more."),
    "authorizationRequired": FaultRule(Remedy.REFRESH, "The access token is not valid any more."),
    "youtubeSignupRequired": FaultRule(
        Remedy.RECONNECT,
        "This Google account has no YouTube channel: create one, then connect it again.",
    ),
    "insufficientPermissions": FaultRule(
        Remedy.RECONNECT,
        "The account did not allow everything that is needed: connect it again and allow all.",
    ),
    "accountSuspended": FaultRule(
        Remedy.RECONNECT,
        "YouTube has suspended this account: see why in YouTube Studio, and connect it again "
        "afterwards.",
    ),
    "accountClosed": FaultRule(Remedy.RECONNECT, "This account is closed: connect another one."),
    "quotaExceeded": FaultRule(
        Remedy.WAIT,
        "Today's quota of the Google project is used up; it is renewed at midnight Pacific time.",
        until="pacific_midnight",
    ),
    "dailyLimitExceeded": FaultRule(
        Remedy.WAIT,
        "Today's quota of the Google project is used up; it is renewed at midnight Pacific time.",
        until="pacific_midnight",
    ),
    "rateLimitExceeded": FaultRule(
        Remedy.WAIT, "YouTube asks for a pause: too many requests.", 60.0
    ),
    "userRateLimitExceeded": FaultRule(
        Remedy.WAIT, "YouTube asks for a pause: too many requests of this account.", 60.0
    ),
    "uploadRateLimitExceeded": FaultRule(
        Remedy.WAIT, "The channel has uploaded too much in a short time.", 3600.0
    ),
    "uploadLimitExceeded": FaultRule(
        Remedy.WAIT,
        "The channel has reached its own limit of uploads (not the project's quota); YouTube "
        "lifts it within a day, for new channels after more.",
        86_400.0,
    ),
    "invalidTitle": FaultRule(_CHANGE, "YouTube does not take the title: change it."),
    "invalidDescription": FaultRule(_CHANGE, "YouTube does not take the description: change it."),
    "invalidTags": FaultRule(_CHANGE, "YouTube does not take the tags: change them."),
    "invalidCategoryId": FaultRule(
        _CHANGE, "YouTube has no such category in this country: choose another one."
    ),
    "invalidPublishAt": FaultRule(
        _CHANGE, "YouTube does not take the time of publication: choose one in the future."
    ),
    "invalidFilename": FaultRule(
        _CHANGE, "YouTube does not take the file's name: take another export."
    ),
    "invalidVideoMetadata": FaultRule(
        _CHANGE, "YouTube does not take title, description or category: change them."
    ),
    "invalidRecordingDetails": FaultRule(
        _CHANGE,
        "YouTube does not take place or day: report this as a fault of vidpipe, which sends none.",
    ),
    "invalidVideoGameRating": FaultRule(
        _CHANGE,
        "YouTube does not take the rating: report this as a fault of vidpipe, which sends none.",
    ),
    "defaultLanguageNotSet": FaultRule(_CHANGE, "The post needs a language: set it."),
    "mediaBodyRequired": FaultRule(Remedy.RESTART, "The upload held no video."),
    "forbiddenPrivacySetting": FaultRule(
        _CHANGE, "The channel may not post with this privacy: choose another one."
    ),
    "forbiddenLicenseSetting": FaultRule(
        _CHANGE,
        "The channel may not use this licence: set its default in YouTube Studio to YouTube's own.",
    ),
    "forbiddenEmbedSetting": FaultRule(
        _CHANGE, "The channel may not change embedding: leave it allowed for this post."
    ),
    "videoNotFound": FaultRule(
        Remedy.GIVE_UP,
        "The video is not on YouTube any more: post it again if it was not meant to go.",
    ),
    "forbidden": FaultRule(
        Remedy.GIVE_UP,
        "YouTube does not allow this: the channel may need to be verified, or this video or "
        "playlist is another channel's.",
    ),
    "imageFormatUnsupported": FaultRule(
        Remedy.GIVE_UP, "YouTube takes JPEG and PNG only: set another thumbnail in YouTube Studio."
    ),
    "imageTooTall": FaultRule(
        Remedy.GIVE_UP, "The thumbnail is too tall: set another one in YouTube Studio."
    ),
    "imageTooWide": FaultRule(
        Remedy.GIVE_UP, "The thumbnail is too wide: set another one in YouTube Studio."
    ),
    "mediaDownloadFailed": FaultRule(
        Remedy.GIVE_UP, "The thumbnail could not be read: set another one in YouTube Studio."
    ),
    "captionExists": FaultRule(Remedy.LOOK, "There are captions of this language and name."),
    "contentRequired": FaultRule(
        Remedy.GIVE_UP,
        "The file of captions is empty: add captions in YouTube Studio, or post without.",
    ),
    "playlistNotFound": FaultRule(
        Remedy.GIVE_UP, "There is no such playlist: correct its id in the channel's rules."
    ),
    "playlistContainsMaximumNumberOfVideos": FaultRule(
        Remedy.GIVE_UP, "The playlist is full: name another one in the channel's rules."
    ),
    "playlistItemsNotAccessible": FaultRule(
        Remedy.GIVE_UP, "The playlist is another channel's: name one of this channel in its rules."
    ),
    "duplicate": FaultRule(
        Remedy.GIVE_UP, "The video is in the playlist already: nothing is to be done."
    ),
    "videoAlreadyInPlaylist": FaultRule(
        Remedy.GIVE_UP, "The video is in the playlist already: nothing is to be done."
    ),
    "backendError": FaultRule(Remedy.LOOK, "YouTube failed for the moment."),
    "internalError": FaultRule(Remedy.LOOK, "YouTube failed for the moment."),
}

#: Why a video was rejected (`status.rejectionReason`).
REJECTED: Mapping[str, str] = {
    "claim": "YouTube rejected the video: somebody claims what is in it.",
    "copyright": "YouTube rejected the video for an infringement of copyright.",
    "duplicate": "YouTube rejected the video: it has the same one already.",
    "inappropriate": "YouTube rejected the video for its content.",
    "legal": "YouTube rejected the video for legal reasons.",
    "length": "YouTube rejected the video: it is longer than this channel may post.",
    "termsOfUse": "YouTube rejected the video: it is against the terms of use.",
    "trademark": "YouTube rejected the video for an infringement of a trademark.",
    "uploaderAccountClosed": "YouTube rejected the video: the account is closed.",
    "uploaderAccountSuspended": "YouTube rejected the video: the account is suspended.",
}

#: Why an upload failed (`status.failureReason`).
FAILED: Mapping[str, str] = {
    "codec": "YouTube could not read the video: its codec is not supported.",
    "conversion": "YouTube could not convert the video.",
    "emptyFile": "YouTube got an empty file.",
    "invalidFile": "YouTube does not take this kind of file.",
    "tooSmall": "YouTube got a file that is too small.",
    "uploadAborted": "The upload to YouTube was ended before it was complete.",
}
