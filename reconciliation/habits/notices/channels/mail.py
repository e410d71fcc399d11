"""Mail: one plain text to one person."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from reconciliation.habits.notices.channels.channel import Message, NotTaken


def send(message: Message, *, to: str, because: str) -> None:
    """`because` says why they get it. Raises NotTaken."""
    choose = f"{settings.PORTAL_URL}/profile/#mail"
    parts = [message.text, message.link, f"--\nYou get this because {because}. Choose what you are told of:\n{choose}"]
    mail = EmailMessage(
        subject=message.title,
        body="\n\n".join(part for part in parts if part) + "\n",
        to=[to],
        # the same for every try, so that mail programs show it once (RFC 5322, 3.6.4); nobody's holiday answers it
        # (RFC 3834, 5)
        headers={
            "Message-ID": f"<{message.id}@{urlsplit(settings.PORTAL_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    try:
        mail.send()
    except OSError as error:  # smtplib's own errors are among them
        raise NotTaken(str(error)) from error
