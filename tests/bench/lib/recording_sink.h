#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/task_group.h"
#include "common/net/listener.h"

namespace staffetta::bench {

// An SMTP server that takes every message and tells when: as little work as possible between the
// final dot and the 250. One recipient a message is told about, the last. Confined to its
// executor's thread.
class RecordingSink {
 public:
  // Called as soon as the 250 for this recipient's message is written.
  using Taken = std::function<void(std::string_view recipient)>;

  // Listens on 127.0.0.1; the statuses of net::Listener::Bind.
  static absl::StatusOr<std::unique_ptr<RecordingSink>> Start(Executor executor, uint16_t port,
                                                              Taken taken);

  // Ends it; connections are closed. Await before destruction.
  Co<void> Stop();

 private:
  RecordingSink(Executor executor, std::unique_ptr<net::Listener> listener, Taken taken);

  Co<void> Serve(std::unique_ptr<net::Stream> stream);

  const std::unique_ptr<net::Listener> listener_;
  const Taken taken_;
  TaskGroup group_;
};

}  // namespace staffetta::bench
