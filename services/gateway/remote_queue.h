#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/batcher.h"
#include "common/base/runtime.h"
#include "common/rpc/client.h"
#include "gateway/backends.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::gateway {

// The queue service as MessageQueue. What the sessions of one loop submit in one turn goes out
// together: a call costs more than a small message. Thread-safe; called from
// the runtime's loops alone. Runtime outlives it.
class RemoteMessageQueue final : public MessageQueue {
 public:
  RemoteMessageQueue(const Runtime& runtime, std::shared_ptr<const rpc::Peer> queue);

  Co<absl::Status> PutContent(std::string message_id, int piece, std::string content) override;
  Co<absl::StatusOr<Queued>> Enqueue(Message message) override;

  // Resumes when no call runs; none may begin any more.
  Co<void> Stop();

 private:
  struct Item {
    queue::v1::NewMessage message;
    absl::StatusOr<Queued>* result;
  };
  // The calls of one loop's sessions.
  struct Line {
    Line(RemoteMessageQueue* queue, Executor on);
    const Executor executor;
    TaskGroup group;
    Batcher<Item> batcher;
  };

  Line& LineOf(const Executor& executor) const;
  // One call. OK: each item has its result.
  Co<absl::Status> Send(std::vector<Item> items);

  const rpc::Client<queue::v1::QueueService> client_;
  std::vector<std::unique_ptr<Line>> lines_;  // one per loop
};

}  // namespace staffetta::gateway
