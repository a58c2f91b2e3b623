#pragma once

#include <absl/time/time.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/smtp/params.h"
#include "common/smtp/reply.h"
#include "delivery/outcome.h"

namespace staffetta::delivery {

// Our right to work on a delivery, as far as this process knows.
struct Lease {
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point ends;
  bool lost = false;  // the queue said so

  bool Holds() const { return !lost && std::chrono::steady_clock::now() < ends; }
};

// What came of a recipient.
struct Outcome {
  Kind kind = Kind::kDeferred;  // one of the four that are decided
  smtp::Reply reply;
  std::string host;   // "mx.example.net [192.0.2.1]"; empty: this relay said it
  bool tell = false;  // delivered: the sender hears it from us
};

// What the submitter wants to hear of a recipient (RFC 3461 §4.1, §4.2).
struct Notices {
  smtp::Notify notify;             // nothing set: it was not given
  std::string original_recipient;  // "rfc822;ann@example.org", decoded; empty: none
};

// What the submitter demands of every host on the way.
struct Demands {
  std::optional<smtp::Ret> ret;
  std::string envelope_id;       // ENVID, decoded; empty: none
  std::vector<Notices> notices;  // by recipient, or empty: of none
  absl::Time deliver_by = absl::InfiniteFuture();
  bool return_late = false;  // what is late then, else its sender is told
  bool trace = false;        // each relay tells that it has passed it on
  bool require_tls = false;
  std::optional<int> mt_priority;  // -9…9
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
  bool binary = false;
  bool utf8 = false;
  bool utf8_header = false;  // known to be; else it is looked at
  Demands demands;
  std::string destination;
  std::vector<std::string> recipients;
  int priority = 3;             // class, 1…5
  bool by_floor_share = false;  // it goes although a higher class waits
  // Where it stands among what waits in this process.
  int rank() const { return by_floor_share ? 1 : priority; }
  int attempts = 0;  // before this one
  absl::Time accept_time;
  absl::Time expire_time;
  absl::Time last_attempt_time = absl::InfinitePast();  // when the last attempt ended
  bool expired = false;
  smtp::Reply last_reply;
  std::string last_host;
  std::string content;  // whole(), or the pieces that are here; at least the first in an attempt
  int64_t content_size = 0;  // bytes
  int content_pieces = 0;    // 0: one, without a number
  int pieces_here = 0;
  int64_t room = 0;  // that it has taken (content_room.h)

  bool whole() const { return static_cast<int64_t>(content.size()) >= content_size; }

  Lease lease;
  bool started = false;  // somebody carries it: it is too late to take it back
  absl::Time start_time;

  // By recipient; empty: nothing was done, the queue gets it back untouched.
  std::vector<Outcome> outcomes;
};

}  // namespace staffetta::delivery
