"""Drives posts: claims one that is due, does what comes next for it, saves, and so on.

Before a request is made, the state that says which it is has been saved; so whoever comes after a
worker that died asks the platform what became of it. A post is one worker's alone for as long as
its lease lasts, which is renewed while a request goes on; a worker that lost it lets go of the
request and writes nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

import vidpipe
from vidpipe.catalog.post_states import PostState
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.tables import now
from vidpipe.errors import InputRejected, Misconfigured, Unavailable, retryable
from vidpipe.library.publishing.posts import SocialPosts
from vidpipe.library.publishing.steps import AskedRequest, PostSteps
from vidpipe.library.publishing.writes import LeaseLost, TurnOver
from vidpipe.observability import events
from vidpipe.outbound import guarded_client
from vidpipe.publishing.calls import Arrival, Reply
from vidpipe.publishing.folder import PostFolder
from vidpipe.publishing.wire import perform
from vidpipe.worker import stopping

if TYPE_CHECKING:
    import httpx

#: Posts that one process drives at the same time, and of these to one account.
_AT_ONCE, _TO_ONE = 4, 1
#: Seconds between two renewals of a lease while a request goes on.
_RENEW_S = 30.0
#: Bytes a second that a request has to come to at the least, over its whole length.
_SLOWEST = 32_768
#: Steps of a post after which others get their turn.
_STEPS = 400
#: Opens what requests are made with; whether it may reach this machine and its network.
Client = Callable[[bool], "AbstractAsyncContextManager[httpx.AsyncClient]"]


class PostDriver:
    """The chore of posts; several processes have one each over the same catalog.

    Args:
        posts: of the library.
        clock: says which moment it is.
        client: opens what requests are made with; None: guarded against one's own network.
        only: ids of the posts that it drives; None: every post that is due.
    """

    def __init__(
        self,
        posts: SocialPosts,
        *,
        clock: Callable[[], datetime] = now,
        client: Client | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        self._posts = posts
        self._steps = PostSteps(posts, clock)
        self._leases = posts.rows.leases
        self._now = clock
        self._client = client or posting_client
        self._only = () if only is None else (PostRow.post_id.in_(only),)

    # The chore

    async def work(self) -> bool:
        """Drive what is due; whether there was anything, so that there may be more by now."""
        first = await asyncio.to_thread(self._claim, Counter[str]())
        if first is None:
            return False
        driven: dict[asyncio.Task[None], str] = {}
        async with self._client(False) as outside, self._client(True) as inside:

            def begin(row: PostRow) -> None:
                private = self._posts.accounts.may_reach_private(row.platform)
                work = self.drive(inside if private else outside, row)
                driven[asyncio.create_task(work)] = row.account_id

            try:
                begin(first)
                while driven:
                    while len(driven) < _AT_ONCE and not stopping():
                        found = await asyncio.to_thread(self._claim, Counter(driven.values()))
                        if found is None:
                            break
                        begin(found)
                    done, _ = await asyncio.wait(
                        driven, timeout=1.0, return_when=asyncio.FIRST_COMPLETED
                    )
                    for task in done:
                        del driven[task]
            finally:
                for task in driven:
                    task.cancel()
                await asyncio.gather(*driven, return_exceptions=True)
        return True

    def _claim(self, at_work: Counter[str]) -> PostRow | None:
        busy = [account for account, count in at_work.items() if count >= _TO_ONE]
        free = (PostRow.account_id.not_in(busy), *self._only)
        # What is to go out is before what waits, however long that is due.
        found = self._leases.claim(1, *free, PostRow.state != PostState.WAITING)
        found = found or self._leases.claim(1, *free)
        return found[0] if found else None

    async def drive(self, client: httpx.AsyncClient, row: PostRow) -> None:
        """Drive a post that was claimed until it waits for something, or has ended.

        What cannot be written down is taken up again when the lease ends.
        """
        try:
            try:
                await self._drive(client, row)
            except Misconfigured as error:
                events.warning("post_drive_deferred", message=str(error), post_id=row.post_id)
                await asyncio.to_thread(self._steps.unreadable, row, str(error))
        except LeaseLost:
            events.warning("post_lease_lost", post_id=row.post_id)
        except Exception as error:
            said = {"post_id": row.post_id, "platform": row.platform}
            if retryable(error):
                events.warning("post_drive_deferred", message=str(error), **said)
            else:
                events.error("post_drive_broken", cause=error, **said)

    async def _drive(self, client: httpx.AsyncClient, row: PostRow) -> None:
        for _ in range(_STEPS):
            if stopping():
                break
            found = await asyncio.to_thread(self._steps.before, row)
            if found is TurnOver.OVER:
                return
            if isinstance(found, PostRow):
                row = found
                continue
            reply, words = await self._ask(client, found)
            after = await asyncio.to_thread(self._steps.after, found, reply, words)
            if after is TurnOver.OVER:
                return
            row = after
        await asyncio.to_thread(self._steps.later, row)

    # A request

    async def _ask(self, client: httpx.AsyncClient, asked: AskedRequest) -> tuple[Reply, str]:
        """Make it; what is answered, and why nothing is where it is a file's fault.

        Raises:
            LeaseLost: somebody else has the post by now.
        """
        lease_ends = asked.row.due_at
        if lease_ends is not None and lease_ends <= self._now():
            # The machine slept since it was saved: another may have asked the same by now.
            raise LeaseLost
        work = asyncio.create_task(self._perform(client, asked))
        call = asked.call
        longest_s = 3 * call.timeout_s + call.size / _SLOWEST
        begun = asyncio.get_running_loop().time()
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=_RENEW_S)
                if work.done():
                    break
                if not await asyncio.to_thread(self._leases.extend, asked.row):
                    raise LeaseLost
                if asyncio.get_running_loop().time() - begun > longest_s:
                    return Reply(Arrival.UNANSWERED, why="timeout"), ""
            return work.result(), ""
        except (InputRejected, Unavailable) as error:
            return Reply(Arrival.UNANSWERED, why="file"), str(error)
        finally:
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    async def _perform(self, client: httpx.AsyncClient, asked: AskedRequest) -> Reply:
        if isinstance(asked.machine, PostFolder):
            return await asyncio.to_thread(asked.machine.act, asked.call, asked.files)
        return await perform(client, asked.call, asked.token, asked.files)


def posting_client(private: bool) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """What requests for accounts are made with; it may reach this network where `private`."""
    client = guarded_client(
        allow_private=private,
        timeout_s=60.0,
        headers={"User-Agent": f"vidpipe/{vidpipe.__version__}"},
    )
    # Accounts of one platform are of several channels: none is told another's cookies.
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client
