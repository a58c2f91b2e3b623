#include "queue/invariants.h"

#include <absl/strings/str_cat.h>

#include <map>
#include <set>
#include <utility>

#include "queue/admin_store.h"
#include "queue/scripts.h"

namespace staffetta::queue {
namespace {

using redis::Command;
using redis::Value;
using Names = std::set<std::string>;
using Deliveries = std::map<std::string, AdminStore::Described>;

// What lies in one partition.
class Snapshot {
 public:
  Snapshot(redis::Client* client, std::string tag) : client_(client), tag_(std::move(tag)) {}

  // "lane" -> the rest of each key "lane:{0}:<rest>".
  Co<Names> Keys(std::string kind) {
    const std::string prefix = absl::StrCat(kind, ":", tag_, ":");
    Names names;
    Command keys("KEYS", prefix + "*");
    keys.RouteBy(tag_);
    for (const std::string& key : co_await Strings(std::move(keys))) {
      names.insert(key.substr(prefix.size()));
    }
    co_return names;
  }
  Co<Names> List(std::string kind, std::string rest = "") {
    co_return co_await Strings(Command("LRANGE", Key(kind, rest), 0, -1));
  }
  Co<Names> Fields(std::string kind) {
    co_return co_await Strings(Command("HKEYS", Key(kind, "")));
  }
  Co<Names> Sorted(std::string kind, std::string rest = "") {
    co_return co_await Strings(Command("ZRANGE", Key(kind, rest), 0, -1));
  }
  // "<member>:<score>".
  Co<Names> Scored(std::string kind) {
    const auto reply = co_await client_->Run(Command("ZRANGE", Key(kind, ""), 0, -1, "WITHSCORES"));
    Names names;
    if (!reply.ok()) names.insert(reply.status().ToString());
    for (size_t i = 0; reply.ok() && i < reply->array().size(); i += 2) {
      names.insert(absl::StrCat(reply->array()[i].str(), ":", reply->array()[i + 1].str()));
    }
    co_return names;
  }
  // Where the message's content is, as locate.lua tells it.
  struct Place {
    int64_t announced = -1;  // -1: nowhere
    bool is_behind_record = false;
  };
  Co<Place> Locate(std::string message_id) {
    std::vector<std::string> keys{Key("gates", "")};
    std::vector<std::string> args{tag_, std::move(message_id)};
    const auto reply =
        co_await client_->Eval(TheScripts().locate, std::move(keys), std::move(args));
    if (!reply.ok() || !reply->is_array()) co_return Place{};
    co_return Place{.announced = reply->array()[0].integer(),
                    .is_behind_record = !reply->array()[1].str().empty()};
  }
  Co<std::string> Field(std::string kind, std::string field) {
    const auto reply = co_await client_->Run(Command("HGET", Key(kind, ""), field));
    co_return reply.ok() ? reply->str() : reply.status().ToString();
  }

 private:
  std::string Key(const std::string& kind, const std::string& rest) const {
    return absl::StrCat(kind, ":", tag_, rest.empty() ? "" : ":", rest);
  }
  Co<Names> Strings(Command command) {
    const auto reply = co_await client_->Run(std::move(command));
    Names strings;
    if (!reply.ok()) strings.insert(reply.status().ToString());
    if (reply.ok()) {
      for (const Value& element : reply->array()) strings.insert(element.str());
    }
    co_return strings;
  }

  redis::Client* const client_;
  const std::string tag_;
};

// The index that a delivery in this state is in; empty: its lane.
std::string IndexOf(v1::DeliveryState state) {
  switch (state) {
    case v1::DELIVERY_STATE_DUE_LATER:
      return "due";
    case v1::DELIVERY_STATE_LEASED:
      return "lease";
    case v1::DELIVERY_STATE_PAUSED:
      return "paused";
    case v1::DELIVERY_STATE_SET_ASIDE:
      return "aside";
    case v1::DELIVERY_STATE_SUSPECT:
      return "suspects";
    case v1::DELIVERY_STATE_EXPIRED:
      return "expired";
    default:
      return "";
  }
}

Co<absl::StatusOr<Deliveries>> ReadDeliveries(AdminStore* admin) {
  Deliveries deliveries;
  std::string next;
  do {
    // In one look: a cursor means nothing to a master that has just changed.
    auto page = co_await admin->List(next, 100'000);
    if (!page.ok()) co_return page.status();
    for (AdminStore::Described& d : page->description.deliveries) {
      std::string id = d.delivery_id;
      deliveries.insert_or_assign(std::move(id), std::move(d));
    }
    next = page->next;
  } while (!next.empty());
  co_return deliveries;
}

// I2: each delivery is where its record says, and the indices know no others.
Co<void> CheckPlaces(Snapshot* all, const Deliveries* deliveries,
                     std::vector<std::string>* broken) {
  std::map<std::string, Names> places;
  for (const char* index : {"due", "lease", "paused", "aside"}) {
    places[index] = co_await all->Sorted(index);
    for (const std::string& id : places[index]) {
      const auto found = deliveries->find(id);
      if (found == deliveries->end() || IndexOf(found->second.state) != index) {
        broken->push_back(absl::StrCat("I2: ", id, " is in ", index, ", says no record"));
      }
    }
  }
  if (places["lease"] != co_await all->Fields("held")) {
    broken->push_back("I2: held and lease do not name the same deliveries");
  }
  places["suspects"] = co_await all->List("suspects");
  places["expired"] = co_await all->List("expired");
  for (const std::string& lane : co_await all->Keys("lane")) {
    places["lane " + lane] = co_await all->List("lane", lane);
  }
  for (const auto& [id, d] : *deliveries) {
    std::string place = IndexOf(d.state);
    if (place.empty()) place = absl::StrCat("lane ", d.message_class, ":", d.lane);
    if (!places[place].contains(id)) {
      broken->push_back(absl::StrCat("I2: ", id, " is not in ", place));
    }
  }
}

// A lane that is not empty has its turn or waits before a gate, one of them; heads knows it.
Co<void> CheckTurns(Snapshot* all, std::vector<std::string>* broken) {
  std::map<std::string, int> chances;
  Names heads;
  for (const char* c : {"1", "2", "3", "4", "5"}) {
    for (const std::string& lane : co_await all->Sorted("heads", c)) {
      heads.insert(absl::StrCat(c, ":", lane));
    }
    for (const std::string& account : co_await all->List("turn", c)) {
      const Names lanes = co_await all->List("turn", absl::StrCat(c, ":", account));
      if (lanes.empty()) broken->push_back("turn: account without lanes: " + account);
      for (const std::string& lane : lanes) ++chances[absl::StrCat(c, ":", lane)];
    }
  }
  for (const std::string& gate : co_await all->Keys("wait")) {
    for (const std::string& lane : co_await all->List("wait", gate)) {
      ++chances[absl::StrCat(gate.substr(0, 1), ":", lane)];
    }
  }
  for (const std::string& lane : co_await all->Keys("lane")) {
    if (chances[lane] != 1) {
      broken->push_back(absl::StrCat("turn: lane ", lane, " has ", chances[lane], " chances"));
    }
    if (!heads.contains(lane)) broken->push_back("heads: does not know lane " + lane);
  }
}

// I5 in the second store: what messages need is there; what else is there is announced or gone, and
// that is no message's.
Co<void> CheckSecond(Snapshot* all, Snapshot* second, const Names* away,
                     std::vector<std::string>* broken) {
  const Names there = co_await second->Keys("content");
  Names without_message = co_await all->Scored("announced");
  without_message.merge(co_await all->Sorted("gone"));
  for (const std::string& name : *away) {
    if (!there.contains(name)) broken->push_back("I5: the second store lacks " + name);
    if (without_message.contains(name)) {
      broken->push_back("I5: to be removed although a message needs it: " + name);
    }
  }
  for (const std::string& name : there) {
    if (!away->contains(name) && !without_message.contains(name)) {
      broken->push_back("I5: nothing knows of what the second store has: " + name);
    }
  }
}

}  // namespace

Co<std::vector<std::string>> BrokenInvariants(redis::Client* client, std::string tag,
                                              redis::Client* second) {
  std::vector<std::string> broken;
  Snapshot all(client, tag);
  const Partition partition(client, std::stoi(tag.substr(1)), 0);
  AdminStore admin(&partition);
  const auto deliveries = co_await ReadDeliveries(&admin);
  if (!deliveries.ok()) {
    broken.push_back(deliveries.status().ToString());
    co_return broken;
  }
  co_await CheckPlaces(&all, &*deliveries, &broken);
  co_await CheckTurns(&all, &broken);

  Names messages;
  std::map<std::string, int64_t> counts;  // as the fields of count: should be
  for (const auto& [id, d] : *deliveries) {
    messages.insert(id.substr(0, id.find('.')));
    if (d.state == v1::DELIVERY_STATE_READY) ++counts[absl::StrCat("r", d.message_class)];
  }
  // I1: no record stands alone. A message's own record is there when it has several deliveries.
  if (deliveries->size() != (co_await all.Keys("dlv")).size()) {
    broken.push_back("I1: a delivery's record is damaged, or its message's record is gone");
  }
  for (const std::string& message : co_await all.Keys("msg")) {
    if (!messages.contains(message)) broken.push_back("I1: no delivery of message " + message);
  }
  for (const std::string& delivery : co_await all.Fields("why")) {
    const auto found = deliveries->find(delivery);
    if (found == deliveries->end() || found->second.state != v1::DELIVERY_STATE_PAUSED) {
      broken.push_back("why: " + delivery + " is not paused");
    }
  }
  // I5, for content in one piece and in several, and behind a record: then it is nowhere else.
  Names here;
  Names away;
  for (const std::string& message : messages) {
    const Snapshot::Place place = co_await all.Locate(message);
    if (place.announced != 0) {
      away.insert(absl::StrCat(message, ":", place.announced));
    } else if (!place.is_behind_record) {
      here.insert(message);
    }
  }
  Names contents;
  for (const std::string& name : co_await all.Keys("content")) {
    contents.insert(name.substr(0, name.find(':')));
  }
  if (contents != here) broken.push_back("I5: contents are not those of the messages");
  if (second != nullptr) {
    Snapshot there(second, tag);
    co_await CheckSecond(&all, &there, &away, &broken);
  }

  counts["m"] = static_cast<int64_t>(messages.size());
  counts["a"] = static_cast<int64_t>(away.size());
  for (const std::string& scope : co_await all.Sorted("gates")) {
    ++counts[absl::StrCat("g:", scope.substr(0, scope.find(':')))];
  }
  for (const char* field :
       {"m", "a", "r1", "r2", "r3", "r4", "r5", "g:account", "g:channel", "g:destination"}) {
    const std::string counted = co_await all.Field("count", field);
    const std::string expected = counts[field] == 0 ? "" : absl::StrCat(counts[field]);
    if (counted != expected) {
      broken.push_back(absl::StrCat("count: ", field, " is \"", counted, "\", not ", expected));
    }
  }
  co_return broken;
}

}  // namespace staffetta::queue
