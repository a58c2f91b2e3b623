#include "queue/invariants.h"

#include <absl/strings/str_cat.h>

#include <map>
#include <set>

namespace staffetta::queue {
namespace {

using redis::Command;
using redis::Value;

Co<std::vector<std::string>> Strings(redis::Client* client, Command command) {
  auto reply = co_await client->Run(std::move(command));
  std::vector<std::string> strings;
  if (!reply.ok()) {
    strings.push_back(reply.status().ToString());
    co_return strings;
  }
  for (const Value& element : reply->array()) strings.push_back(element.str());
  co_return strings;
}

Co<std::set<std::string>> KeysWithout(redis::Client* client, std::string prefix) {
  std::set<std::string> names;
  for (const std::string& key : co_await Strings(client, Command("KEYS", prefix + "*"))) {
    names.insert(key.substr(prefix.size()));
  }
  co_return names;
}

}  // namespace

Co<std::vector<std::string>> BrokenInvariants(redis::Client* client, std::string tag) {
  std::vector<std::string> broken;
  const std::set<std::string> messages = co_await KeysWithout(client, "msg:" + tag + ":");
  const std::set<std::string> contents = co_await KeysWithout(client, "content:" + tag + ":");
  const std::set<std::string> deliveries = co_await KeysWithout(client, "dlv:" + tag + ":");
  const std::set<std::string> lanes = co_await KeysWithout(client, "lane:" + tag + ":");

  std::map<std::string, int> places;  // how often each delivery is found
  for (const std::string& lane : lanes) {
    Command all("LRANGE", "lane:" + tag + ":" + lane, 0, -1);
    for (const std::string& delivery : co_await Strings(client, std::move(all))) ++places[delivery];
  }
  for (const char* index : {"due:", "lease:"}) {
    Command all("ZRANGE", index + tag, 0, -1);
    for (const std::string& delivery : co_await Strings(client, std::move(all))) ++places[delivery];
  }
  for (const auto& [delivery, times] : places) {
    if (!deliveries.contains(delivery)) broken.push_back("I2: no record of delivery " + delivery);
  }
  std::map<std::string, int> unfinished;
  for (const std::string& delivery : deliveries) {
    ++unfinished[delivery.substr(0, delivery.find('.'))];
    if (places[delivery] != 1) {
      broken.push_back(absl::StrCat("I2: ", delivery, " is in ", places[delivery], " places"));
    }
  }
  for (const auto& [message, count] : unfinished) {
    if (!messages.contains(message)) broken.push_back("I1: no record of message " + message);
  }
  for (const std::string& message : messages) {
    auto left = co_await client->Run(Command("HGET", "msg:" + tag + ":" + message, "n"));
    if (!left.ok() || left->str() != absl::StrCat(unfinished[message])) {
      broken.push_back("I1: message " + message + " miscounts its deliveries");
    }
  }
  if (contents != messages) broken.push_back("I5: contents are not those of the messages");

  std::set<std::string> by_turn;
  for (int c = 1; c <= 5; ++c) {
    Command all("LRANGE", absl::StrCat("turn:", tag, ":", c), 0, -1);
    for (const std::string& lane : co_await Strings(client, std::move(all))) {
      if (!by_turn.insert(absl::StrCat(c, ":", lane)).second) {
        broken.push_back("turn: lane " + lane + " is there twice");
      }
    }
  }
  if (by_turn != lanes) broken.push_back("turn: not the lanes that have something");
  const auto count = co_await client->Run(Command("GET", "messages:" + tag));
  if (!count.ok() || count->str() != absl::StrCat(messages.size())) {
    if (!(count.ok() && count->is_nil() && messages.empty())) {
      broken.push_back("messages: wrong count");
    }
  }
  co_return broken;
}

}  // namespace staffetta::queue
