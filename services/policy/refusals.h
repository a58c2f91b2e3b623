#pragma once

#include <absl/time/time.h>

#include <string>
#include <unordered_map>

#include "common/base/task_group.h"
#include "policy/policy_events.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::policy {

// Tells of refused senders (SPEC V7), coalesced per user and address: the first refusal at once;
// those of the following window in one event with their number, when it ends. Confined to the
// executor.
class Refusals {
 public:
  Refusals(Executor executor, rpc::EventPublisher* events, absl::Duration window);

  // What to tell is in the request and the answer to it, which is not OK.
  void Add(const v1::CheckSenderRequest& request, const v1::CheckSenderResponse& response);

  // Ends all windows now, telling what they hold.
  Co<void> Drain();

 private:
  struct Window {
    events::v1::Event latest;
    int64_t count = 0;  // not told yet
  };

  Co<void> Close(std::string key);

  rpc::EventPublisher* const events_;
  const absl::Duration length_;
  std::unordered_map<std::string, Window> windows_;
  TaskGroup group_;
};

}  // namespace staffetta::policy
