#include "events/event_store.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <utility>

#include "events/cursor.h"

namespace staffetta::events {
namespace {

using redis::Command;
using redis::Value;

constexpr int64_t kSecondsPerHour = 3600;

// KEYS[1] cursor. ARGV: from, to, seconds to keep, then hash, name, amount for each counter.
constexpr char kAddCounts[] = R"LUA(
local at = redis.call('GET', KEYS[1]) or '0-0'
if at ~= ARGV[1] then return 0 end
for i = 4, #ARGV, 3 do
  redis.call('HINCRBY', ARGV[i], ARGV[i + 1], ARGV[i + 2])
  redis.call('EXPIRE', ARGV[i], ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
)LUA";

const redis::Script& AddCountsScript() {
  static const redis::Script script("add_counts", kAddCounts);
  return script;
}

// Id and time come from the entry's id.
bool ToEvent(const Value& entry, int partition, v1::Event* event) {
  if (entry.array().size() != 2 || entry.array()[1].array().size() < 2) return false;
  if (!event->ParseFromString(entry.array()[1].array()[1].str())) return false;
  const std::string& id = entry.array()[0].str();
  int64_t ms = 0;
  if (!absl::SimpleAtoi(id.substr(0, id.find('-')), &ms)) return false;
  event->set_event_id(EventId(id, partition));
  event->mutable_time()->set_seconds(ms / 1000);
  event->mutable_time()->set_nanos(static_cast<int32_t>(ms % 1000 * 1'000'000));
  return true;
}

}  // namespace

EventStore::EventStore(redis::Client* client, int partition, Options options)
    : client_(client),
      partition_(partition),
      tag_(absl::StrCat("{", partition, "}")),
      stream_("events:" + tag_),
      options_(options) {}

Co<absl::StatusOr<std::vector<v1::Event>>> EventStore::ReadBehind(std::string entry_id, int most) {
  if (!IsEntryId(entry_id)) {
    co_return absl::InvalidArgumentError(absl::StrCat("\"", entry_id, "\" is no entry's id"));
  }
  const auto reply =
      co_await client_->Run(Command("XRANGE", stream_, "(" + entry_id, "+", "COUNT", most));
  if (!reply.ok()) co_return reply.status();
  std::vector<v1::Event> events;
  for (const Value& entry : reply->array()) {
    v1::Event& event = events.emplace_back();
    if (!ToEvent(entry, partition_, &event)) {
      co_return absl::DataLossError("the event stream holds an entry that is no event");
    }
  }
  co_return events;
}

Co<absl::StatusOr<std::string>> EventStore::LastId() {
  const auto reply = co_await client_->Run(Command("XREVRANGE", stream_, "+", "-", "COUNT", 1));
  if (!reply.ok()) co_return reply.status();
  if (reply->array().empty()) co_return "0-0";
  co_return reply->array()[0].array()[0].str();
}

Co<absl::Status> EventStore::Append(std::vector<v1::Event> events) {
  std::vector<Command> commands;
  for (v1::Event& event : events) {
    event.clear_event_id();
    event.clear_time();
    commands.emplace_back("XADD", stream_, "MAXLEN", "~", options_.keep_events, "*", "e",
                          event.SerializeAsString());
  }
  const auto replies = co_await client_->RunAll(std::move(commands));
  co_return replies.status();
}

Co<absl::StatusOr<std::string>> EventStore::CountedUpTo() {
  const auto reply = co_await client_->Run(Command("GET", absl::StrCat("stats:", tag_, ":cursor")));
  if (!reply.ok()) co_return reply.status();
  if (reply->is_nil()) co_return "0-0";
  co_return reply->str();
}

Co<absl::Status> EventStore::AddCounts(std::string from, std::string to, Increments increments) {
  std::vector<std::string> args{std::move(from), std::move(to),
                                absl::StrCat(absl::ToInt64Seconds(options_.keep_statistics))};
  for (const auto& [key, amount] : increments) {
    args.push_back(absl::StrCat("stats:", tag_, ":", key.account_id, ":", key.hour));
    args.push_back(key.name);
    args.push_back(absl::StrCat(amount));
  }
  std::vector<std::string> keys{absl::StrCat("stats:", tag_, ":cursor")};
  const auto reply = co_await client_->Eval(AddCountsScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  if (reply->integer() == 0) co_return absl::AbortedError("another replica counts the events");
  co_return absl::OkStatus();
}

Co<absl::StatusOr<std::vector<v1::HourlyCounts>>> EventStore::ReadCounts(uint64_t account_id,
                                                                         int64_t first,
                                                                         int64_t last) {
  std::vector<Command> commands;
  for (int64_t hour = first; hour <= last; ++hour) {
    commands.emplace_back("HGETALL", absl::StrCat("stats:", tag_, ":", account_id, ":", hour));
  }
  const auto replies = co_await client_->RunAll(std::move(commands));
  if (!replies.ok()) co_return replies.status();
  std::vector<v1::HourlyCounts> hours;
  for (size_t i = 0; i < replies->size(); ++i) {
    const std::vector<Value>& pairs = (*replies)[i].array();
    if (pairs.empty()) continue;
    v1::HourlyCounts& counts = hours.emplace_back();
    counts.mutable_hour()->set_seconds((first + static_cast<int64_t>(i)) * kSecondsPerHour);
    for (size_t k = 0; k + 1 < pairs.size(); k += 2) {
      int64_t count = 0;
      if (absl::SimpleAtoi(pairs[k + 1].str(), &count)) {
        (*counts.mutable_counts())[pairs[k].str()] = count;
      }
    }
  }
  co_return hours;
}

}  // namespace staffetta::events
