#pragma once

// What a peer's reply, or a fault in its place, means for a delivery (SPEC D5): the only table that
// decides so. Pure.

#include <string>
#include <string_view>

#include "common/smtp/reply.h"

namespace staffetta::delivery {

// How far an attempt had come.
enum class Stage {
  kDns,
  kConnect,
  kGreeting,
  kEhlo,
  kStartTls,
  kMail,
  kRcpt,
  kData,       // from DATA until the final dot is written
  kChunk,      // a chunk is written that is not the last (RFC 3030): the server has no message yet
  kEndOfData,  // the final dot is written
};

// Why there was no reply to decide by.
enum class Fault {
  kNone,             // there was one
  kNoHost,           // the domain has neither MX nor address
  kNullMx,           // it takes no mail (RFC 7505)
  kNoAddress,        // no mail host of it has an address
  kNoPublicAddress,  // all addresses are private, and not allowed
  kDnsFailure,       // the name servers did not answer
  kConnectFailed,
  kLost,        // the connection broke or was closed
  kTimeout,     // no reply in time
  kGarbage,     // not SMTP, or out of step
  kTlsFailed,   // the handshake
  kBadAddress,  // it cannot be written to a peer
  kTooLarge,    // for the peer's SIZE limit
  // What the peer does not offer and the delivery needs:
  kNeedsUtf8,        // SMTPUTF8
  kNotRecodable,     // 8BITMIME or BINARYMIME, and its content cannot do without
  kNeedsTls,         // verified TLS
  kNeedsRequireTls,  // REQUIRETLS
  kNeedsDeliverBy,   // DELIVERBY, with so little time
  kTooLate,          // it is past the time by which the sender wants it
  kExpired,          // its time is over
  kNoContent,        // the queue did not give the content
  kDamaged,          // the content's checksum does not fit
  kNoInbox,          // the sandbox's store did not answer
  kUnknownChannel,
  kStopped,    // this worker ends
  kLeaseLost,  // another worker took over
};

// What was heard at a stage: a reply, or a fault with what this relay says in its place.
struct Heard {
  Stage stage = Stage::kConnect;
  Fault fault = Fault::kNone;
  smtp::Reply reply;
};

// A fault as a reply; code 0 where no reply of a server stands for it. `detail` is appended.
Heard HeardFault(Stage stage, Fault fault, std::string_view detail = "");

enum class Kind {
  kDelivered,
  kDeferred,  // not now
  kFailed,    // never
  kUnknown,   // perhaps delivered: nobody knows
  // Not decided yet:
  kNextHost,         // try the next host
  kReconnect,        // try the same host by a new connection
  kNextTransaction,  // again on this connection, in another transaction
  kWithoutTls,       // go on, or connect again, in clear
  kHandBack,         // nothing was done: the queue may have it back untouched
};

// Whom it concerns.
enum class Scope { kRecipient, kMessage, kHost, kSite };

struct Verdict {
  Kind kind;
  Scope scope;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

enum class HostsLeft { kNone, kSome };
enum class HostsDown { kNone, kSome };
enum class Connection { kFresh, kReused };
enum class Accepted { kNone, kSome };

struct Context {
  HostsLeft hosts = HostsLeft::kNone;
  HostsDown down = HostsDown::kNone;  // tried before, and may do better another time
  Connection connection = Connection::kFresh;
  Accepted accepted = Accepted::kNone;  // recipients of the same transaction
};

// Asked about whatever stops a transaction or a recipient, and about its happy end.
Verdict Classify(const Heard& heard, const Context& context);

// "delivered", "deferred", "failed", "unknown"; the undecided count as deferred.
std::string_view KindName(Kind kind);

}  // namespace staffetta::delivery
