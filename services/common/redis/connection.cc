#include "common/redis/connection.h"
#include "common/base/text.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace staffetta::redis {
namespace {

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{1000};
constexpr size_t kInputSize = 64 * 1024;
constexpr char kNotSent[] = "not sent: ";
constexpr char kUnknown[] = "outcome unknown: ";

// std::erase_if for elements that can be moved but not assigned.
template <class T, class Predicate>
void RemoveIf(std::deque<T>& all, Predicate predicate) {
  std::deque<T> kept;
  for (T& one : all) {
    if (!predicate(one)) kept.push_back(std::move(one));
  }
  all.swap(kept);
}

}  // namespace

bool WasNotSent(const absl::Status& status) {
  return absl::StrContains(status.message(), kNotSent);
}

Connection::Connection(Executor executor, Client::Options options, WhenUnreachable when_unreachable)
    : executor_(executor),
      options_(std::move(options)),
      when_unreachable_(when_unreachable),
      socket_(executor),
      pause_timer_(executor),
      output_(std::make_shared<Output>()),
      input_(kInputSize),
      deadline_timer_(executor) {}

absl::Status Connection::Admit(size_t bytes) const {
  if (state_ == State::kClosed) return absl::CancelledError("the Redis client is closed");
  if (pending_bytes_ + bytes > options_.max_pending_bytes) {
    return absl::ResourceExhaustedError("too many bytes are waiting for Redis; not sent");
  }
  return absl::OkStatus();
}

void Connection::Enqueue(Command command, absl::Duration timeout, bool joined,
                         Completion completion) {
  const auto now = Clock::now();
  const size_t bytes = command.body().size();
  const auto deadline = now + absl::ToChronoNanoseconds(timeout);
  const auto connect_deadline = now + absl::ToChronoNanoseconds(options_.connect_timeout);
  std::string name(command.name());
  waiting_.push_back({std::move(completion), std::move(command), std::move(name), bytes, deadline,
                      connect_deadline, joined});
  pending_bytes_ += bytes;
  ArmDeadline(state_ == State::kReady ? deadline : std::min(deadline, connect_deadline));
  if (state_ == State::kReady) {
    ScheduleFlush();
  } else if (state_ == State::kIdle) {
    Connect();
  }
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  ++epoch_;
  ErrorCode ignored;
  socket_.close(ignored);
  pause_timer_.cancel();
  deadline_timer_.cancel();
  if (attempt_ != nullptr) std::exchange(attempt_, nullptr)->Cancel();
  std::vector<Failed> failed;
  const absl::StatusCode code = absl::StatusCode::kCancelled;
  Take(in_flight_, code, absl::StrCat(kUnknown, "the client was closed"), failed);
  Take(waiting_, code, absl::StrCat(kNotSent, "the client was closed"), failed);
  Fail(std::move(failed));
}

void Connection::Retire() {
  retired_ = true;
  std::vector<Failed> failed;
  Take(waiting_, absl::StatusCode::kUnavailable, absl::StrCat(kNotSent, "the server has gone"),
       failed);
  Fail(std::move(failed));
  if (in_flight_.empty()) Close();
}

absl::Duration Connection::Silence() const {
  if (in_flight_.empty()) return absl::ZeroDuration();
  return absl::FromChrono(Clock::now() - heard_);
}

void Connection::Complete(Completion completion, Result result) {
  if (auto* resume = std::get_if<Resume<Result>>(&completion)) {
    return std::move(*resume)(std::move(result));
  }
  auto& slot = std::get<BatchSlot>(completion);
  Batch& batch = *slot.batch;
  batch.results[slot.index] = std::move(result);
  if (--batch.left == 0) std::move(batch.resume)(std::move(batch.results));
}

void Connection::Fail(std::vector<Failed> failed) {
  if (failed.empty()) return;
  asio::post(executor_, [failed = std::move(failed)]() mutable {
    for (Failed& one : failed) Complete(std::move(one.completion), std::move(one.status));
  });
}

void Connection::Take(std::deque<Pending>& from, absl::StatusCode code, std::string_view why,
                      std::vector<Failed>& to) {
  for (Pending& pending : from) {
    pending_bytes_ -= pending.bytes;
    to.push_back({std::move(pending.completion),
                  absl::Status(code, absl::StrCat("Redis ", pending.name, ": ", ToAbsl(why)))});
  }
  from.clear();
}

void Connection::Connect() {
  if (Clock::now() >= next_attempt_) return StartDial();
  state_ = State::kPausing;
  pause_timer_.expires_at(next_attempt_);
  pause_timer_.async_wait([self = shared_from_this(), epoch = epoch_](ErrorCode error) {
    if (error || epoch != self->epoch_) return;
    if (!self->waiting_.empty()) return self->StartDial();
    self->state_ = State::kIdle;
  });
}

void Connection::StartDial() {
  state_ = State::kDialing;
  attempt_ = Dial(executor_, options_.endpoint, options_.connect_timeout,
                  [self = shared_from_this()](absl::StatusOr<Socket> socket) {
                    self->attempt_ = nullptr;
                    self->OnDialed(std::move(socket));
                  });
}

void Connection::OnDialed(absl::StatusOr<Socket> socket) {
  if (socket.ok()) {
    socket_ = *std::move(socket);
    state_ = State::kReady;
    reader_ = std::make_unique<ReplyReader>();
    answered_ = false;
    Read();
    return Flush();
  }
  last_error_ = ToStd(socket.status().message());
  ++epoch_;
  BackOff();
  // Refused for good, until somebody changes something: no use in waiting for the next attempt.
  const bool for_good = !absl::IsUnavailable(socket.status());
  if (for_good || when_unreachable_ == WhenUnreachable::kFail) {
    std::vector<Failed> failed;
    Take(waiting_, socket.status().code(),
         for_good ? last_error_ : absl::StrCat(kNotSent, last_error_), failed);
    Fail(std::move(failed));
  }
  state_ = State::kIdle;
  if (!waiting_.empty()) Connect();
}

void Connection::BackOff() {
  pause_ = std::clamp<Clock::duration>(pause_ * 2, kFirstPause, kLongestPause);
  next_attempt_ = Clock::now() + pause_;
}

void Connection::Break(std::string_view why, std::vector<Failed> failed) {
  ++epoch_;
  state_ = State::kIdle;
  writing_ = false;
  ErrorCode ignored;
  socket_.close(ignored);
  if (!answered_) BackOff();  // a server that drops everyone is not called in a tight loop
  const absl::StatusCode code = absl::StatusCode::kUnavailable;
  Take(in_flight_, code, absl::StrCat(kUnknown, ToAbsl(why)), failed);
  // Those too: the commands of a batch must not be split over two connections.
  Take(waiting_, code, absl::StrCat(kNotSent, ToAbsl(why)), failed);
  Fail(std::move(failed));
  if (retired_) Close();
}

void Connection::ScheduleFlush() {
  if (flush_posted_ || writing_) return;
  flush_posted_ = true;
  asio::post(executor_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->Flush();
  });
}

void Connection::Flush() {
  if (state_ != State::kReady || writing_) return;
  if (output_.use_count() == 1) {
    output_->Clear();
  } else {
    output_ = std::make_shared<Output>();  // a write of the connection before still holds the other
  }
  if (in_flight_.empty()) heard_ = Clock::now();
  while (!waiting_.empty() &&
         (in_flight_.size() < options_.max_in_flight || waiting_.front().joined)) {
    output_->Add(waiting_.front().command);
    in_flight_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  if (output_->empty()) return;
  writing_ = true;
  asio::async_write(
      socket_, output_->Buffers(),
      [self = shared_from_this(), output = output_, epoch = epoch_](ErrorCode error, size_t) {
        if (epoch == self->epoch_) self->OnWritten(error);
      });
}

void Connection::OnWritten(ErrorCode error) {
  writing_ = false;
  if (error) return Break(error.message());
  if (!waiting_.empty()) Flush();
}

void Connection::Read() {
  socket_.async_read_some(asio::buffer(input_), [self = shared_from_this(), epoch = epoch_](
                                                    ErrorCode error, size_t size) {
    if (epoch != self->epoch_) return;
    if (error) return self->Break(error.message());
    self->OnInput(size);
  });
}

void Connection::OnInput(size_t size) {
  reader_->Feed(input_.data(), size);
  heard_ = Clock::now();
  const uint64_t epoch = epoch_;
  bool demoted = false;
  for (;;) {
    absl::StatusOr<std::optional<Value>> reply = reader_->Next();
    if (!reply.ok()) return Break(ToStd(reply.status().message()));
    if (!reply->has_value()) break;
    Value& value = **reply;
    if (in_flight_.empty()) {
      return Break(value.is_error() ? value.str() : "a reply that nothing asked for");
    }
    answered_ = true;
    pause_ = {};
    Completion completion = std::move(in_flight_.front().completion);
    pending_bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
    demoted = demoted || (value.is_error() && value.str().starts_with("READONLY"));
    Complete(std::move(completion), std::move(value));
    if (epoch != epoch_) return;  // the caller just resumed has closed the client
  }
  if (demoted && options_.endpoint.kind == Deployment::Kind::kSentinel) {
    return Break("it is a master no longer");
  }
  if (retired_ && in_flight_.empty()) return Close();
  if (!waiting_.empty()) ScheduleFlush();
  Read();
}

void Connection::ArmDeadline(Clock::time_point when) {
  if (deadline_armed_ && deadline_ <= when) return;
  deadline_armed_ = true;
  deadline_ = when;
  deadline_timer_.expires_at(when);
  deadline_timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error && self->state_ != State::kClosed) self->OnDeadline();
  });
}

void Connection::OnDeadline() {
  deadline_armed_ = false;
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  std::vector<Failed> failed;
  const auto expire = [&](Pending& pending, absl::StatusCode code, std::string_view why) {
    pending_bytes_ -= pending.bytes;
    failed.push_back({std::move(pending.completion),
                      absl::Status(code, absl::StrCat("Redis ", pending.name, ": ", ToAbsl(why)))});
    return true;
  };
  const auto unsent_expires = [&](Pending& pending) {
    if (pending.deadline <= now) {
      return expire(pending, absl::StatusCode::kDeadlineExceeded,
                    absl::StrCat(kNotSent, "its time is up"));
    }
    next = std::min(next, pending.deadline);
    if (state_ == State::kReady) return false;
    if (pending.connect_deadline <= now) {
      return expire(pending, absl::StatusCode::kUnavailable,
                    absl::StrCat(kNotSent, "no connection in time; ", last_error_));
    }
    next = std::min(next, pending.connect_deadline);
    return false;
  };
  const auto sent_expires = [&](Pending& pending) {
    if (pending.deadline <= now) {
      return expire(pending, absl::StatusCode::kDeadlineExceeded,
                    absl::StrCat(kUnknown, "no reply in time"));
    }
    next = std::min(next, pending.deadline);
    return false;
  };
  RemoveIf(waiting_, unsent_expires);
  const size_t unsent = failed.size();
  RemoveIf(in_flight_, sent_expires);
  if (failed.size() > unsent)
    return Break("another command had no reply in time", std::move(failed));
  Fail(std::move(failed));
  if (next != Clock::time_point::max()) ArmDeadline(next);
}

}  // namespace staffetta::redis
