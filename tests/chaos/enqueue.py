"""The queue's own door: the same message is queued again and again, as a caller that retries does."""

import asyncio
import importlib
import random
import subprocess
import sys

import grpc

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
METHOD = "/staffetta.queue.v1.QueueService/"


def generated(directory, protos):
    """The Python module of queue.proto, made by protoc."""
    subprocess.run(["protoc", f"-I{protos}", f"--python_out={directory}",
                    *(f"{protos}/staffetta/{part}/v1/{part}.proto" for part in ("queue", "mail"))],
                   check=True)
    sys.path.insert(0, str(directory))
    return importlib.import_module("staffetta.queue.v1.queue_pb2")


class Queue:
    """A client of the queue service at `endpoint`."""

    def __init__(self, messages, endpoint, key_file):
        self.messages = messages
        self._endpoint = endpoint
        self._metadata = (("authorization", f"Bearer {key_file.read_text().strip()}"),)

    async def enqueue(self, request):
        """None, or the code of what went wrong."""
        async with grpc.aio.insecure_channel(self._endpoint) as channel:
            call = channel.unary_unary(
                METHOD + "Enqueue",
                request_serializer=self.messages.EnqueueRequest.SerializeToString,
                response_deserializer=self.messages.EnqueueResponse.FromString)
            try:
                await call(request, metadata=self._metadata, timeout=2)
                return None
            except grpc.aio.AioRpcError as error:
                return error.code()

    def request(self, mail, user, hold):
        """A request for this mail, under an id of our own, to be held for so many seconds."""
        request = self.messages.EnqueueRequest()
        message = request.message
        message.message_id = "".join(random.choices(_ALPHABET, k=20)) + "00"
        message.envelope.account_id = int(user.account)
        message.envelope.user = user.name
        message.envelope.sender = mail.sender
        message.envelope.channel = "shared"
        message.recipients.extend(mail.recipients)
        message.content = (b"Received: by chaos id " + message.message_id.encode() + b"\r\n" +
                           mail.content)
        setattr(message, "class", 3)
        message.schedule_time.GetCurrentTime()
        message.schedule_time.seconds += hold
        return request

    async def enqueue_again(self, request, times):
        """At once and one after the other; True: it is queued, else perhaps."""
        together = await asyncio.gather(*(self.enqueue(request) for _ in range(times)))
        codes = [*together, *[await self.enqueue(request) for _ in range(times)]]
        return None in codes
