#pragma once

#include <absl/time/time.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/smtp/reply.h"
#include "delivery/outcome.h"

namespace staffetta::delivery {

// Our right to work on a delivery, as far as this process knows.
struct Lease {
  std::chrono::steady_clock::time_point ends;
  bool lost = false;  // the queue said so

  bool Holds() const { return !lost && std::chrono::steady_clock::now() < ends; }
};

// What came of a recipient.
struct Outcome {
  Kind kind = Kind::kDeferred;  // one of the four that are decided
  smtp::Reply reply;
  std::string host;  // "mx.example.net [192.0.2.1]"; empty: this relay said it
};

// A message to one destination, leased, and what came of it. Owned by the worker; whoever carries
// it has it to himself until he says that it is done.
struct Delivery {
  std::string id;
  std::string lease_id;
  std::string message_id;
  uint64_t account_id = 0;
  uint64_t list_id = 0;
  std::string user;
  std::string sender;  // empty: the null path
  std::string channel;
  std::string subject;
  bool eight_bit = false;
  bool utf8 = false;
  std::string destination;
  std::vector<std::string> recipients;
  int priority = 3;  // class, 1…5
  int attempts = 0;  // before this one
  absl::Time accept_time;
  bool expired = false;
  smtp::Reply last_reply;
  std::string last_host;
  std::string content;       // empty while content_size is not: not here yet
  int64_t content_size = 0;  // bytes
  int content_pieces = 0;    // 0: one, without a number

  Lease lease;
  bool started = false;  // somebody carries it: it is too late to take it back
  absl::Time start_time;

  // By recipient; empty: nothing was done, the queue gets it back untouched.
  std::vector<Outcome> outcomes;
};

}  // namespace staffetta::delivery
