#include "common/redis/client.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/metrics/figures.h"
#include "common/redis/cluster.h"
#include "common/redis/connection.h"
#include "common/redis/routing.h"
#include "common/redis/send.h"

namespace staffetta::redis {
namespace {

using Result = Connection::Result;
using Results = Connection::Results;

metrics::Counter& NewFailure(const char* status) {
  return metrics::NewCounter("staffetta_redis_failures_total",
                             "Commands that did not do what they should, by status.",
                             {{"status", status}});
}

struct Figures {
  metrics::Counter& unavailable = NewFailure("unavailable");
  metrics::Counter& late = NewFailure("deadline_exceeded");
  metrics::Counter& exhausted = NewFailure("resource_exhausted");
  metrics::Counter& other = NewFailure("other");

  void Count(const absl::Status& status) const {
    switch (status.code()) {
      case absl::StatusCode::kOk:
      case absl::StatusCode::kNotFound:   // a script that Redis does not have yet
      case absl::StatusCode::kCancelled:  // by Close
        return;
      case absl::StatusCode::kUnavailable:
        return unavailable.Increment();
      case absl::StatusCode::kDeadlineExceeded:
        return late.Increment();
      case absl::StatusCode::kResourceExhausted:
        return exhausted.Increment();
      default:
        return other.Increment();
    }
  }
};

const Figures& TheFigures() {
  static const Figures figures;
  return figures;
}

// From what Redis answered to what the caller is told.
Result ToResult(Result answer) {
  if (answer.ok() && answer->is_error()) answer = ErrorReplyToStatus(answer->str());
  TheFigures().Count(answer.status());
  return answer;
}

// How long a script takes that succeeds.
class Watch {
 public:
  explicit Watch(const Script& script) : seconds_(script.seconds()) {}
  void Observe() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin_;
    seconds_.Observe(took.count());
  }

 private:
  metrics::Histogram& seconds_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

Results ToResults(Results answers) {
  for (Result& answer : answers) answer = ToResult(std::move(answer));
  return answers;
}

}  // namespace

Client::Client(Executor executor, Options options) {
  if (options.endpoint.kind == Deployment::Kind::kCluster) {
    cluster_ = std::make_shared<Cluster>(executor, std::move(options));
  } else {
    connection_ = std::make_shared<Connection>(executor, std::move(options));
  }
}

Client::~Client() { Close(); }

void Client::Close() { cluster_ != nullptr ? cluster_->Close() : connection_->Close(); }

const Client::Options& Client::options() const {
  return cluster_ != nullptr ? cluster_->options() : connection_->options();
}

Co<Result> Client::Run(Command command, std::optional<absl::Duration> timeout) {
  const absl::Duration limit = timeout.value_or(options().command_timeout);
  if (cluster_ != nullptr) {
    std::vector<Command> commands = {std::move(command)};
    Results results = co_await Cluster::Run(cluster_, std::move(commands), limit);
    co_return ToResult(std::move(results[0]));
  }
  absl::Status admitted = connection_->Admit(command.body().size());
  if (!admitted.ok()) co_return ToResult(std::move(admitted));
  co_return ToResult(co_await Send(connection_, std::move(command), limit));
}

Co<Results> Client::RunEach(std::vector<Command> commands, std::optional<absl::Duration> timeout) {
  if (commands.empty()) co_return Results();
  const absl::Duration limit = timeout.value_or(options().command_timeout);
  if (cluster_ != nullptr) {
    co_return ToResults(co_await Cluster::Run(cluster_, std::move(commands), limit));
  }
  size_t bytes = 0;
  for (const Command& command : commands) bytes += command.body().size();
  absl::Status admitted = connection_->Admit(bytes);
  if (!admitted.ok()) co_return ToResults(Results(commands.size(), admitted));
  std::vector<Outgoing> outgoing;
  for (Command& command : commands) {
    outgoing.push_back({connection_, std::move(command), !outgoing.empty()});
  }
  co_return ToResults(co_await SendAll(std::move(outgoing), limit));
}

Co<absl::StatusOr<std::vector<Client::OfMaster>>> Client::RunOnMasters(
    std::vector<Command> commands) {
  std::vector<OfMaster> all;
  if (cluster_ == nullptr) {
    std::string name = endpoint().ToString();
    all.push_back({std::move(name), co_await RunEach(std::move(commands))});
    co_return all;
  }
  absl::StatusOr<std::vector<OfMaster>> answered =
      co_await Cluster::RunOnMasters(cluster_, std::move(commands), options().command_timeout);
  if (!answered.ok()) co_return answered.status();
  for (OfMaster& one : *answered) one.results = ToResults(std::move(one.results));
  co_return answered;
}

Co<absl::StatusOr<std::vector<Value>>> Client::RunAll(std::vector<Command> commands,
                                                      std::optional<absl::Duration> timeout) {
  Results results = co_await RunEach(std::move(commands), timeout);
  std::vector<Value> values;
  values.reserve(results.size());
  for (Result& result : results) {
    if (!result.ok()) co_return result.status();
    values.push_back(*std::move(result));
  }
  co_return values;
}

Command Client::ScriptCommand(std::string_view word, std::string_view script,
                              const std::vector<std::string>& keys,
                              const std::vector<std::string>& args) const {
  constexpr size_t kOverhead = 16;  // of one argument
  const bool guarded = cluster_ != nullptr && !keys.empty();
  size_t bytes = script.size() + 3 * kOverhead;
  for (const std::string& key : keys) bytes += key.size() + kOverhead;
  for (const std::string& arg : args) bytes += arg.size() + kOverhead;
  Command command(word);
  command.Reserve(bytes);
  command.Add(script).Add(keys.size() + (guarded ? 1 : 0));
  for (const std::string& key : keys) command.Add(key);
  if (guarded) command.Add(GuardKey(keys[0]));
  for (const std::string& arg : args) command.Add(arg);
  return command;
}

Co<absl::StatusOr<Value>> Client::Eval(Script script, std::vector<std::string> keys,
                                       std::vector<std::string> args) {
  const Watch watch(script);
  Result result = co_await Run(ScriptCommand("EVALSHA", script.sha1(), keys, args));
  if (absl::IsNotFound(result.status()))
    result = co_await Run(ScriptCommand("EVAL", script.source(), keys, args));
  if (result.ok()) watch.Observe();
  co_return result;
}

Co<absl::StatusOr<Value>> Client::EvalAndWait(Script script, std::vector<std::string> keys,
                                              std::vector<std::string> args, int replicas,
                                              absl::Duration wait) {
  const Watch watch(script);
  const Command wait_command("WAIT", replicas, absl::ToInt64Milliseconds(wait));
  std::vector<Command> commands = {ScriptCommand("EVALSHA", script.sha1(), keys, args),
                                   wait_command};
  Results results = co_await RunEach(std::move(commands));
  if (absl::IsNotFound(results[0].status())) {
    std::vector<Command> again = {ScriptCommand("EVAL", script.source(), keys, args), wait_command};
    results = co_await RunEach(std::move(again));
  }
  if (!results[0].ok()) co_return results[0].status();
  if (!results[1].ok()) co_return results[1].status();
  if (results[1]->integer() < replicas) {
    const auto few = absl::UnavailableError(absl::StrCat(
        "Redis WAIT: ", results[1]->integer(), " of ", replicas, " replicas have the write"));
    TheFigures().Count(few);
    co_return few;
  }
  watch.Observe();
  co_return std::move(results[0]);
}

}  // namespace staffetta::redis
