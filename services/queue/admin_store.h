#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/co.h"
#include "queue/partition.h"
#include "queue/records.h"
#include "staffetta/queue/v1/admin.pb.h"

namespace staffetta::queue {

// What operators see and change in one partition (lua/layout.lua). Confined to the client's thread.
// Failures are those of redis::Client; after a failed write the change may have happened.
class AdminStore {
 public:
  explicit AdminStore(const Partition* partition);

  struct Described {
    std::string delivery_id;
    int message_class = 0;
    int attempts = 0;
    std::string delivery_part;
    std::string message_part;
    absl::Time accepted;
    absl::Time expires;
    v1::DeliveryState state = v1::DELIVERY_STATE_UNSPECIFIED;
    absl::Time at;  // paused, set aside: since; due, leased: until; else InfiniteFuture
    std::string lease_id;
    int kills = 0;
    std::string lane;
    // When it is ready.
    v1::WaitReason reason = v1::WAIT_REASON_UNSPECIFIED;
    std::string scope;
    absl::Time reason_at;        // a hold's beginning, a throttle's end; InfiniteFuture: unknown
    int64_t place_in_lane = -1;  // -1: not among the first 10,000
    std::string paused_why;      // as the operator said
  };
  struct Description {
    absl::Time now;                 // Redis's clock
    absl::Time last_asked;          // InfinitePast: no worker ever did
    int highest_waiting_class = 0;  // that may go; 0: none
    std::vector<Described> deliveries;
  };
  struct Page {
    Description description;
    std::string next;  // empty: that was all
  };
  struct Stats {
    struct Class {
      int64_t ready = 0;
      absl::Time oldest;  // InfiniteFuture: there is none
    };
    absl::Time now;
    absl::Time last_asked;  // InfinitePast: no worker ever did
    int64_t messages = 0, due = 0, leased = 0, paused = 0, aside = 0, expired = 0, suspects = 0;
    int64_t away = 0;              // messages with content in the second store
    int64_t gone = 0;              // contents there without a message: announced, or to be removed
    std::array<Class, 6> classes;  // [0] is unused
    // By kind of scope, in the order of kScopeKinds.
    std::array<int64_t, 6> holds{};
    std::array<int64_t, 3> closed_gates{};  // throttles are for the first three
  };
  static constexpr std::array<const char*, 6> kScopeKinds = {"account", "channel", "destination",
                                                             "list",    "lane",    "all"};
  struct Hold {
    absl::Time since;
    std::string why;
  };

  Co<absl::StatusOr<Stats>> GetStats();
  // One step of a walk over all deliveries; `from` is empty or the `next` before.
  Co<absl::StatusOr<Page>> List(std::string from, int about);
  // The unfinished deliveries of a message; none: it is not queued.
  Co<absl::StatusOr<Description>> DescribeMessage(std::string message_id);
  // The same of no deliveries.
  Co<absl::StatusOr<Description>> DescribeNone() { return Describe({}); }
  struct ChangeOrder {
    v1::DeliveryChange change = v1::DELIVERY_CHANGE_UNSPECIFIED;
    std::string why = {};
    std::string event = {};    // published for each delivery
    std::string channel = {};  // REROUTE
  };
  // Those of the deliveries that the change fitted.
  Co<absl::StatusOr<std::vector<std::string>>> Change(ChangeOrder order,
                                                      std::vector<std::string> deliveries);

  // `since` InfinitePast: now. An empty `event`, here and below: none is published.
  Co<absl::Status> SetHold(std::string scope, Hold hold, std::string event);
  // NOT_FOUND: there is none.
  Co<absl::Status> Release(std::string scope, std::string event);
  Co<absl::StatusOr<std::map<std::string, Hold>>> Holds();
  // This partition's share, one in `share`, of the limits. Without a limit: removes them;
  // NOT_FOUND: there are none.
  Co<absl::Status> SetThrottle(v1::Throttle throttle, int share, std::string event);
  Co<absl::StatusOr<std::vector<v1::Throttle>>> Throttles();

  // Adds the holds and throttles of the first partition that are missing here, and gives the
  // throttles the share that they have among so many: for a partition that is new, and after an
  // operator's call that did not reach all.
  Co<absl::Status> FollowGates(AdminStore* first, size_t partitions);

 private:
  Co<absl::StatusOr<Description>> Describe(std::vector<std::string> deliveries);
  Co<absl::StatusOr<int64_t>> Gate(std::string action, std::string scope, std::string text,
                                   std::string event);

  const Partition* const partition_;
};

}  // namespace staffetta::queue
