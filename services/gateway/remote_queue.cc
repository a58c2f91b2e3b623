#include "gateway/remote_queue.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "gateway/queue_message.h"

namespace staffetta::gateway {
namespace {

namespace queue_pb = staffetta::queue::v1;

// Messages of one call, of at most so many bytes each; larger ones go alone.
constexpr size_t kMostTogether = 32;
constexpr size_t kLargestTogether = 64 << 10;

absl::StatusOr<Queued> ToQueued(queue_pb::Durability durability,
                                const queue_pb::EnqueueResult& result) {
  if (!result.refusal().empty()) return absl::FailedPreconditionError(result.refusal());
  Queued queued{.id = result.message_id(), .demoted = result.demoted()};
  switch (durability) {
    case queue_pb::DURABILITY_SYNCED:
      queued.durability = Durability::kSynced;
      break;
    case queue_pb::DURABILITY_REPLICATED:
      queued.durability = Durability::kReplicated;
      break;
    case queue_pb::DURABILITY_VOLATILE:
      queued.durability = Durability::kVolatile;
      break;
    default:  // proto3 enums are open
      return absl::InternalError("a durability that is not foreseen");
  }
  return queued;
}

}  // namespace

RemoteMessageQueue::Line::Line(RemoteMessageQueue* queue, Executor on)
    : executor(on),
      group(on, "gateway enqueue"),
      batcher(&group, kMostTogether, Batcher<Item>::Pace::kByTurn,
              [queue](auto items) { return queue->Send(std::move(items)); }) {}

RemoteMessageQueue::RemoteMessageQueue(const Runtime& runtime,
                                       std::shared_ptr<const rpc::Peer> queue)
    : client_(std::move(queue)) {
  for (size_t i = 0; i < runtime.size(); ++i) {
    lines_.push_back(std::make_unique<Line>(this, runtime.executor(i)));
  }
}

Co<absl::Status> RemoteMessageQueue::PutContent(std::string message_id, int piece,
                                                std::string content) {
  queue_pb::PutContentRequest request;
  request.set_message_id(std::move(message_id));
  request.set_piece(piece);
  request.set_content(std::move(content));
  const auto response =
      co_await client_.Call(&decltype(client_)::Async::PutContent, std::move(request));
  co_return response.status();
}

Co<absl::StatusOr<Queued>> RemoteMessageQueue::Enqueue(Message message) {
  const bool large = message.content.size() > kLargestTogether;
  absl::StatusOr<Queued> result = absl::UnknownError("not queued");
  Item item{ToProto(std::move(message)), &result};
  absl::Status status;
  if (large) {
    std::vector<Item> alone;
    alone.push_back(std::move(item));
    status = co_await Send(std::move(alone));
  } else {
    const Executor here = co_await asio::this_coro::executor;
    status = co_await LineOf(here).batcher.Submit(std::move(item));
  }
  if (!status.ok()) co_return status;
  co_return result;
}

Co<void> RemoteMessageQueue::Stop() {
  for (const auto& line : lines_) {
    co_await asio::co_spawn(line->executor, line->group.Wait(), use_co);
  }
}

RemoteMessageQueue::Line& RemoteMessageQueue::LineOf(const Executor& executor) const {
  const auto found = std::find_if(lines_.begin(), lines_.end(), [&executor](const auto& line) {
    return line->executor == executor;
  });
  return **found;
}

Co<absl::Status> RemoteMessageQueue::Send(std::vector<Item> items) {
  queue_pb::EnqueueRequest request;
  for (Item& item : items) request.add_messages()->Swap(&item.message);
  const auto response =
      co_await client_.Call(&decltype(client_)::Async::Enqueue, std::move(request));
  if (!response.ok()) co_return response.status();
  if (static_cast<size_t>(response->results_size()) != items.size()) {
    co_return absl::InternalError("not a result for each message");
  }
  for (size_t i = 0; i < items.size(); ++i) {
    *items[i].result = ToQueued(response->durability(), response->results(static_cast<int>(i)));
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::gateway
