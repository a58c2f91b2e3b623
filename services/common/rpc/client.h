#pragma once

#include <absl/status/statusor.h>
#include <absl/time/clock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <atomic>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "common/base/co.h"
#include "common/rpc/direct.h"
#include "common/rpc/handoff.h"
#include "common/rpc/peers.h"
#include "common/rpc/status.h"

namespace staffetta::rpc {

// What a call in flight owns; gRPC refers to it until it calls back.
template <class Request, class Response>
struct PendingCall {
  grpc::ClientContext context;
  Request request;
  Response response;
  Handoff handoff;
};

inline void Prepare(const Peer& peer, absl::Duration timeout, grpc::ClientContext* context) {
  context->AddMetadata("authorization", peer.authorization);
  context->set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

// A server stream, read one message at a time. Confined to the executor's thread but for the
// callbacks, which hand over to it. Destroying the handle cancels the call.
template <class Response>
class StreamReader {
 public:
  // Takes over a started stream.
  template <class Async, class Request>
  StreamReader(Executor executor, const Peer& peer, absl::Duration timeout, Async* async,
               void (Async::*method)(grpc::ClientContext*, const Request*,
                                     grpc::ClientReadReactor<Response>*),
               Request request)
      : call_(std::make_shared<Call<Request>>(executor, std::move(request))) {
    Prepare(peer, timeout, &call_->context);
    auto* call = static_cast<Call<Request>*>(call_.get());
    call->self = call_;
    (async->*method)(&call->context, &call->request, call);
    call->AddHold();
    call->StartCall();
  }
  ~StreamReader() {
    if (!call_) return;
    call_->context.TryCancel();
    call_->Release();
  }
  StreamReader(StreamReader&&) noexcept = default;
  StreamReader& operator=(StreamReader&&) = delete;

  // The next message; OUT_OF_RANGE when the server ended the stream in order, else its error. After
  // an error the stream is over. One at a time.
  Co<absl::StatusOr<Response>> Next() {
    const std::shared_ptr<CallBase> call = call_;
    bool arrived = false;
    if (!call->ended) {
      arrived = co_await asio::async_initiate<decltype(use_co), void(bool)>(
          [call](auto handler) { call->Read(std::move(handler)); }, use_co);
    }
    if (arrived) co_return std::move(call->message);
    call->ended = true;
    if (call->status.ok()) co_return absl::OutOfRangeError("end of stream");
    co_return FromGrpc(call->status);
  }

 private:
  // Lives until gRPC calls OnDone, however long the handle lives.
  class CallBase : public grpc::ClientReadReactor<Response> {
   public:
    explicit CallBase(Executor executor) : executor_(executor) {}

    template <class Handler>
    void Read(Handler handler) {
      auto shared = std::make_shared<Handler>(std::move(handler));
      handler_ = [executor = executor_, work = asio::make_work_guard(executor_),
                  shared](bool arrived) {
        asio::post(executor, [shared, arrived] { std::move (*shared)(arrived); });
      };
      handoff_.Give();
      this->StartRead(&message);
    }

    // The hold keeps gRPC from calling OnDone between two reads; given up once.
    void Release() {
      if (!released_.exchange(true)) this->RemoveHold();
    }

    void OnReadDone(bool arrived) override {
      handoff_.Take();
      // When nothing arrived OnDone follows, and only it knows the status.
      if (arrived) {
        std::exchange(handler_, nullptr)(true);
      } else {
        Release();
      }
    }

    void OnDone(const grpc::Status& end) override {
      handoff_.Take();
      status = end;
      if (handler_) std::exchange(handler_, nullptr)(false);
      // Not destroyed here, see Client::Start.
      asio::post(executor_, [self = std::move(self)] {});
    }

    grpc::ClientContext context;
    Response message;
    grpc::Status status;
    bool ended = false;
    std::shared_ptr<CallBase> self;

   private:
    const Executor executor_;
    std::function<void(bool)> handler_;
    std::atomic<bool> released_{false};
    Handoff handoff_;
  };

  template <class Request>
  class Call : public CallBase {
   public:
    Call(Executor executor, Request r) : CallBase(executor), request(std::move(r)) {}
    const Request request;
  };

  std::shared_ptr<CallBase> call_;
};

// Calls one service's methods from coroutines. Thread-safe; each call resumes on the executor of
// the coroutine that made it.
template <class Service>
class Client {
 public:
  using Async = typename Service::StubInterface::async_interface;

  explicit Client(std::shared_ptr<const Peer> peer)
      : peer_(std::move(peer)), stub_(Service::NewStub(peer_->channel)) {}

  // A unary call: `co_await queue.Call(&Queue::Async::Enqueue, request)`. Ends after `timeout` at
  // the latest (default: the peer's), with DEADLINE_EXCEEDED; cancelling the coroutine cancels the
  // call.
  template <class Request, class Response>
  Co<absl::StatusOr<Response>> Call(void (Async::*method)(grpc::ClientContext*, const Request*,
                                                          Response*,
                                                          std::function<void(grpc::Status)>),
                                    Request request,
                                    std::optional<absl::Duration> timeout = std::nullopt) const {
    if (peer_->direct != nullptr) {
      if (const auto* local = peer_->direct->template Find<Request, Response>()) {
        co_return co_await local->Call(std::move(request), timeout.value_or(peer_->timeout));
      }
    }
    using Pending = PendingCall<Request, Response>;
    auto call = std::make_shared<Pending>();
    call->request = std::move(request);
    Prepare(*peer_, timeout.value_or(peer_->timeout), &call->context);
    const Executor executor = co_await asio::this_coro::executor;
    const grpc::Status status = co_await asio::async_initiate<decltype(use_co), void(grpc::Status)>(
        [async = static_cast<Async*>(stub_->async()), method, call, executor](auto handler) {
          Start(async, method, call, executor, std::move(handler));
        },
        use_co);
    call->handoff.Take();
    if (!status.ok()) co_return FromGrpc(status);
    co_return std::move(call->response);
  }

  // A server stream; `timeout` bounds all of it.
  template <class Request, class Response>
  StreamReader<Response> Read(Executor executor,
                              void (Async::*method)(grpc::ClientContext*, const Request*,
                                                    grpc::ClientReadReactor<Response>*),
                              Request request,
                              absl::Duration timeout = absl::InfiniteDuration()) const {
    return StreamReader<Response>(executor, *peer_, timeout, static_cast<Async*>(stub_->async()),
                                  method, std::move(request));
  }

 private:
  template <class Method, class Pending, class Handler>
  static void Start(Async* async, Method method, std::shared_ptr<Pending> call, Executor executor,
                    Handler handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([call](asio::cancellation_type) { call->context.TryCancel(); });
    }
    auto shared = std::make_shared<Handler>(std::move(handler));
    call->handoff.Give();
    (async->*method)(&call->context, &call->request, &call->response,
                     [call, shared, executor,
                      work = asio::make_work_guard(executor)](grpc::Status status) mutable {
                       call->handoff.Give();
                       // The call goes along: were it destroyed on this thread of gRPC's, and the
                       // channel with it, gRPC would wait for the thread that it runs on.
                       asio::post(executor, [call = std::move(call), shared = std::move(shared),
                                             status = std::move(status)]() mutable {
                         asio::get_associated_cancellation_slot(*shared).clear();
                         std::move (*shared)(std::move(status));
                       });
                     });
  }

  std::shared_ptr<const Peer> peer_;
  std::unique_ptr<typename Service::Stub> stub_;
};

}  // namespace staffetta::rpc
