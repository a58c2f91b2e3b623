"""The queue's own door: one message is queued again and again, as a caller that retries does."""

import asyncio
import importlib
import random
import subprocess
import sys

import grpc

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
METHOD = "/staffetta.queue.v1.QueueService/"
_ADMIN_METHOD = "/staffetta.queue.v1.QueueAdminService/"


def generated(directory, protos):
    """The Python modules of the queue's protos by name, made by protoc."""
    files = sorted(protos.glob("staffetta/queue/v1/*.proto"))
    subprocess.run(["protoc", f"-I{protos}", f"--python_out={directory}", *files,
                    protos / "staffetta/mail/v1/mail.proto"], check=True)
    sys.path.insert(0, str(directory))
    return {file.stem: importlib.import_module(f"staffetta.queue.v1.{file.stem}_pb2")
            for file in files}


class Queue:
    """A client of the queue service at `endpoint`."""

    def __init__(self, modules, endpoint, key_file):
        self.messages = modules["queue"]
        self._admin = modules.get("admin")
        self._endpoint = endpoint
        self._metadata = (("authorization", f"Bearer {key_file.read_text().strip()}"),)

    async def enqueue(self, request):
        """None, or what went wrong."""
        async with grpc.aio.insecure_channel(self._endpoint) as channel:
            call = channel.unary_unary(METHOD + "Enqueue")
            try:
                answer = self.messages.EnqueueResponse.FromString(await call(
                    request.SerializeToString(), metadata=self._metadata, timeout=2))
                return answer.results[0].refusal or None
            except grpc.aio.AioRpcError as error:
                return error.code()

    async def resume_set_aside(self):
        """What the queue has set aside because its workers died goes on; how many there were."""
        if self._admin is None:  # a queue that sets nothing aside
            return 0
        request = self._admin.ChangeDeliveriesRequest(
            selector=self.messages.Selector(state=self.messages.DELIVERY_STATE_SET_ASIDE),
            change=self._admin.DELIVERY_CHANGE_RESUME, reason="chaos")
        resumed = 0
        async with grpc.aio.insecure_channel(self._endpoint) as channel:
            call = channel.unary_unary(_ADMIN_METHOD + "ChangeDeliveries")
            try:
                while True:
                    answer = self._admin.ChangeDeliveriesResponse.FromString(await call(
                        request.SerializeToString(), metadata=self._metadata, timeout=10))
                    resumed += answer.changed
                    request.page_token = answer.next_page_token
                    if not request.page_token:
                        return resumed
            except grpc.aio.AioRpcError:
                return resumed  # the caller asks again

    def request(self, mail, user, hold):
        """A request for this mail, under an id of our own, to be held for so many seconds."""
        request = self.messages.EnqueueRequest()
        message = request.messages.add()
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
