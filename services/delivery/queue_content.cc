#include "delivery/queue_content.h"

#include <utility>

#include "common/base/log.h"

namespace staffetta::delivery {
namespace {

constexpr absl::Duration kContentTimeout = absl::Minutes(1);  // of one piece

}  // namespace

Beside<absl::StatusOr<std::string>> QueueContent::Fetch(std::string message_id, int piece) {
  return {group_, Get(std::move(message_id), piece)};
}

Co<absl::StatusOr<std::string>> QueueContent::Get(std::string message_id, int piece) {
  queue::v1::GetContentRequest request;
  request.set_message_id(message_id);
  request.set_piece(piece);
  auto response =
      co_await queue_.Call(&QueueClient::Async::GetContent, std::move(request), kContentTimeout);
  if (response.ok()) co_return std::move(*response->mutable_content());
  const absl::Status& status = response.status();
  if (absl::IsCancelled(status)) {
    co_return stopping_ ? status : absl::UnavailableError(status.message());
  }
  log::Warn("no piece {} of message {}: {}", piece, message_id, status.ToString());
  co_return absl::IsNotFound(status) ? absl::DataLossError(status.message()) : status;
}

}  // namespace staffetta::delivery
