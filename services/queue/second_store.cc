#include "queue/second_store.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "queue/reply_values.h"
#include "queue/scripts.h"

namespace staffetta::queue {
namespace {

using redis::Command;
using redis::Value;

// Names that one sweep removes; the next one takes the rest.
constexpr int kMostSwept = 500;
// How long nothing is asked in haste after it failed.
constexpr std::chrono::seconds kBetweenTries(5);

bool HasAll(const Value& pieces, int wanted) {
  std::set<std::string> there;
  for (const Value& piece : pieces.array()) there.insert(piece.str());
  for (int i = 0; i < wanted; ++i) {
    if (!there.contains(absl::StrCat(i))) return false;
  }
  return true;
}

}  // namespace

SecondStore::SecondStore(const Partition* partition, Clients clients, absl::Duration stays)
    : partition_(partition), clients_(clients), stays_(stays) {}

std::string SecondStore::KeyOf(const Name& name) const {
  return partition_->Key("content", absl::StrCat(name.message_id, ":", name.announced));
}

Co<absl::StatusOr<std::vector<SecondStore::Name>>> SecondStore::Announce(
    std::vector<std::string> message_ids) {
  std::vector<std::string> args{partition_->tag()};
  args.insert(args.end(), message_ids.begin(), message_ids.end());
  const auto reply = co_await partition_->client()->Eval(TheScripts().announce,
                                                         {partition_->any_key()}, std::move(args));
  if (!reply.ok()) co_return reply.status();
  if (reply->array().size() != message_ids.size()) co_return Unexpected("announce");
  std::vector<Name> names;
  for (size_t i = 0; i < message_ids.size(); ++i) {
    names.push_back({std::move(message_ids[i]), NumberOf(reply->array()[i])});
  }
  co_return names;
}

Co<absl::StatusOr<std::vector<Value>>> SecondStore::RunHasty(std::vector<Command> commands) {
  auto replies = co_await clients_.hasty->RunAll(std::move(commands));
  if (!replies.ok()) slow_until_ = std::chrono::steady_clock::now() + kBetweenTries;
  co_return replies;
}

Co<absl::Status> SecondStore::Write(std::vector<StorableMessage*> messages, Pace pace) {
  if (pace == Pace::kHasty && IsSlow()) {
    co_return absl::UnavailableError("the second store has not answered for a while");
  }
  std::vector<std::string> ids;
  for (const StorableMessage* message : messages) ids.push_back(message->id);
  const auto names = co_await Announce(std::move(ids));
  if (!names.ok()) co_return names.status();
  std::vector<Command> commands;
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string key = KeyOf((*names)[i]);
    commands.push_back(messages[i]->content_pieces > 0
                           ? Command("HKEYS", key)
                           : Command("HSET", key, 0, messages[i]->content));
  }
  const auto replies = pace == Pace::kHasty ? co_await RunHasty(std::move(commands))
                                            : co_await clients_.store->RunAll(std::move(commands));
  if (!replies.ok()) co_return replies.status();
  for (size_t i = 0; i < messages.size(); ++i) {
    const int pieces = messages[i]->content_pieces;
    // Where one is missing the script will not find it either.
    if (pieces > 0 && !HasAll((*replies)[i], pieces)) continue;
    messages[i]->announced = (*names)[i].announced;
    messages[i]->content.clear();
  }
  co_return absl::OkStatus();
}

Co<absl::Status> SecondStore::WritePiece(std::string message_id, int piece, std::string frame) {
  std::vector<std::string> ids{std::move(message_id)};
  const auto names = co_await Announce(std::move(ids));
  if (!names.ok()) co_return names.status();
  Command command("HSET", KeyOf(names->front()), piece, frame);
  const auto reply = co_await clients_.store->Run(std::move(command));
  co_return reply.status();
}

Co<absl::StatusOr<std::string>> SecondStore::Read(Name name, int piece) {
  Command command("HGET", KeyOf(name), piece);
  auto reply = co_await clients_.store->Run(std::move(command));
  if (!reply.ok()) co_return reply.status();
  if (reply->is_nil()) {
    co_return absl::NotFoundError(
        absl::StrCat("the second store has no content of message ", name.message_id));
  }
  co_return reply->TakeString();
}

Co<std::vector<std::string>> SecondStore::ReadSoon(std::vector<Name> names) {
  std::vector<std::string> contents(names.size());
  if (names.empty() || IsSlow()) co_return contents;
  std::vector<Command> commands;
  for (const Name& name : names) commands.push_back(Command("HGET", KeyOf(name), 0));
  auto replies = co_await RunHasty(std::move(commands));
  if (!replies.ok()) co_return contents;
  for (size_t i = 0; i < names.size(); ++i) contents[i] = (*replies)[i].TakeString();
  co_return contents;
}

Co<absl::StatusOr<bool>> SecondStore::Sweep(absl::Duration announced) {
  std::vector<std::string> args{
      partition_->tag(), absl::StrCat(absl::ToInt64Milliseconds(announced)),
      absl::StrCat(absl::ToInt64Milliseconds(stays_)), absl::StrCat(kMostSwept)};
  auto gone = co_await partition_->client()->Eval(TheScripts().sweep, {partition_->any_key()},
                                                  std::move(args));
  if (!gone.ok()) co_return gone.status();
  const std::vector<std::string> names = TakeStrings(*std::move(gone));
  if (names.empty()) co_return false;
  Command remove("UNLINK");
  Command forget("ZREM", absl::StrCat("gone:", partition_->tag()));
  for (const std::string& name : names) {
    remove.Add(partition_->Key("content", name));
    forget.Add(name);
  }
  const auto removed = co_await clients_.store->Run(std::move(remove));
  if (!removed.ok()) co_return removed.status();
  const auto forgotten = co_await partition_->client()->Run(std::move(forget));
  if (!forgotten.ok()) co_return forgotten.status();
  co_return names.size() == kMostSwept;
}

}  // namespace staffetta::queue
