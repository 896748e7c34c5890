"""What is checked of every post before anything is sent."""

from __future__ import annotations

from vidpipe.publishing.model import PostRefusal, Publication


def conformance(post: Publication) -> list[PostRefusal]:
    """The rules of the platform's preset that the file does not keep."""
    return [
        PostRefusal(
            field="video", words=f"{rule.rule}: {rule.measured}, the platform wants {rule.wanted}."
        )
        for rule in post.rules
        if not rule.ok
    ]


def over(field: str, measured: float, most: float, unit: str) -> list[PostRefusal]:
    """A refusal where something is longer or larger than the platform takes."""
    if measured <= most:
        return []
    words = f"{measured:g} {unit}, the platform takes at most {most:g}."
    return [PostRefusal(field=field, words=words)]
