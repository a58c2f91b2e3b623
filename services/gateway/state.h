#pragma once

// What a session knows, by how long it stays true. RSET is `transaction_ = {}`; STARTTLS forgets
// all but Connection (RFC 3207 §4.2).

#include <absl/container/flat_hash_map.h>

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/stream.h"
#include "common/smtp/address.h"
#include "gateway/backends.h"
#include "gateway/content_stream.h"
#include "gateway/incoming.h"
#include "gateway/mail_params.h"
#include "gateway/received.h"

namespace staffetta::gateway {

// As long as the TCP connection.
struct Connection {
  std::string client_address;                 // text; an IPv4 client is IPv4, whatever the socket
  std::string client_name;                    // its host name, told by XCLIENT; empty: not known
  std::string client_hello;                   // what it called itself, told by XCLIENT
  std::chrono::steady_clock::time_point end;  // of the longest session
  std::optional<net::TlsInfo> tls;
  int errors = 0;  // commands refused for good
};

// Until the next EHLO or STARTTLS.
struct Hello {
  Greeting greeting = Greeting::kNone;
  std::string name;  // what the client calls itself
};

enum class Proof { kPassword, kNetwork };

// Until STARTTLS, or another identity.
struct Identified {
  Identity identity;
  Proof proof = Proof::kPassword;
  uint64_t changes = 0;  // Authenticator::Changes() before it was last found valid
};

struct Recipient {
  std::string address;
  RcptParams params;
};

// From MAIL to the end of the content, RSET or EHLO.
struct Transaction {
  bool open = false;      // MAIL was accepted
  bool returned = false;  // from nobody we know, to the return path alone (SPEC S12)
  smtp::Mailbox sender;
  MailParams params;
  std::vector<Recipient> recipients;
  absl::flat_hash_map<std::string, size_t> recipient_places;  // by normalised address
  bool recipient_refused = false;
  std::vector<std::string> approved;      // normalised addresses that the policy has found good
  std::unique_ptr<Incoming> content;      // from DATA or the first BDAT on
  std::unique_ptr<ContentStream> stream;  // once the content has become large
  bool chunk_refused = false;             // it has ended so (it is not open)
};

}  // namespace staffetta::gateway
