"""aiosmtplib, what asyncio programs send with."""

import asyncio
import email
import email.policy
import ssl

import aiosmtplib

from client import Client, debian
from stage import Failed


async def _send(letter):
    client = aiosmtplib.SMTP(letter.host, letter.port, timeout=60,
                             use_tls=letter.transport == "tls",
                             start_tls=letter.transport == "starttls",
                             tls_context=ssl.create_default_context(cafile=letter.ca))
    async with client:
        await client.ehlo()
        login = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}[letter.auth]
        await login(letter.user, letter.password)
        message = email.message_from_bytes(letter.raw_bytes, policy=email.policy.SMTPUTF8)
        await client.send_message(message, sender=letter.sender, recipients=letter.recipients)


def send(letter):
    try:
        asyncio.run(_send(letter))
    except aiosmtplib.SMTPException as error:
        raise Failed(repr(error)) from None


CLIENT = Client(name="aiosmtplib", version=debian("python3-aiosmtplib"), send=send,
                mechanisms=("PLAIN", "LOGIN"))
