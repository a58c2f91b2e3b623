#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <any>
#include <atomic>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <typeindex>
#include <unordered_map>
#include <utility>

#include "common/base/co.h"
#include "common/rpc/dispatcher.h"

namespace staffetta::rpc {

// A method of a service, for callers in the same process: the same coroutine on the same thread as
// for a call by gRPC, with a deadline and cancellation as there, but nothing is serialised and none
// of gRPC's threads stands between the two. Thread-safe.
template <class Request, class Response>
class DirectMethod {
 public:
  template <class Impl>
  DirectMethod(Dispatcher* dispatcher, Impl* impl,
               Co<absl::Status> (Impl::*method)(const Request*, Response*),
               Co<void> (Impl::*unheard)(Response))
      : service_(dispatcher->executor()),
        start_([dispatcher, impl, method, unheard](std::shared_ptr<Running> call) {
          asio::post(dispatcher->executor(),
                     [dispatcher, impl, method, unheard, call = std::move(call)] {
                       dispatcher->Spawn(Handle(call, impl, method, unheard), call->cancel);
                     });
        }) {}

  // DEADLINE_EXCEEDED after `timeout`, CANCELLED with the coroutine that calls: the handler is
  // cancelled, and may end later; its answer is taken back, where the method can.
  Co<absl::StatusOr<Response>> Call(Request request, absl::Duration timeout) const {
    const Executor executor = co_await asio::this_coro::executor;
    auto call = std::make_shared<Running>(executor, std::move(request));
    call->over.expires_after(absl::ToChronoNanoseconds(timeout));
    boost::system::error_code cut_off;
    auto token = asio::redirect_error(use_co, cut_off);
    co_await asio::async_initiate<decltype(token), void(boost::system::error_code)>(
        [this, &call](auto handler) {
          call->over.async_wait(std::move(handler));
          start_(call);
        },
        token);
    if (!call->status) {
      if (!call->settled.exchange(true)) {
        asio::post(service_,
                   [cancel = call->cancel] { cancel->emit(asio::cancellation_type::terminal); });
        if (cut_off) co_return absl::CancelledError("the call was cancelled");
        co_return absl::DeadlineExceededError("no answer in time");
      }
      // The answer is on its way.
      const bool throws = co_await asio::this_coro::throw_if_cancelled();
      co_await asio::this_coro::throw_if_cancelled(false);
      while (!call->status) {
        call->over.expires_at(Timer::time_point::max());
        co_await call->over.async_wait(token);
      }
      co_await asio::this_coro::throw_if_cancelled(throws);
    }
    if (!call->status->ok()) co_return *call->status;
    co_return std::move(call->response);
  }

 private:
  // Belongs to the service's thread until `status` is set, then to the caller's.
  struct Running {
    Running(Executor caller, Request r) : request(std::move(r)), over(caller) {}
    Request request;
    Response response;
    std::optional<absl::Status> status;
    Timer over;  // of the caller's thread: its deadline; cancelled when the status is set
    std::atomic<bool> settled{false};  // by the one that was first: the answer, or who gave it up
    // Of the service's thread.
    const std::shared_ptr<asio::cancellation_signal> cancel =
        std::make_shared<asio::cancellation_signal>();
  };

  template <class Impl>
  static Co<void> Handle(std::shared_ptr<Running> call, Impl* impl,
                         Co<absl::Status> (Impl::*method)(const Request*, Response*),
                         Co<void> (Impl::*unheard)(Response)) {
    absl::Status status =
        co_await Dispatcher::Guarded((impl->*method)(&call->request, &call->response));
    if (call->settled.exchange(true)) {
      if (status.ok() && unheard != nullptr) co_await (impl->*unheard)(std::move(call->response));
      co_return;
    }
    const Executor caller = call->over.get_executor();
    asio::post(caller, [call = std::move(call), status = std::move(status)]() mutable {
      call->status = std::move(status);
      call->over.cancel();
    });
  }

  const Executor service_;
  const std::function<void(std::shared_ptr<Running>)> start_;
};

// The methods of this process that are called directly. Filled before the first call, thread-safe
// from then on.
class DirectMethods {
 public:
  template <class Impl, class Request, class Response>
  void Add(Dispatcher* dispatcher, Impl* impl,
           Co<absl::Status> (Impl::*method)(const Request*, Response*),
           Co<void> (Impl::*unheard)(Response) = nullptr) {
    methods_.emplace(typeid(Request),
                     DirectMethod<Request, Response>(dispatcher, impl, method, unheard));
  }

  // The method that takes such requests (each has a type of its own); null: it is not among them.
  template <class Request, class Response>
  const DirectMethod<Request, Response>* Find() const {
    const auto found = methods_.find(typeid(Request));
    if (found == methods_.end()) return nullptr;
    return std::any_cast<DirectMethod<Request, Response>>(&found->second);
  }

 private:
  std::unordered_map<std::type_index, std::any> methods_;
};

}  // namespace staffetta::rpc
