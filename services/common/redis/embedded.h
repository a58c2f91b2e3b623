#pragma once

// A private redis-server: a child process on a Unix socket in its own data directory.
//
// It keeps every write (appendonly, fsync before the reply) and evicts nothing. What a crash left
// of a transaction at the end of its file, and nobody was promised, goes away as a whole. It cannot
// outlive us: the kernel sends it SIGTERM when we end in whatever way, and on SIGTERM Redis syncs
// and exits. It has a process group of its own, so Ctrl-C on the terminal does not reach it.

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/co.h"
#include "common/redis/endpoint.h"

namespace staffetta::redis {

// Start, Restart, Stop and the destructor block; Supervise does not. Calls must not overlap.
class EmbeddedRedis {
 public:
  enum class Fsync { kAlways, kNever };  // kNever: for tests only

  struct Options {
    std::string dir;  // created with mode 0700; its path must leave room for "/redis.sock"
    std::string program = "redis-server";
    Fsync fsync = Fsync::kAlways;
    // Until it answers PING with its data loaded; also how long a former server on `dir`, orphaned
    // by a crash of its owner, is given to end.
    absl::Duration start_timeout = absl::Seconds(60);
    absl::Duration stop_timeout = absl::Seconds(10);
  };

  // INVALID_ARGUMENT: the socket's path would be too long. FAILED_PRECONDITION: another process
  // has a Redis on `dir`, or the directory cannot be used. UNAVAILABLE: redis-server did not
  // become ready, with the last lines of its log; it has been stopped again.
  static absl::StatusOr<std::unique_ptr<EmbeddedRedis>> Start(Options options);

  ~EmbeddedRedis();  // stops
  EmbeddedRedis(const EmbeddedRedis&) = delete;
  EmbeddedRedis& operator=(const EmbeddedRedis&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }
  pid_t pid() const { return pid_; }  // -1 when there is no child
  bool alive();

  // After the child has ended: starts it again and waits until it is ready, as Start does.
  // FAILED_PRECONDITION while it runs.
  absl::Status Restart();

  // Until Stop() is called, starts the child again whenever it has ended, with pauses of 50 ms
  // doubling to 5 s. Does not wait until it is ready: clients see LOADING meanwhile. Runs on the
  // caller's executor, on the thread that also calls Stop(); must be over before destruction, and
  // may be cancelled (asio) instead of stopped.
  Co<void> Supervise();

  // SIGTERM, on which Redis syncs its file; SIGKILL after stop_timeout. The data stays. The
  // directory is free for another owner afterwards. May be called again.
  void Stop();

 private:
  class Descriptor {
   public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    ~Descriptor() { Reset(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    void Reset(int fd = -1);

   private:
    int fd_;
  };

  EmbeddedRedis(Options options, Endpoint endpoint);
  absl::Status LockDirectory();
  // Spawns and waits; once more when the file's end is torn.
  absl::Status SpawnReady();
  // Repairs the file first when the last child has ended because its end is torn.
  absl::Status Spawn();
  absl::Status AwaitReady();
  bool EndedAtTornFile() const;
  std::string LogTail() const;
  std::string Path(std::string_view name) const;

  const Options options_;
  const Endpoint endpoint_;
  // Held by us alone: a second owner is refused at once.
  Descriptor owner_lock_;
  // Shared with the child: held until the child has ended too, even when we end first.
  Descriptor server_lock_;
  pid_t pid_ = -1;
  bool stopping_ = false;
  std::weak_ptr<Timer> supervise_timer_;  // owned by Supervise
};

}  // namespace staffetta::redis
