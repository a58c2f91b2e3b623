#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>

// The mail log: one line per event of a message, key=value, `id` first, keys in the order of the
// fields below. These lines are an interface: people grep them and programs read them. Values from
// outside are escaped and cut at 500 bytes; a value with anything but visible ASCII, or with a
// quote, backslash or equals sign, is quoted. Written at level info to standard error; thread-safe.
namespace staffetta::log {

// A message was made durable and answered 250.
struct Accepted {
  std::string_view id;
  std::string_view account;
  std::string_view user;
  std::string_view client;  // its address
  std::string_view sender;  // of the envelope
  int64_t recipients = 0;
  int64_t size = 0;  // bytes of content
  int priority = 3;  // the class, 1…5
  std::string_view durability;
};

// A transaction, or one recipient of it, was refused; nothing was queued for it.
struct Refused {
  std::string_view id;  // empty: the message had none yet; written "-"
  std::string_view account;
  std::string_view user;
  std::string_view client;
  std::string_view sender;
  int code = 0;
  std::string_view text;
};

// One recipient's result of one attempt.
struct Attempt {
  std::string_view id;
  std::string_view delivery;
  std::string_view destination;
  std::string_view host;
  std::string_view recipient;
  std::string_view outcome;  // delivered, deferred, failed, unknown
  int code = 0;              // 0: there was no reply
  std::string_view enhanced;
  std::string_view text;
  int attempt = 0;  // counts from 1
  absl::Duration took;
};

// A bounce was queued to the envelope sender.
struct Bounced {
  std::string_view id;
  std::string_view bounce_id;
  std::string_view sender;  // who gets the bounce
  std::string_view recipient;
  std::string_view text;
};

// Another worker took over; what this one did since then may have been done twice.
struct LeaseLost {
  std::string_view id;
  std::string_view delivery;
};

std::string Format(const Accepted& event);
std::string Format(const Refused& event);
std::string Format(const Attempt& event);
std::string Format(const Bounced& event);
std::string Format(const LeaseLost& event);

void LogAccepted(const Accepted& event);
void LogRefused(const Refused& event);
void LogAttempt(const Attempt& event);
void LogBounced(const Bounced& event);
void LogLeaseLost(const LeaseLost& event);

}  // namespace staffetta::log
