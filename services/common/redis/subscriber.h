#pragma once

// Publish/subscribe, on a connection of its own.
//
// Confined to the io_context it was made with; must not outlive it. Messages published while there
// is no connection are lost: on_gap says so. In a cluster, where every node hears every message,
// it listens at any of the given nodes that sees a working cluster when it connects; a node that is
// cut off from the others later is kept while it answers PING. With Sentinel it listens at the
// master.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/co.h"
#include "common/redis/deployment.h"

namespace staffetta::redis {

class Subscription;

class Subscriber {
 public:
  struct Options {
    Deployment endpoint;
    std::vector<std::string> channels;
    absl::Duration connect_timeout = absl::Seconds(2);
    // A connection that has been silent for so long is sent a PING, and given up after as long
    // again.
    absl::Duration idle_timeout = absl::Seconds(10);
  };

  // Called on the executor, never from within the constructor; they may call Close.
  struct Callbacks {
    std::function<void(std::string_view channel, std::string_view message)> on_message;
    // All channels are subscribed: after the first connect and after each reconnect. From here on
    // nothing is missed; whatever was published before may have been. May be empty.
    std::function<void()> on_gap;
    // An attempt or a connection failed; the next attempt follows by itself, after 50 ms doubling
    // to 1 s. May be empty.
    std::function<void(absl::Status)> on_failure;
  };

  // Starts at once.
  Subscriber(Executor executor, Options options, Callbacks callbacks);
  ~Subscriber();  // closes
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // No callback is called after it. May be called again.
  void Close();

 private:
  std::shared_ptr<Subscription> subscription_;
};

}  // namespace staffetta::redis
