#include "common/redis/embedded.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/text.h"
#include "common/redis/spawn.h"

namespace staffetta::redis {
namespace {

constexpr std::string_view kSocketName = "redis.sock";
constexpr std::string_view kLogName = "redis.log";
constexpr std::string_view kManifest = "appendonlydir/appendonly.aof.manifest";
constexpr std::string_view kTorn = "Unexpected end of file reading the append only file";
constexpr absl::Duration kPoll = absl::Milliseconds(5);
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{5000};

// clang-format off
std::vector<std::string> Arguments(const EmbeddedRedis::Options& options) {
  const bool always = options.fsync == EmbeddedRedis::Fsync::kAlways;
  return {options.program,
          "--port", "0",
          "--unixsocket", std::string(kSocketName),
          "--unixsocketperm", "700",
          "--dir", options.dir,
          "--daemonize", "no",
          "--logfile", std::string(kLogName),
          "--save", "",
          "--appendonly", "yes",
          "--appendfsync", always ? "always" : "no",
          "--no-appendfsync-on-rewrite", "no",
          "--aof-load-truncated", "no",
          "--aof-use-rdb-preamble", "yes",
          // What is large is compressed already; a rewrite takes half the time.
          "--rdbcompression", "no",
          "--auto-aof-rewrite-percentage", "100",
          "--auto-aof-rewrite-min-size", "256mb",
          "--maxmemory-policy", "noeviction",
          "--hash-max-listpack-value", "2048",
          "--hash-max-listpack-entries", "128",
          // Taking the first of a list moves the rest of its first piece: pieces are short.
          "--list-max-listpack-size", "32"};
}
// clang-format on

// The same, after what a crash has left of a transaction at the end of the file is cut off. Redis
// 7.0 itself (aof-load-truncated yes) cuts behind the last whole command, which leaves a MULTI
// without EXEC in the file: a later start would carry out that part of the transaction.
std::vector<std::string> RepairingFirst(std::string manifest, std::vector<std::string> arguments) {
  const auto begin = arguments.begin();
  arguments.insert(begin, {"/bin/sh", "-c", R"(echo y | redis-check-aof --fix "$0"; exec "$@")",
                           std::move(manifest)});
  return arguments;
}

std::string ErrorText() { return std::strerror(errno); }

// One PING over a connection of its own; the answer's first line, empty when there was none.
std::string Ping(const std::string& socket_path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "";
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  char answer[256];
  ssize_t size = 0;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6) {
    size = recv(fd, answer, sizeof answer, 0);
  }
  close(fd);
  return size > 0 ? std::string(answer, static_cast<size_t>(size)) : "";
}

// Waits up to `timeout` for the child to end, and reaps it.
bool AwaitEnd(pid_t pid, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    if (waitpid(pid, nullptr, WNOHANG) != 0) return true;  // reaped, or not there any more
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(kPoll);
  }
}

}  // namespace

void EmbeddedRedis::Descriptor::Reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

EmbeddedRedis::EmbeddedRedis(Options options, Endpoint endpoint)
    : options_(std::move(options)), endpoint_(std::move(endpoint)) {}

EmbeddedRedis::~EmbeddedRedis() { Stop(); }

std::string EmbeddedRedis::Path(std::string_view name) const {
  return absl::StrCat(options_.dir, "/", ToAbsl(name));
}

absl::StatusOr<std::unique_ptr<EmbeddedRedis>> EmbeddedRedis::Start(Options options) {
  if (mkdir(options.dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot create the Redis directory ", options.dir, ": ", ErrorText()));
  }
  char* const real = realpath(options.dir.c_str(), nullptr);
  if (real == nullptr || chmod(real, 0700) != 0) {
    absl::Status status = absl::FailedPreconditionError(
        absl::StrCat("cannot use the Redis directory ", options.dir, ": ", ErrorText()));
    std::free(real);
    return status;
  }
  options.dir = real;
  std::free(real);
  absl::StatusOr<Endpoint> endpoint =
      Endpoint::Parse(absl::StrCat("unix:", options.dir, "/", ToAbsl(kSocketName)));
  if (!endpoint.ok()) return endpoint.status();

  std::unique_ptr<EmbeddedRedis> redis(new EmbeddedRedis(std::move(options), *endpoint));
  absl::Status status = redis->LockDirectory();
  if (status.ok()) status = redis->SpawnReady();
  if (!status.ok()) return status;
  return redis;
}

absl::Status EmbeddedRedis::LockDirectory() {
  const auto open_lock = [this](Descriptor& lock, std::string_view name) {
    lock.Reset(open(Path(name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.get() >= 0) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("cannot lock the Redis directory ", options_.dir, ": ", ErrorText()));
  };
  absl::Status status = open_lock(owner_lock_, "owner.lock");
  if (status.ok()) status = open_lock(server_lock_, "server.lock");
  if (!status.ok()) return status;
  if (flock(owner_lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("another process already runs a Redis on ", options_.dir));
  }
  const absl::Time deadline = absl::Now() + options_.start_timeout;
  while (flock(server_lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (absl::Now() >= deadline) {
      return absl::FailedPreconditionError(
          absl::StrCat("a redis-server left behind on ", options_.dir, " has not ended in time"));
    }
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

absl::Status EmbeddedRedis::SpawnReady() {
  absl::Status status = Spawn();
  if (status.ok()) status = AwaitReady();
  if (status.ok() || !EndedAtTornFile()) return status;
  status = Spawn();
  return status.ok() ? AwaitReady() : status;
}

absl::Status EmbeddedRedis::Spawn() {
  std::vector<std::string> words = Arguments(options_);
  if (EndedAtTornFile()) words = RepairingFirst(Path(kManifest), std::move(words));
  absl::StatusOr<pid_t> pid = SpawnTied(std::move(words), Path(kLogName), server_lock_.get());
  if (!pid.ok()) return pid.status();
  pid_ = *pid;
  return absl::OkStatus();
}

absl::Status EmbeddedRedis::AwaitReady() {
  const absl::Time deadline = absl::Now() + options_.start_timeout;
  std::string answer;
  while (absl::Now() < deadline) {
    if (!alive()) {
      return absl::UnavailableError(
          absl::StrCat("redis-server on ", options_.dir, " ended; its log says:\n", LogTail()));
    }
    answer = Ping(endpoint_.unix_path);
    if (answer.starts_with("+PONG")) return absl::OkStatus();
    absl::SleepFor(kPoll);
  }
  absl::Status status = absl::UnavailableError(
      absl::StrCat("redis-server on ", options_.dir, " is not ready after ",
                   absl::FormatDuration(options_.start_timeout), "; its log says:\n", LogTail()));
  Stop();
  return status;
}

std::string EmbeddedRedis::LogTail() const {
  constexpr size_t kLines = 10;
  std::ifstream log(Path(kLogName));
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    lines.push_back(std::move(line));
    if (lines.size() > kLines) lines.erase(lines.begin());
  }
  std::string tail;
  for (const std::string& line : lines) absl::StrAppend(&tail, "  ", line, "\n");
  return tail;
}

// What a repair prints pushes the complaint out of the log's tail.
bool EmbeddedRedis::EndedAtTornFile() const { return absl::StrContains(LogTail(), ToAbsl(kTorn)); }

bool EmbeddedRedis::alive() {
  if (pid_ < 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

absl::Status EmbeddedRedis::Restart() {
  if (alive()) {
    return absl::FailedPreconditionError(absl::StrCat("the Redis on ", options_.dir, " runs"));
  }
  stopping_ = false;
  absl::Status status = LockDirectory();
  if (status.ok()) status = SpawnReady();
  return status;
}

Co<void> EmbeddedRedis::Supervise() {
  const Executor executor = co_await asio::this_coro::executor;
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto timer = std::make_shared<Timer>(executor);
  supervise_timer_ = timer;
  std::chrono::milliseconds pause = kFirstPause;
  boost::system::error_code error;
  while (!stopping_ && !error) {
    if (!alive()) {
      timer->expires_after(pause);
      co_await timer->async_wait(asio::redirect_error(use_co, error));
      if (error || stopping_) break;
      pause = std::min(pause * 2, kLongestPause);
      if (!Spawn().ok()) continue;
    }
    // Not there any more, or no descriptor left: the loop looks again after its pause.
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (fd < 0) {
      timer->expires_after(kLongestPause);
      co_await timer->async_wait(asio::redirect_error(use_co, error));
      continue;
    }
    asio::posix::basic_stream_descriptor<Executor> child(executor, fd);
    const auto started = std::chrono::steady_clock::now();
    co_await child.async_wait(asio::posix::descriptor_base::wait_read,
                              asio::redirect_error(use_co, error));
    if (std::chrono::steady_clock::now() - started > kLongestPause) pause = kFirstPause;
  }
}

void EmbeddedRedis::Stop() {
  stopping_ = true;
  if (const auto timer = supervise_timer_.lock()) timer->cancel();
  if (alive()) {
    kill(pid_, SIGTERM);
    if (!AwaitEnd(pid_, options_.stop_timeout)) {
      kill(pid_, SIGKILL);
      AwaitEnd(pid_, absl::InfiniteDuration());
    }
    pid_ = -1;
  }
  server_lock_.Reset();
  owner_lock_.Reset();
}

}  // namespace staffetta::redis
