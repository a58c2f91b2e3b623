#pragma once

#include <absl/status/status.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/base/co.h"
#include "common/base/task_group.h"
#include "common/rpc/handoff.h"
#include "common/rpc/status.h"

namespace staffetta::rpc {

// Where a handler writes the messages of a server stream. Confined to the service's thread.
template <class Response>
class Writer {
 public:
  virtual ~Writer() = default;
  // Resumes when gRPC has taken the message; false: the caller is gone, end the handler.
  virtual Co<bool> Write(Response response) = 0;
  // Whether the caller is gone.
  virtual bool cancelled() const = 0;
};

// Runs the methods of one service as coroutines on its thread, for callers that hold the key.
//
// A handler `Co<absl::Status> Impl::Method(const Request*, Response*)` may use both pointers until
// it returns. A call without the key is answered UNAUTHENTICATED before any handler runs. When the
// caller cancels or its deadline passes, what the handler awaits is cancelled (if it can be). A
// method whose answer gives something away has an `unheard`, which takes an answer back that came
// too late: the caller was known to be gone before it was sent.
class Dispatcher {
 public:
  // `key` is what callers must present; `name` says in logs whose handler threw.
  Dispatcher(Executor executor, std::string key, std::string name);

  template <class Impl, class Request, class Response>
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const Request* request,
                                  Response* response, Impl* impl,
                                  Co<absl::Status> (Impl::*method)(const Request*, Response*),
                                  Co<void> (Impl::*unheard)(Response) = nullptr) {
    auto* reactor = new UnaryReactor<Response>(executor_, context, response);
    if (!Admits(*context)) {
      reactor->Finish(Unauthenticated());
      return reactor;
    }
    // gRPC calls OnDone, which deletes the reactor, only after Finish.
    reactor->handoff.Give();
    asio::post(executor_, [this, reactor, impl, method, unheard, request, response] {
      reactor->handoff.Take();
      group_.Spawn(RunUnary(reactor, impl, method, unheard, request, response), reactor->cancel);
    });
    return reactor;
  }

  template <class Impl, class Request, class Response>
  grpc::ServerWriteReactor<Response>* Stream(grpc::CallbackServerContext* context,
                                             const Request* request, Impl* impl,
                                             Co<absl::Status> (Impl::*method)(const Request*,
                                                                              Writer<Response>*)) {
    auto* reactor = new StreamReactor<Response>(executor_, context);
    if (!Admits(*context)) {
      reactor->Finish(Unauthenticated());
      return reactor;
    }
    reactor->handoff.Give();
    asio::post(executor_, [this, reactor, impl, method, request] {
      reactor->handoff.Take();
      group_.Spawn(RunStream(reactor, impl, method, request), reactor->cancel);
    });
    return reactor;
  }

  // Runs a call of this process's own (common/rpc/direct.h), on the service's thread.
  void Spawn(Co<void> call, std::shared_ptr<asio::cancellation_signal> cancel) {
    group_.Spawn(std::move(call), std::move(cancel));
  }

  // Runs a handler: cancellation ends what it awaits, not the handler itself, and an exception
  // becomes INTERNAL.
  static Co<absl::Status> Guarded(Co<absl::Status> handler);

  // Ends handlers that wait for something (long polls, streams) and resumes when none runs.
  Co<void> Drain();

  Executor executor() const { return executor_; }

 private:
  // A caller that is there and reads nothing must not hold up the end of the service.
  static constexpr std::chrono::seconds kLongestSending{5};

  // What both kinds of reactor share: the hand-over between gRPC's threads and ours, and the
  // caller's cancellation, which gRPC announces on its own thread and which is emitted on ours.
  template <class Base>
  class Reactor : public Base {
   public:
    explicit Reactor(Executor executor) : executor_(executor) {}

    void OnCancel() override {
      handoff.Take();
      asio::post(executor_, [signal = cancel] { signal->emit(asio::cancellation_type::terminal); });
    }
    void OnDone() override {
      handoff.Take();
      delete this;
    }

    // Outlives the reactor in what OnCancel posts.
    const std::shared_ptr<asio::cancellation_signal> cancel =
        std::make_shared<asio::cancellation_signal>();
    Handoff handoff;

   protected:
    const Executor executor_;
  };

  // What became of an answer. Of the service's thread.
  template <class Response>
  struct Sending {
    explicit Sending(Executor executor) : over(executor, kLongestSending) {}
    Timer over;  // cancelled when it was sent, or could not be
    bool done = false;
    std::optional<Response> unheard;
  };

  template <class Response>
  class UnaryReactor : public Reactor<grpc::ServerUnaryReactor> {
   public:
    UnaryReactor(Executor executor, const grpc::CallbackServerContext* context, Response* response)
        : Reactor<grpc::ServerUnaryReactor>(executor), context_(context), response_(response) {}

    void OnDone() override {
      this->handoff.Take();
      if (sending) {
        std::optional<Response> unheard;
        if (context_->IsCancelled()) unheard = std::move(*response_);
        asio::post(this->executor_,
                   [sending = std::move(sending), unheard = std::move(unheard)]() mutable {
                     sending->unheard = std::move(unheard);
                     sending->done = true;
                     sending->over.cancel();
                   });
      }
      delete this;
    }

    std::shared_ptr<Sending<Response>> sending;  // where somebody wants to know

   private:
    const grpc::CallbackServerContext* const context_;
    Response* const response_;
  };

  template <class Response>
  class StreamReactor : public Reactor<grpc::ServerWriteReactor<Response>>,
                        public Writer<Response> {
   public:
    StreamReactor(Executor executor, const grpc::CallbackServerContext* context)
        : Reactor<grpc::ServerWriteReactor<Response>>(executor), context_(context) {}

    Co<bool> Write(Response response) override {
      message_ = std::move(response);
      const bool written = co_await asio::async_initiate<decltype(use_co), void(bool)>(
          [this](auto handler) {
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            written_ = [executor = this->executor_, shared](bool ok) {
              asio::post(executor, [shared, ok] { std::move (*shared)(ok); });
            };
            this->handoff.Give();
            this->StartWrite(&message_);
          },
          use_co);
      co_return written;
    }
    bool cancelled() const override { return context_->IsCancelled(); }

    void OnWriteDone(bool ok) override {
      this->handoff.Take();
      std::exchange(written_, nullptr)(ok);
    }

   private:
    const grpc::CallbackServerContext* const context_;
    Response message_;
    std::function<void(bool)> written_;
  };

  template <class Impl, class Request, class Response>
  Co<void> RunUnary(UnaryReactor<Response>* reactor, Impl* impl,
                    Co<absl::Status> (Impl::*method)(const Request*, Response*),
                    Co<void> (Impl::*unheard)(Response), const Request* request,
                    Response* response) {
    const absl::Status status = co_await Guarded((impl->*method)(request, response));
    std::shared_ptr<Sending<Response>> sending;
    if (status.ok() && unheard != nullptr) {
      sending = std::make_shared<Sending<Response>>(executor_);
      reactor->sending = sending;
    }
    reactor->handoff.Give();
    reactor->Finish(ToGrpc(status));
    if (!sending) co_return;
    while (!sending->done && Timer::clock_type::now() < sending->over.expiry()) {
      boost::system::error_code cancelled;  // the caller may go away meanwhile
      co_await sending->over.async_wait(asio::redirect_error(use_co, cancelled));
    }
    if (sending->unheard) co_await (impl->*unheard)(*std::move(sending->unheard));
  }

  template <class Impl, class Request, class Response>
  static Co<void> RunStream(StreamReactor<Response>* reactor, Impl* impl,
                            Co<absl::Status> (Impl::*method)(const Request*, Writer<Response>*),
                            const Request* request) {
    const absl::Status status = co_await Guarded((impl->*method)(request, reactor));
    reactor->handoff.Give();
    reactor->Finish(ToGrpc(status));
  }

  bool Admits(const grpc::CallbackServerContext& context) const;
  static grpc::Status Unauthenticated();

  const Executor executor_;
  const std::string authorization_;
  TaskGroup group_;
};

}  // namespace staffetta::rpc
