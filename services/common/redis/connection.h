#pragma once

// What is behind a Client: the queue, the connection and the order of replies.
//
// Kept alive by its own pending operations, so a Client may go while they are under way. Each
// operation carries the epoch it was started in; closing a connection starts the next epoch, and
// what comes back from an older one is ignored.
//
// A result is what Redis answered, errors included, or a Status when nothing was.

#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/redis/client.h"
#include "common/redis/dial.h"
#include "common/redis/output.h"
#include "common/redis/reply_reader.h"

namespace staffetta::redis {

// Whether a Status of a Connection says that the command was never sent.
bool WasNotSent(const absl::Status& status);

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // What becomes of waiting commands when an attempt to connect fails: they wait for the next one,
  // until connect_timeout; or they fail at once, for a caller that knows where else to go.
  enum class WhenUnreachable { kWait, kFail };

  using Result = absl::StatusOr<Value>;
  using Results = std::vector<Result>;
  // The suspended coroutine itself: no allocation stands between it and its reply.
  template <class T>
  using Resume = asio::async_result<asio::use_awaitable_t<Executor>, void(T)>::handler_type;

  struct Batch {
    Resume<Results> resume;
    Results results;
    size_t left;
  };
  struct BatchSlot {
    std::shared_ptr<Batch> batch;
    size_t index;
  };
  using Completion = std::variant<Resume<Result>, BatchSlot>;

  Connection(Executor executor, Client::Options options,
             WhenUnreachable when_unreachable = WhenUnreachable::kWait);

  const Client::Options& options() const { return options_; }

  // Whether `bytes` more may be queued: OK, RESOURCE_EXHAUSTED, or CANCELLED once closed.
  absl::Status Admit(size_t bytes) const;

  // After a successful Admit. `completion` is called from the executor, never from within.
  // `joined`: goes out together with the command queued before.
  void Enqueue(Command command, absl::Duration timeout, bool joined, Completion completion);

  // How long Redis has owed a reply without sending anything; 0 when it owes none.
  absl::Duration Silence() const;

  // For a server that is not wanted any more: what has not been sent fails with UNAVAILABLE, what
  // has is still answered, then the connection closes. Nothing may be queued afterwards.
  void Retire();

  void Close();

 private:
  using Clock = std::chrono::steady_clock;
  using ErrorCode = boost::system::error_code;

  enum class State { kIdle, kDialing, kPausing, kReady, kClosed };

  struct Pending {
    Completion completion;
    Command command;  // its body is gone once written
    std::string name;
    size_t bytes;
    Clock::time_point deadline;
    Clock::time_point connect_deadline;
    bool joined;
  };
  struct Failed {
    Completion completion;
    absl::Status status;
  };

  static void Complete(Completion completion, Result result);
  // Completes from the executor.
  void Fail(std::vector<Failed> failed);
  void Take(std::deque<Pending>& from, absl::StatusCode code, std::string_view why,
            std::vector<Failed>& to);

  void Connect();
  void StartDial();
  void OnDialed(absl::StatusOr<Socket> socket);
  void BackOff();
  // Ends the connection; everything in flight or queued fails with UNAVAILABLE.
  void Break(std::string_view why, std::vector<Failed> failed = {});

  void ScheduleFlush();
  void Flush();
  void OnWritten(ErrorCode error);
  void Read();
  void OnInput(size_t size);

  void ArmDeadline(Clock::time_point when);
  void OnDeadline();

  const Executor executor_;
  const Client::Options options_;
  const WhenUnreachable when_unreachable_;
  State state_ = State::kIdle;
  uint64_t epoch_ = 0;

  Socket socket_;
  std::shared_ptr<Attempt> attempt_;
  Timer pause_timer_;
  Clock::duration pause_{};  // before the next attempt
  Clock::time_point next_attempt_{};
  std::string last_error_;
  bool answered_ = false;  // this connection has given a reply
  bool retired_ = false;
  Clock::time_point heard_{};  // of Redis, or when it began to owe a reply

  std::deque<Pending> waiting_;
  std::deque<Pending> in_flight_;
  size_t pending_bytes_ = 0;

  bool flush_posted_ = false;
  bool writing_ = false;
  std::shared_ptr<Output> output_;  // shared with the write under way
  std::vector<char> input_;
  std::unique_ptr<ReplyReader> reader_;

  // One timer for all deadlines, set to the earliest that was known when it was armed.
  Timer deadline_timer_;
  bool deadline_armed_ = false;
  Clock::time_point deadline_{};
};

}  // namespace staffetta::redis
