#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/redis/subscriber.h"

namespace staffetta::auth {

// Tells, on this replica, whose rights were changed on any replica. Confined to the executor.
class UserChanges {
 public:
  // One who listens. Must not outlive the UserChanges.
  class Watcher {
   public:
    // From here on nothing is missed.
    explicit Watcher(UserChanges* changes);
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    // At least one name, each once. UNAVAILABLE: changes may have been missed, and whatever the
    // caller remembers of users is to be forgotten; CANCELLED: the coroutine was cancelled. After
    // an error the watcher is of no more use.
    Co<absl::StatusOr<std::vector<std::string>>> Next();

   private:
    friend class UserChanges;

    UserChanges* const changes_;
    std::list<Watcher*>::iterator place_;
    std::set<std::string> names_;
    bool broken_ = false;
    Timer wake_;
  };

  // Listens at once. `on_change` is called, possibly too often, when anything may have changed.
  UserChanges(Executor executor, redis::Deployment deployment, std::function<void()> on_change);

  // Waits for the first subscription. UNAVAILABLE when it is not there in time.
  Co<absl::Status> AwaitLive(absl::Duration patience);

  // Whether changes arrive now.
  bool live() const { return live_; }

  void Close() { subscriber_->Close(); }

 private:
  void Break(bool live);

  const Executor executor_;
  const std::function<void()> on_change_;
  std::list<Watcher*> watchers_;
  bool live_ = false;
  Timer became_live_;
  std::unique_ptr<redis::Subscriber> subscriber_;
};

}  // namespace staffetta::auth
