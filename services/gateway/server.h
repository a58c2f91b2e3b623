#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/co.h"
#include "common/base/runtime.h"
#include "common/base/task_group.h"
#include "common/net/listener.h"
#include "common/net/server_tls.h"
#include "gateway/memory.h"
#include "gateway/session.h"
#include "gateway/session_group.h"
#include "gateway/session_limits.h"
#include "gateway/settings.h"

namespace staffetta::gateway {

// Listens, and spreads sessions over all threads of the runtime, each confined to one. Itself
// confined to the runtime's loop 0. Runtime and backends outlive it.
class SmtpServer {
 public:
  SmtpServer(const Runtime& runtime, Options options, Backends backends);
  ~SmtpServer();

  // A port that cannot be bound is reported and skipped (SPEC S1). UNAVAILABLE: none can.
  // FAILED_PRECONDITION: the certificate is missing or bad. Stop is not needed after a failure.
  absl::Status Start();

  // Stops accepting, tells idle sessions, lets transactions finish for drain_timeout, then closes
  // what is left (SPEC S10).
  Co<void> Stop();

  // Those really open.
  std::vector<uint16_t> ports() const;

  // What it is like at this moment (SPEC S1).
  struct Status {
    struct Skipped {
      Listening port;
      std::string why;
    };
    std::vector<Listening> open;  // by port
    std::vector<Skipped> skipped;
    int sessions = 0;
    int max_sessions = 0;
    int64_t memory_used = 0;
    int64_t max_memory = 0;
    std::vector<net::CertificateInfo> certificates;
  };
  Status status() const;

 private:
  // A port that is open.
  struct Port {
    Listening listening;
    std::unique_ptr<net::Listener> listener;
  };

  absl::Status Bind();
  void Deal(Executor executor, std::unique_ptr<net::Stream> stream, const Listening* port);
  Co<void> WatchCertificates();

  const Runtime& runtime_;
  const Options options_;
  MemoryBudget memory_;
  SessionLimits limits_;
  Surroundings surroundings_;
  TaskGroup listening_;
  std::unique_ptr<net::ServerTls> tls_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<Status::Skipped> skipped_;
  Timer look_;  // at the certificates' files
  bool stopping_ = false;
  std::vector<std::unique_ptr<SessionGroup>> groups_;  // one per loop
  size_t next_group_ = 0;
};

}  // namespace staffetta::gateway
