#pragma once

// What the SMTP edge asks of the rest of the house, in its own words. An answer is data; a status
// means "could not be determined" and is never taken for a yes. Fakes: gateway/fakes.h; the real
// ones: gateway/remote_backends.h.
//
// Implementations are shared by the sessions of all threads and must be thread-safe. A call resumes
// on the executor of the coroutine that made it.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/co.h"
#include "common/smtp/params.h"

namespace staffetta::gateway {

// The way of mail that comes back to the return path (SPEC S12): to bounce processing. It belongs
// to account 0, which nobody has.
inline constexpr std::string_view kReturnsChannel = "returns";

// What a user may do at most (SPEC U10); 0: no cap of its own.
struct Caps {
  int messages_per_minute = 0;
  int messages_per_hour = 0;
  int messages_per_day = 0;
  int recipients_per_message = 0;
  int64_t message_size = 0;
  int sessions = 0;  // at once, at this gateway

  bool HasRate() const { return messages_per_minute + messages_per_hour + messages_per_day > 0; }

  friend bool operator==(const Caps&, const Caps&) = default;
};

// On whose account a client submits.
struct Identity {
  uint64_t account_id = 0;
  uint64_t list_id = 0;
  std::string user;      // "s1_0"
  int priority = 3;      // default class of its messages, 1…5
  std::string channel;   // the account's way out
  int64_t revision = 0;  // of the user's rights
  Caps caps;

  friend bool operator==(const Identity&, const Identity&) = default;
};

enum class AuthVerdict {
  kOk,
  kWrongCredentials,  // unknown user, wrong password, or not from there: nobody is told which
  kInactive,          // right password
  kBlocked,           // right password
  kNoNetwork,         // IdentifyNetwork: no user has opened this network
  kTooManyFailures,   // of late, from there or for that user: nothing was looked at
};

struct AuthAnswer {
  AuthVerdict verdict = AuthVerdict::kWrongCredentials;
  Identity identity;             // when kOk
  absl::Duration delay;          // the client is answered only after this
  std::string server_signature;  // of SCRAM, when kOk
};

// What a SCRAM-SHA-256 exchange begins with.
struct ScramParameters {
  std::string salt;
  int iterations = 0;
};

// Whether a message fits into its user's caps.
struct Allowance {
  int most = 0;                // of which this is one too many; 0: it fits
  std::string window;          // "minute"
  absl::Duration retry_after;  // when it would fit
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  virtual Co<absl::StatusOr<AuthAnswer>> Authenticate(std::string user, std::string password,
                                                      std::string client_address) = 0;
  // For every user, also for one that does not exist.
  virtual Co<absl::StatusOr<ScramParameters>> GetScramParameters(std::string user) = 0;
  virtual Co<absl::StatusOr<AuthAnswer>> AuthenticateScram(std::string user,
                                                           std::string auth_message,
                                                           std::string proof,
                                                           std::string client_address) = 0;
  // `user` empty: the one that the token names.
  virtual Co<absl::StatusOr<AuthAnswer>> AuthenticateToken(std::string user, std::string token,
                                                           std::string client_address) = 0;
  // Who may submit from this address without AUTH (SPEC U10).
  virtual Co<absl::StatusOr<AuthAnswer>> IdentifyNetwork(std::string client_address) = 0;

  // A user whom somebody trusted has authenticated: kOk, kInactive, kBlocked, or kWrongCredentials
  // when there is none, or it may not log in from there.
  virtual Co<absl::StatusOr<AuthAnswer>> FindUser(std::string user, std::string client_address) = 0;

  // Counts a message against the caps that its user has, over all gateways.
  virtual Co<absl::StatusOr<Allowance>> CountMessage(Identity identity) = 0;

  // Grows whenever somebody's rights may have changed. An identity that was obtained after reading
  // this number stands as long as the number stays. Costs nothing.
  virtual uint64_t Changes() const = 0;
  // Whether an identity still has its rights, unchanged (SPEC U4). `since` is what Changes() said
  // before it was obtained or last found valid.
  virtual Co<absl::StatusOr<bool>> StillValid(Identity identity, uint64_t since) = 0;
};

enum class SenderVerdict { kOk, kNotAuthorised, kNotVerified, kBanned };

struct SenderAnswer {
  SenderVerdict verdict = SenderVerdict::kNotAuthorised;
  std::string offending_address;  // unless kOk
};

class SenderPolicy {
 public:
  virtual ~SenderPolicy() = default;

  // May this user send as all of these addresses (SPEC V6)? `client_address` and `subject` are for
  // the event that a refusal raises.
  virtual Co<absl::StatusOr<SenderAnswer>> Check(Identity identity,
                                                 std::vector<std::string> addresses,
                                                 std::string client_address,
                                                 std::string subject) = 0;
};

// How safe a queued message is (SPEC Q1).
enum class Durability { kSynced, kReplicated, kVolatile };

// What a message asks for itself (SPEC X1); nothing: as its list has it.
struct Controls {
  std::string campaign_name;
  std::string campaign_code;
  std::optional<bool> click_tracking;
  std::optional<bool> view_tracking;
  std::optional<bool> header;
  std::optional<bool> footer;
  std::string campaign_report;  // JSON
};

// What is to be told about a recipient (RFC 3461).
struct Notices {
  std::string recipient;           // as in the message's
  smtp::Notify notify;             // nothing in it: NOTIFY was not given
  std::string original_recipient;  // ORCPT, "rfc822;ann@example.org"; empty: none
};

// What the submitter asks of every host on the way.
struct Demands {
  std::optional<smtp::Ret> ret;
  std::string envelope_id;       // ENVID; empty: none
  std::vector<Notices> notices;  // of those recipients for whom something was asked
  std::optional<absl::Time> deliver_by;
  bool return_late = false;  // BY in mode R
  bool trace = false;        // BY with T
  bool require_tls = false;
  std::optional<int> mt_priority;  // -9…9, as given
};

struct Message {
  std::string id;
  Identity identity;
  std::string sender;  // empty: the null path
  std::vector<std::string> recipients;
  int priority = 3;          // class, 1…5
  std::string content;       // CRLF line ends, not dot-stuffed; empty when it was put in pieces
  int content_pieces = 0;    // that were put; 0: content has it all
  int64_t content_size = 0;  // of all pieces together
  std::string subject;       // decoded and cut
  std::string client_address;
  bool eight_bit = false;
  bool utf8_header = false;  // the header, or that of a part, has octets over 127
  bool utf8 = false;         // an address or the header needs SMTPUTF8
  bool binary = false;       // cannot go by DATA as it is (RFC 3030 §3)
  Controls controls;
  Demands demands;
  std::optional<absl::Time> schedule;      // not before
  std::optional<absl::Duration> lifetime;  // from then on; nothing: as long as any
  std::string idempotency_key;             // empty: none
};

// A message is durable.
struct Queued {
  Durability durability = Durability::kSynced;
  std::string id;  // another than the message's: the first one of its idempotency key, this one is
                   // not queued
  bool demoted = false;  // beyond the account's budget of class 1: in class 2
};

class MessageQueue {
 public:
  virtual ~MessageQueue() = default;

  // A piece of the content of a message that is to come, numbered from 0. OK: it is there, and will
  // be for an hour.
  virtual Co<absl::Status> PutContent(std::string message_id, int piece, std::string content) = 0;

  // An error: it may be queued or not.
  virtual Co<absl::StatusOr<Queued>> Enqueue(Message message) = 0;
};

// They outlive every session.
struct Backends {
  Authenticator* authenticator = nullptr;
  SenderPolicy* senders = nullptr;
  MessageQueue* queue = nullptr;
};

}  // namespace staffetta::gateway
