#include "common/redis/client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/redis/connection.h"

namespace staffetta::redis {
namespace {

using Result = Connection::Result;
using Results = Connection::Results;

// Suspends the caller until its reply; `connection` has admitted the command.
auto AwaitReply(std::shared_ptr<Connection> connection, Command command, absl::Duration timeout) {
  return asio::async_initiate<decltype(use_co), void(Result)>(
      [](auto resume, std::shared_ptr<Connection> to, Command what, absl::Duration limit) {
        to->Enqueue(std::move(what), limit, false, std::move(resume));
      },
      use_co, std::move(connection), std::move(command), timeout);
}

auto AwaitReplies(std::shared_ptr<Connection> connection, std::vector<Command> commands,
                  absl::Duration timeout) {
  return asio::async_initiate<decltype(use_co), void(Results)>(
      [](auto resume, std::shared_ptr<Connection> to, std::vector<Command> what,
         absl::Duration limit) {
        auto batch = std::make_shared<Connection::Batch>(Connection::Batch{
            std::move(resume), Results(what.size(), absl::UnknownError("")), what.size()});
        for (size_t i = 0; i < what.size(); ++i) {
          to->Enqueue(std::move(what[i]), limit, i > 0, Connection::BatchSlot{batch, i});
        }
      },
      use_co, std::move(connection), std::move(commands), timeout);
}

Command EvalCommand(std::string_view word, std::string_view script,
                    const std::vector<std::string>& keys, const std::vector<std::string>& args) {
  constexpr size_t kOverhead = 16;  // of one argument
  size_t bytes = script.size() + 2 * kOverhead;
  for (const std::string& key : keys) bytes += key.size() + kOverhead;
  for (const std::string& arg : args) bytes += arg.size() + kOverhead;
  Command command(word);
  command.Reserve(bytes);
  command.Add(script).Add(keys.size());
  for (const std::string& key : keys) command.Add(key);
  for (const std::string& arg : args) command.Add(arg);
  return command;
}

Command ByHash(const Script& script, const std::vector<std::string>& keys,
               const std::vector<std::string>& args) {
  return EvalCommand("EVALSHA", script.sha1(), keys, args);
}

Command BySource(const Script& script, const std::vector<std::string>& keys,
                 const std::vector<std::string>& args) {
  return EvalCommand("EVAL", script.source(), keys, args);
}

}  // namespace

Client::Client(Executor executor, Options options)
    : connection_(std::make_shared<Connection>(executor, std::move(options))) {}

Client::~Client() { Close(); }

void Client::Close() { connection_->Close(); }

const Endpoint& Client::endpoint() const { return connection_->options().endpoint; }

Co<absl::StatusOr<Value>> Client::Run(Command command, std::optional<absl::Duration> timeout) {
  absl::Status admitted = connection_->Admit(command.body().size());
  if (!admitted.ok()) co_return admitted;
  Result result = co_await AwaitReply(connection_, std::move(command),
                                      timeout.value_or(connection_->options().command_timeout));
  co_return result;
}

Co<std::vector<absl::StatusOr<Value>>> Client::RunEach(std::vector<Command> commands,
                                                       std::optional<absl::Duration> timeout) {
  if (commands.empty()) co_return Results();
  size_t bytes = 0;
  for (const Command& command : commands) bytes += command.body().size();
  absl::Status admitted = connection_->Admit(bytes);
  if (!admitted.ok()) co_return Results(commands.size(), admitted);
  Results results = co_await AwaitReplies(connection_, std::move(commands),
                                          timeout.value_or(connection_->options().command_timeout));
  co_return results;
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

Co<absl::StatusOr<Value>> Client::Eval(Script script, std::vector<std::string> keys,
                                       std::vector<std::string> args) {
  Result result = co_await Run(ByHash(script, keys, args));
  if (absl::IsNotFound(result.status())) result = co_await Run(BySource(script, keys, args));
  co_return result;
}

Co<absl::StatusOr<Value>> Client::EvalAndWait(Script script, std::vector<std::string> keys,
                                              std::vector<std::string> args, int replicas,
                                              absl::Duration wait) {
  const Command wait_command("WAIT", replicas, absl::ToInt64Milliseconds(wait));
  std::vector<Command> commands = {ByHash(script, keys, args), wait_command};
  Results results = co_await RunEach(std::move(commands));
  if (absl::IsNotFound(results[0].status())) {
    std::vector<Command> again = {BySource(script, keys, args), wait_command};
    results = co_await RunEach(std::move(again));
  }
  if (!results[0].ok()) co_return results[0].status();
  if (!results[1].ok()) co_return results[1].status();
  if (results[1]->integer() < replicas) {
    co_return absl::UnavailableError(absl::StrCat("Redis WAIT: ", results[1]->integer(), " of ",
                                                  replicas, " replicas have the write"));
  }
  co_return std::move(results[0]);
}

}  // namespace staffetta::redis
