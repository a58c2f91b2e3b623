#pragma once

// A pipelining Redis client: one connection that is made anew by itself.
//
// Commands of one loop turn go out in one write; replies are matched in order; each caller is
// resumed on the client's executor. Confined to the io_context it was made with; must not outlive
// it. A command that blocks in Redis (XREAD BLOCK, BLPOP, WAIT) holds back every command behind
// it on the connection: give such commands a Client of their own.
//
// Failures (none is ever retried here: a script may have run):
//   UNAVAILABLE        the connection broke. "outcome unknown": the command may have run; "not
//                      sent": it did not. Also: no connection within connect_timeout, and the
//                      replies listed at ErrorReplyToStatus
//   DEADLINE_EXCEEDED  no reply within the time-out. If the command had been sent, its outcome is
//                      unknown and the connection is dropped, so that replies cannot go out of
//                      step: every other command in flight fails with UNAVAILABLE
//   RESOURCE_EXHAUSTED max_pending_bytes are queued or unanswered; not sent
//   PERMISSION_DENIED, INTERNAL   what Redis answered, see ErrorReplyToStatus
//   CANCELLED          Close() was called; outcome unknown if the command had been sent
// Messages hold the command word and Redis's error text, never arguments nor the password.
//
// After a break the next command starts the reconnect, with pauses of 50 ms doubling to 1 s
// between attempts; AUTH and SELECT are redone before anything else is sent.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/co.h"
#include "common/redis/command.h"
#include "common/redis/endpoint.h"
#include "common/redis/script.h"
#include "common/redis/value.h"

namespace staffetta::redis {

class Connection;

class Client {
 public:
  struct Options {
    Endpoint endpoint;
    // How long a command waits for a connection, and how long one attempt to connect may take.
    absl::Duration connect_timeout = absl::Seconds(2);
    // From Run() to the reply.
    absl::Duration command_timeout = absl::Seconds(5);
    size_t max_in_flight = 10000;             // written and unanswered; more wait in the client
    size_t max_pending_bytes = 256ull << 20;  // of commands queued or unanswered
  };

  Client(Executor executor, Options options);
  ~Client();  // closes
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `timeout` replaces command_timeout, for a command that blocks in Redis.
  Co<absl::StatusOr<Value>> Run(Command command,
                                std::optional<absl::Duration> timeout = std::nullopt);

  // All in one go and, when they are sent, on one connection, adjacent and in this order; not a
  // transaction. RunEach gives one result per command; RunAll gives the first failure, whatever
  // became of the others.
  Co<std::vector<absl::StatusOr<Value>>> RunEach(
      std::vector<Command> commands, std::optional<absl::Duration> timeout = std::nullopt);
  Co<absl::StatusOr<std::vector<Value>>> RunAll(
      std::vector<Command> commands, std::optional<absl::Duration> timeout = std::nullopt);

  // EVALSHA; when Redis does not have the script (it answers NOSCRIPT and has run nothing), EVAL,
  // once.
  Co<absl::StatusOr<Value>> Eval(Script script, std::vector<std::string> keys,
                                 std::vector<std::string> args);

  // Eval followed by WAIT on the same connection: UNAVAILABLE (the script did run) when fewer
  // than `replicas` hold its writes after `wait`, which must be shorter than command_timeout.
  Co<absl::StatusOr<Value>> EvalAndWait(Script script, std::vector<std::string> keys,
                                        std::vector<std::string> args, int replicas,
                                        absl::Duration wait);

  // Every command under way or waiting ends with CANCELLED (resumed from the executor, not from
  // within this call); so does every later one. May be called again.
  void Close();

  const Endpoint& endpoint() const;

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace staffetta::redis
