#pragma once

#include <memory>
#include <string>

#include "common/base/task_group.h"
#include "staffetta/auth/v1/auth.pb.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::rpc {
struct Peer;
}

namespace staffetta::auth {

// Publishes changes of users' state as events. A change never fails or waits for its event: when
// the events service cannot take it, a warning is logged. Confined to the executor.
class StateEvents {
 public:
  explicit StateEvents(Executor executor);
  ~StateEvents();

  // Until then events are only logged.
  void SetPeer(std::shared_ptr<const rpc::Peer> events);

  // `what` goes on from "SMTP user s1_0 ": "is active".
  void Publish(const v1::User& user, const std::string& what);

  // Resumes when everything is published or given up.
  Co<void> Drain() { return group_.Wait(); }

 private:
  struct Stub;

  Co<void> Send(events::v1::PublishRequest request);

  TaskGroup group_;
  std::shared_ptr<Stub> stub_;
};

}  // namespace staffetta::auth
