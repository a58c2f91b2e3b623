#include "cli/session.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>

#include <vector>

#include "common/rpc/status.h"

namespace staffetta::cli {
namespace {

// staffetta.<role>.v1
std::string RoleOf(const google::protobuf::Descriptor& request) {
  return std::vector<std::string>(absl::StrSplit(request.file()->package(), '.')).at(1);
}

}  // namespace

absl::Status Session::Open() {
  auto connection = FindConnection(options_.connection);
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  peer_ = rpc::RemotePeer(connection_.endpoint, connection_.key, options_.timeout);
  return absl::OkStatus();
}

absl::Status Session::PrintJson(const google::protobuf::Message& answer) {
  const auto json = Json(answer);
  if (!json.ok()) return json.status();
  *out_ << *json << '\n';
  return Flush();
}

absl::Status Session::Flush() {
  out_->flush();
  return out_->good() ? absl::OkStatus()
                      : absl::UnknownError("the output could not be written in full");
}

void Session::Prepare(absl::Duration timeout, grpc::ClientContext* context) const {
  context->AddMetadata("authorization", peer_->authorization);
  if (timeout != absl::InfiniteDuration()) {
    context->set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  }
}

absl::Status Session::Explain(const grpc::Status& status,
                              const google::protobuf::Descriptor& request) const {
  const absl::Status plain = rpc::FromGrpc(status);
  const bool is_silence = absl::IsUnavailable(plain) || absl::IsDeadlineExceeded(plain);
  // A service that is there and cannot answer says so itself, over a connection that stands.
  if (is_silence && peer_->channel->GetState(false) != GRPC_CHANNEL_READY) {
    return absl::UnavailableError(absl::StrCat(
        "no services answer at ", connection_.endpoint,
        "; start them with `staffetta serve`, or name another place with --server HOST:PORT (",
        status.error_message(), ")"));
  }
  if (absl::IsUnauthenticated(plain)) {
    return absl::UnauthenticatedError(
        absl::StrCat("the services at ", connection_.endpoint, " do not know the key of ",
                     connection_.key_source,
                     "; use the one in their data directory, with --data DIR or --key-file FILE (",
                     status.error_message(), ")"));
  }
  if (absl::IsUnimplemented(plain) && plain.message().empty()) {
    return absl::UnimplementedError(absl::StrCat("the process at ", connection_.endpoint,
                                                 " does not have the role ", RoleOf(request),
                                                 "; name one that has with --server HOST:PORT"));
  }
  if (absl::IsDeadlineExceeded(plain)) {
    return absl::DeadlineExceededError(absl::StrCat(
        "no answer from ", connection_.endpoint, " within ", absl::FormatDuration(options_.timeout),
        "; what was asked for may have happened. Wait longer with --timeout"));
  }
  if (plain.message().empty()) return absl::Status(plain.code(), plain.ToString());
  return plain;
}

}  // namespace staffetta::cli
