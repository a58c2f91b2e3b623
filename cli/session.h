#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <memory>
#include <ostream>
#include <string>

#include "cli/connection.h"
#include "cli/print.h"
#include "common/rpc/peers.h"

namespace staffetta::cli {

// What every command that talks to the services can be told.
struct SessionOptions {
  ConnectionOptions connection;
  absl::Duration timeout = absl::Seconds(10);  // of one call
  bool json = false;
};

// One command's conversation with the services, and its output. Calls block. Statuses that come
// out are for people to read: what happened and what to do.
class Session {
 public:
  Session(SessionOptions options, std::ostream* out) : options_(std::move(options)), out_(out) {}

  // Finds the services and the key; nothing is sent yet.
  absl::Status Open();

  // `session.Call(&AuthService::Stub::GetUser, request)`
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Prepare(options_.timeout, &context);
    Stub stub(peer_->channel);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return Explain(status, *Request::descriptor());
    return response;
  }

  // Hands each message of a stream to `use` until the service ends the stream or `use` fails.
  template <class Stub, class Request, class Response, class Use>
  absl::Status Read(std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(
                        grpc::ClientContext*, const Request&),
                    const Request& request, Use use) {
    grpc::ClientContext context;
    Prepare(absl::InfiniteDuration(), &context);
    Stub stub(peer_->channel);
    const auto reader = (stub.*method)(&context, request);
    Response response;
    while (reader->Read(&response)) {
      if (absl::Status used = use(response); !used.ok()) {
        context.TryCancel();
        reader->Finish();
        return used;
      }
    }
    const grpc::Status status = reader->Finish();
    return status.ok() ? absl::OkStatus() : Explain(status, *Request::descriptor());
  }

  bool json() const { return options_.json; }
  std::ostream& out() { return *out_; }

  // The answer as JSON, or else what `human(out)` writes.
  template <class Human>
  absl::Status Print(const google::protobuf::Message& answer, Human human) {
    if (options_.json) return PrintJson(answer);
    human(*out_);
    return Flush();
  }

  // One line.
  absl::Status PrintJson(const google::protobuf::Message& answer);

  // UNKNOWN: the output took not all that was written.
  absl::Status Flush();

 private:
  void Prepare(absl::Duration timeout, grpc::ClientContext* context) const;
  absl::Status Explain(const grpc::Status& status,
                       const google::protobuf::Descriptor& request) const;

  const SessionOptions options_;
  std::ostream* const out_;
  Connection connection_;
  std::shared_ptr<const rpc::Peer> peer_;
};

}  // namespace staffetta::cli
