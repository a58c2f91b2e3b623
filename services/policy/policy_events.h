#pragma once

#include <memory>
#include <string>

#include "common/base/task_group.h"
#include "staffetta/events/v1/events.pb.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::rpc {
struct Peer;
}

namespace staffetta::policy {

// Publishes refusals and changes of senders' state. Nothing fails or waits for its event: when the
// events service cannot take it, a warning is logged. Confined to the executor.
class PolicyEvents {
 public:
  explicit PolicyEvents(Executor executor);
  ~PolicyEvents();

  // Until then events are only logged.
  void SetPeer(std::shared_ptr<const rpc::Peer> events);

  void Publish(events::v1::Event event);
  // `what` goes on from "sender example.com ": "is verified".
  void PublishState(const v1::Sender& sender, const std::string& what);

  // Resumes when everything is published or given up.
  Co<void> Drain() { return group_.Wait(); }

 private:
  struct Stub;

  Co<void> Send(events::v1::Event event);

  TaskGroup group_;
  std::shared_ptr<Stub> stub_;
};

}  // namespace staffetta::policy
