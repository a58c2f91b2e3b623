#pragma once

#include <memory>
#include <string>

#include "common/base/task_group.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::rpc {

struct Peer;

// Publishes facts that change nothing in the queue. Nothing fails or waits for its event: when the
// events service cannot take it, a warning is logged. Confined to the executor.
class EventPublisher {
 public:
  // `name` says in the log whose event was lost.
  EventPublisher(Executor executor, std::string name);
  ~EventPublisher();

  // Until then events are only logged.
  void SetPeer(std::shared_ptr<const Peer> events);

  void Publish(events::v1::Event event);

  // Resumes when everything is published or given up.
  Co<void> Drain() { return group_.Wait(); }

 private:
  struct Stub;

  Co<void> Send(events::v1::Event event);

  const std::string name_;
  TaskGroup group_;
  std::shared_ptr<Stub> stub_;
};

}  // namespace staffetta::rpc
