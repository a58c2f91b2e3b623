#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/redis/client.h"

namespace staffetta::queue {

// One partition of the queue in Redis (lua/layout.lua): what its stores share. Messages of an
// account are all in one partition, so that its limits are counted exactly.
class Partition {
 public:
  // `keep_events`: how many events stay readable, about. `client` must outlive it.
  Partition(redis::Client* client, int number, int64_t keep_events);

  redis::Client* client() const { return client_; }
  // "{0}".
  const std::string& tag() const { return tag_; }
  const std::string& keep() const { return keep_; }
  // Where replicas publish that something became ready, and the word that this one publishes.
  const std::string& wake_channel() const { return wake_channel_; }
  const std::string& waker() const { return waker_; }

  // "msg:{0}:<name>".
  std::string Key(std::string_view kind, std::string_view name) const;
  // A key of the partition, for scripts: it says where they run.
  const std::string& any_key() const { return gates_key_; }

 private:
  redis::Client* const client_;
  const std::string tag_;
  const std::string keep_;
  const std::string wake_channel_;
  const std::string waker_;
  const std::string gates_key_;
};

}  // namespace staffetta::queue
