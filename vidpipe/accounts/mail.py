"""Messages to users: by SMTP, or into the log where no server is set."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from vidpipe.accounts.model import Grant
from vidpipe.accounts.options import MailOptions
from vidpipe.accounts.users import Purpose
from vidpipe.errors import Unavailable
from vidpipe.extras import from_extra
from vidpipe.observability import events


@dataclass(frozen=True)
class Mail:
    """One message.

    Attributes:
        to: the address.
        subject: one line.
        text: plain.
    """

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends a message, or says why it cannot."""

    async def send(self, mail: Mail) -> None:
        """Hand a message over.

        Raises:
            Unavailable: the server did not take it.
        """


class LogMailer:
    """For development: whoever reads the log follows the links."""

    async def send(self, mail: Mail) -> None:
        """Write the message into the log, with its link; not where that is JSON, which is kept."""
        events.warning(
            "mail_send_skipped",
            why="no SMTP server is set (VIDPIPE_ACCOUNTS__MAIL__HOST); on a terminal, or with "
            "VIDPIPE_LOG__FORMAT=console, the message stands here",
            private=f"to {mail.to}:\n{mail.text}",
        )


class SmtpMailer:
    """Hands messages to an SMTP server."""

    def __init__(self, options: MailOptions) -> None:
        self._options = options

    async def send(self, mail: Mail) -> None:
        """Send a message.

        Raises:
            Unavailable: the server cannot be reached, or refused it.
        """
        with from_extra("service"):
            import aiosmtplib
        message = EmailMessage()
        message["From"] = self._options.sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        options = self._options
        try:
            await aiosmtplib.send(
                message,
                hostname=options.host,
                port=options.port,
                use_tls=options.security == "tls",
                # Without it the server's offer alone would decide, which others can take away.
                start_tls=options.security == "starttls",
                username=options.user or None,
                password=options.password.get_secret_value() or None,
                timeout=options.timeout_s,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            said = f"the SMTP server {options.host} did not take a message: {type(error).__name__}"
            raise Unavailable(said) from error


def mailer(options: MailOptions) -> Mailer:
    """The one that the settings lead to."""
    return SmtpMailer(options) if options.host else LogMailer()


_SUBJECTS = {
    Purpose.VERIFY: "Confirm your address",
    Purpose.RESET: "Choose a new password",
    Purpose.INVITE: "You are invited to vidpipe",
}
_TEXTS = {
    Purpose.VERIFY: "This address was registered with vidpipe. Choose a password if it was you",
    Purpose.RESET: "Someone asked for a new password for this address. Choose one if it was you",
    Purpose.INVITE: "You are invited to vidpipe. Choose a password",
}
_LASTS = {Purpose.VERIFY: "two days", Purpose.RESET: "an hour", Purpose.INVITE: "seven days"}


def link_mail(to: str, purpose: Purpose, token: str, public_url: str) -> Mail:
    """A message with a one-time token.

    Args:
        to: the address.
        purpose: what the token is for.
        token: the token.
        public_url: where the service is, for the address that takes the token.
    """
    where = f"{public_url.rstrip('/')}/account/{purpose.value}"
    text = (
        f"{_TEXTS[purpose]}:\n\n{where}?code={token}\n\n"
        f"Where that does not open, enter this code at {where}:\n\n    {token}\n\n"
        f"It is good once, for {_LASTS[purpose]}. If it was not you, do nothing.\n"
    )
    return Mail(to, _SUBJECTS[purpose], text)


def offer_mail(to: str, grant: Grant, code: str, public_url: str) -> Mail:
    """A message to someone who has an account and is offered a role.

    Args:
        to: their address.
        grant: the role, and where.
        code: what accepts it.
        public_url: where the service is, for the address that takes the code.
    """
    where = f"{public_url.rstrip('/')}/account/join"
    place = grant.organisation if grant.channel is None else f"the channel {grant.channel}"
    text = (
        f"You are invited to {place} as {grant.role.name.lower()}. Accept it here:\n\n"
        f"{where}?code={code}\n\n"
        f"Where that does not open, enter this code at {where}:\n\n    {code}\n\n"
        "It is good once, for seven days. If you do not want the role, do nothing.\n"
    )
    return Mail(to, f"You are invited to {place}", text)


def known_mail(to: str) -> Mail:
    """What someone gets who registers again: the answer to the request says nothing of it."""
    text = (
        "Someone registered this address with vidpipe, which has an account already. If it was "
        "you, log in, or ask for a new password. If it was not you, do nothing.\n"
    )
    return Mail(to, "You have an account", text)
