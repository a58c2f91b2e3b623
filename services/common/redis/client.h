#pragma once

// A pipelining Redis client, for one server, a master that Sentinel watches, or a cluster; callers
// need not know which. Its connections, one for each server it needs, are made anew by themselves.
//
// Commands of one loop turn go out in one write; replies are matched in order; each caller is
// resumed on the client's executor. Confined to the io_context it was made with; must not outlive
// it. A command that blocks in Redis (XREAD BLOCK, BLPOP, WAIT) holds back every command behind
// it on the connection: give such commands a Client of their own.
//
// Failures (none is retried here when it may have run):
//   UNAVAILABLE        the connection broke. "outcome unknown": the command may have run; "not
//                      sent": it did not. Also: no connection within connect_timeout, and the
//                      replies listed at ErrorReplyToStatus
//   DEADLINE_EXCEEDED  no reply within the time-out. If the command had been sent, its outcome is
//                      unknown and the connection is dropped, so that replies cannot go out of
//                      step: every other command in flight fails with UNAVAILABLE
//   RESOURCE_EXHAUSTED max_pending_bytes are queued or unanswered; not sent
//   INVALID_ARGUMENT   the command has no place in a cluster, see below; not sent
//   PERMISSION_DENIED, INTERNAL   what Redis answered, see ErrorReplyToStatus
//   CANCELLED          Close() was called; outcome unknown if the command had been sent
// Messages hold the command word and Redis's error text, never arguments nor the password.
//
// After a break the next command starts the reconnect, with pauses of 50 ms doubling to 1 s
// between attempts; AUTH and SELECT are redone before anything else is sent. With Sentinel each
// reconnect asks who the master is, and a server that says READONLY is left.
//
// In a cluster a command goes to the node that serves the slot of its first key; all its keys must
// share one hash tag. A command without a key needs Command::RouteBy, except PING, ECHO, TIME and
// PUBLISH, or else to stand behind one with a key in RunEach (WAIT behind a write). SCAN and KEYS
// see one node: the keys of one tag are all there, but a cursor means nothing to another node, so a
// scan during which the slot moves may miss keys. What a node has not run is sent again, to where
// it redirects at once, and after pauses of 10 ms doubling to 500 ms, until connect_timeout is
// over, when nobody can take it: while the slot is being moved (a script waits until all of it
// has been), during a fail-over, while a node loads its data. No multi-key transaction (MULTI).

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/co.h"
#include "common/redis/command.h"
#include "common/redis/deployment.h"
#include "common/redis/script.h"
#include "common/redis/value.h"

namespace staffetta::redis {

class Cluster;
class Connection;

class Client {
 public:
  struct Options {
    Deployment endpoint;
    // How long a command waits for a connection, or for a cluster to be able to take it, and how
    // long one attempt to connect may take.
    absl::Duration connect_timeout = absl::Seconds(2);
    // From Run() to the reply.
    absl::Duration command_timeout = absl::Seconds(5);
    // Of each connection:
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
  // became of the others. In a cluster those of one node are; of those that are sent again only
  // the order of commands on the same key is kept.
  Co<std::vector<absl::StatusOr<Value>>> RunEach(
      std::vector<Command> commands, std::optional<absl::Duration> timeout = std::nullopt);
  Co<absl::StatusOr<std::vector<Value>>> RunAll(
      std::vector<Command> commands, std::optional<absl::Duration> timeout = std::nullopt);

  // At least one command, to every master that there is, as RunEach on each: for settings and
  // figures of servers. Without a cluster there is one. UNAVAILABLE: who the masters are is
  // unknown.
  struct OfMaster {
    std::string master;  // for people
    std::vector<absl::StatusOr<Value>> results;
  };
  Co<absl::StatusOr<std::vector<OfMaster>>> RunOnMasters(std::vector<Command> commands);

  // EVALSHA; when Redis does not have the script (it answers NOSCRIPT and has run nothing), EVAL,
  // once. All or nothing also while a cluster moves the slot: for that the script may touch only
  // keys with the hash tag of keys[0], which a cluster needs, and is given one key more, behind
  // `keys`, that never exists. So a script must not count KEYS.
  Co<absl::StatusOr<Value>> Eval(Script script, std::vector<std::string> keys,
                                 std::vector<std::string> args);

  // Eval followed by WAIT on the same connection: UNAVAILABLE (the script did run) when fewer
  // than `replicas` hold its writes after `wait`, which must be shorter than command_timeout.
  // Whatever else this Client is given for the same server waits meanwhile, other calls of
  // EvalAndWait one after the other: give it a Client of its own, and put much into one script.
  // WAIT makes loss unlikely, not impossible: a replica without the write may still be promoted.
  Co<absl::StatusOr<Value>> EvalAndWait(Script script, std::vector<std::string> keys,
                                        std::vector<std::string> args, int replicas,
                                        absl::Duration wait);

  // Every command under way or waiting ends with CANCELLED (resumed from the executor, not from
  // within this call); so does every later one. May be called again.
  void Close();

  const Options& options() const;
  const Deployment& endpoint() const { return options().endpoint; }

 private:
  Command ScriptCommand(std::string_view word, std::string_view script,
                        const std::vector<std::string>& keys,
                        const std::vector<std::string>& args) const;

  // One of them.
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Cluster> cluster_;
};

}  // namespace staffetta::redis
