#pragma once

#include <memory>
#include <string>
#include <utility>

#include "common/base/task_group.h"
#include "common/rpc/client.h"
#include "delivery/content_source.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::delivery {

// The queue as ContentSource: what it fetches is fetched by coroutines of `group`, which outlives
// it.
class QueueContent final : public ContentSource {
 public:
  QueueContent(std::shared_ptr<const rpc::Peer> queue, TaskGroup* group)
      : queue_(std::move(queue)), group_(group) {}

  Beside<absl::StatusOr<std::string>> Fetch(std::string message_id, int piece) override;
  // What is cancelled from now on is so because this worker ends.
  void Stop() { stopping_ = true; }

 private:
  using QueueClient = rpc::Client<queue::v1::QueueService>;

  Co<absl::StatusOr<std::string>> Get(std::string message_id, int piece);

  const QueueClient queue_;
  TaskGroup* const group_;
  bool stopping_ = false;
};

}  // namespace staffetta::delivery
