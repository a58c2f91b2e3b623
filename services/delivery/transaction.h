#pragma once

// What is said in one SMTP transaction, worked out before anything is written. Pure.

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "delivery/body.h"
#include "delivery/delivery.h"
#include "delivery/outcome.h"
#include "delivery/peer_abilities.h"

namespace staffetta::delivery {

// What is known of the way to a peer.
enum class Security {
  kClear,
  kEncrypted,  // with whom, nobody knows
  kVerified,   // its certificate is for its name, and trusted
};

struct Transaction {
  struct Recipient {
    size_t at = 0;        // in `recipients`
    Heard trouble;        // with a fault: it cannot be written to this peer
    std::string command;  // "RCPT TO:<…> …\r\n"
  };
  std::optional<Heard> forbidden;  // set: none of it may happen, and the rest means nothing
  std::string mail;                // "MAIL FROM:<…> …\r\n"
  std::vector<Recipient> recipients;
  Body body;
};

// Content that the peer does not take as it is (MustRecode) has to be here whole; of other content
// the first piece is enough. For `recipients`, which are indexes into delivery.recipients.
// Parameters are passed on as the submitter gave them (RFC 3461 §5.2, RFC 2852 §4, RFC 6710 §4.2);
// one that nobody asked for is not made up. Addresses are parsed again, so that nothing that came
// by another way breaks out of its command. Without SMTPUTF8 domains go in A-labels where that is
// enough.
Transaction Prepare(const Delivery& delivery, const std::vector<size_t>& recipients,
                    const PeerAbilities& peer, Security security, absl::Time now);

}  // namespace staffetta::delivery
