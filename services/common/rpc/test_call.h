#pragma once

// For tests: one call, with the calling thread blocked until it is answered.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <functional>
#include <utility>

#include "common/base/runtime.h"
#include "common/rpc/client.h"

namespace staffetta::rpc {

template <class Client, class Method, class Request, class Response>
Co<void> CallInto(const Client* client, Method method, Request request,
                  absl::StatusOr<Response>* result) {
  *result = co_await client->Call(method, std::move(request), absl::Seconds(10));
}

template <class Client, class Request, class Response>
absl::StatusOr<Response> BlockOnCall(
    const Runtime& runtime, const Client& client,
    void (Client::Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                  std::function<void(grpc::Status)>),
    Request request) {
  absl::StatusOr<Response> result = absl::UnknownError("never set");
  runtime.Block(CallInto(&client, method, std::move(request), &result));
  return result;
}

}  // namespace staffetta::rpc
