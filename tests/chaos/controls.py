"""Faults that are planted outside the product and must unbalance the books."""

import asyncio
import dataclasses

import grpc

from enqueue import METHOD
from plan import Fault
from stage import free_port


class NoControl:
    """Nothing is planted; what the others share."""
    fsync = "always"

    def plan(self, plan):
        """The plan that is carried out in place of this one."""
        return plan

    async def begin(self, world):
        """Before the first fault."""

    async def end(self):
        """When all mail has gone."""


class EverySec(NoControl):
    """Redis syncs once a second, and crashes lose what it has not synced."""
    fsync = "everysec"

    def plan(self, plan):
        return [dataclasses.replace(fault, kind="torn-tail", about="", seconds=1.0)
                if fault.number % 3 == 0 else fault for fault in plan]


class _Doctor(NoControl):
    """Stands before the queue service and passes on its calls, but for what a subclass doctors."""

    def __init__(self):
        self._server = None
        self._queue = None
        self.messages = None

    async def begin(self, world):
        self.messages = world.queue.messages
        self._queue = grpc.aio.insecure_channel(world.relay.listen["queue"])
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers([_AnyMethod(self._answer)])
        address = f"127.0.0.1:{free_port()}"
        self._server.add_insecure_port(address)
        await self._server.start()
        link = world.links["grpc:queue"]
        link.target = address
        link.cut()

    async def end(self):
        if self._server is not None:
            await self._server.stop(None)
            await self._queue.close()

    async def doctor(self, method, request, call):
        """The answer; call() is what the queue says."""
        raise NotImplementedError

    async def _answer(self, method, request, context):
        metadata = [(key, value) for key, value in context.invocation_metadata()
                    if key == "authorization"]
        left = context.time_remaining()

        def call():
            return self._queue.unary_unary(method)(request, metadata=metadata, timeout=left)

        try:
            return await self.doctor(method.removeprefix(METHOD), request, call)
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details())


class LyingGateway(_Doctor):
    """250 is said before the message is written."""

    def __init__(self):
        super().__init__()
        self._writing = set()

    def plan(self, plan):
        return [*(Fault(0, "step", "before-the-write", 0.0, 0.3) for _ in range(3)), *plan]

    async def doctor(self, method, request, call):
        if method != "Enqueue":
            return await call()
        task = asyncio.ensure_future(_whatever_comes(call()))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        told = [self.messages.EnqueueResult(message_id=message.message_id)
                for message in self.messages.EnqueueRequest.FromString(request).messages]
        return self.messages.EnqueueResponse(durability=1, results=told).SerializeToString()


class NoFencing(_Doctor):
    """Two workers hold each lease, and neither hears that it has lost it."""

    def __init__(self):
        super().__init__()
        self._leased = {}  # by worker: answers that the others were given

    async def begin(self, world):
        await super().begin(world)
        await asyncio.to_thread(world.relay.replica, "delivery")

    async def doctor(self, method, request, call):
        if method == "Lease":
            return await self._lease(request, call)
        answer = await call()
        if method not in ("Renew", "Complete"):
            return answer
        response = getattr(self.messages, method + "Response").FromString(answer)
        response.ClearField("lost_lease_ids")
        return response.SerializeToString()

    async def _lease(self, request, call):
        worker = self.messages.LeaseRequest.FromString(request).worker
        waiting = self._leased.setdefault(worker, [])
        if waiting:
            return waiting.pop(0)
        answer = await call()
        for other, answers in self._leased.items():
            if other != worker:
                answers.append(answer)
        return answer


class _AnyMethod(grpc.GenericRpcHandler):
    """Calls with one request and one response, as bytes."""

    def __init__(self, answer):
        self._answer = answer

    def service(self, handler_call_details):
        method = handler_call_details.method

        async def handle(request, context):
            return await self._answer(method, request, context)

        return grpc.unary_unary_rpc_method_handler(handle)


async def _whatever_comes(call):
    try:
        await call
    except grpc.aio.AioRpcError:
        pass


CONTROLS = {"lying-gateway": LyingGateway, "everysec": EverySec, "no-fencing": NoFencing}
