#include "queue/partitions.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/ids.h"

namespace staffetta::queue {

absl::StatusOr<size_t> PartitionOf(const std::string& id, size_t partitions) {
  const std::optional<int> number = PartitionOfMessageId(id.substr(0, id.find('.')));
  if (!number) {
    return absl::InvalidArgumentError(absl::StrCat("message_id: \"", id, "\" is none"));
  }
  if (static_cast<size_t>(*number) >= partitions) {
    return absl::UnavailableError(
        absl::StrCat(id, " is in partition ", *number,
                     ", of which this replica of the queue does not know; is "
                     "queue.partitions lower here than elsewhere?"));
  }
  return *number;
}

int SpreadOf(const std::string& scope, size_t partitions) {
  const bool shared = absl::StartsWith(scope, "destination:") || scope == "channel:" ||
                      scope == "channel:shared" || scope == "channel:sandbox";
  return shared ? static_cast<int>(partitions) : 1;
}

// A token is "<partition>.<cursor>"; the cursor is empty at a partition's beginning.
Co<absl::StatusOr<AdminStore::Page>> ListFrom(std::vector<Stores> partitions, std::string token,
                                              int about) {
  size_t at = 0;
  std::string cursor;
  if (!token.empty()) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(token, absl::MaxSplits('.', 1));
    if (!absl::SimpleAtoi(parts.first, &at) || at >= partitions.size()) {
      co_return absl::InvalidArgumentError("page_token: not from an answer of this call");
    }
    cursor = parts.second;
  }
  auto page = co_await partitions[at].admin->List(std::move(cursor), about);
  if (!page.ok()) co_return page;
  if (!page->next.empty()) {
    page->next = absl::StrCat(at, ".", page->next);
  } else if (at + 1 < partitions.size()) {
    page->next = absl::StrCat(at + 1, ".");
  }
  co_return page;
}

Co<absl::StatusOr<AdminStore::Stats>> StatsOf(std::vector<Stores> partitions) {
  AdminStore::Stats sum;
  sum.last_asked = absl::InfinitePast();
  for (auto& each : sum.classes) each.oldest = absl::InfiniteFuture();
  for (const Stores& stores : partitions) {
    const auto stats = co_await stores.admin->GetStats();
    if (!stats.ok()) co_return stats;
    sum.now = stats->now;
    for (size_t c = 1; c < stats->classes.size(); ++c) {
      sum.classes[c].ready += stats->classes[c].ready;
      sum.classes[c].oldest = std::min(sum.classes[c].oldest, stats->classes[c].oldest);
    }
    sum.messages += stats->messages;
    sum.away += stats->away;
    sum.gone += stats->gone;
    sum.due += stats->due;
    sum.leased += stats->leased;
    sum.paused += stats->paused;
    sum.aside += stats->aside;
    sum.suspects += stats->suspects;
    sum.expired += stats->expired;
    for (size_t i = 0; i < sum.closed_gates.size(); ++i) {
      sum.closed_gates[i] += stats->closed_gates[i];
    }
    for (size_t i = 0; i < sum.holds.size(); ++i) {
      sum.holds[i] = std::max(sum.holds[i], stats->holds[i]);
    }
    sum.last_asked = std::max(sum.last_asked, stats->last_asked);
  }
  co_return sum;
}

Co<absl::StatusOr<AdminStore::Description>> DescribeMessage(std::vector<Stores> partitions,
                                                            std::string message_id) {
  const absl::Status none = absl::NotFoundError(
      absl::StrCat("message ", message_id, " is not queued: it is finished, or never was"));
  const auto partition = PartitionOf(message_id, partitions.size());
  if (!partition.ok()) co_return none;
  auto described = co_await partitions[*partition].admin->DescribeMessage(message_id);
  if (described.ok() && described->deliveries.empty()) co_return none;
  co_return described;
}

Co<absl::StatusOr<AdminStore::Description>> DescribeAmongAll(std::vector<Stores> partitions,
                                                             std::string message_id) {
  auto described = co_await DescribeMessage(partitions, message_id);
  if (!described.ok() || partitions.size() == 1) co_return described;
  int highest = described->highest_waiting_class;
  for (const Stores& stores : partitions) {
    const auto other = co_await stores.admin->DescribeNone();
    if (!other.ok()) continue;
    described->last_asked = std::max(described->last_asked, other->last_asked);
    const int there = other->highest_waiting_class;
    if (there > 0 && (highest == 0 || there < highest)) highest = there;
  }
  described->highest_waiting_class = highest;
  for (AdminStore::Described& delivery : described->deliveries) {
    const bool next =
        delivery.reason == v1::WAIT_REASON_TURN || delivery.reason == v1::WAIT_REASON_HIGHER_CLASS;
    if (!next || highest == 0 || highest >= delivery.message_class) continue;
    delivery.reason = v1::WAIT_REASON_HIGHER_CLASS;
    delivery.scope = absl::StrCat(highest);
  }
  co_return described;
}

}  // namespace staffetta::queue
