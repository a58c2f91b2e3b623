#pragma once

// The messages of SCRAM (RFC 5802 §5 and §7), as a server reads and writes them. Which hash it is,
// and whether a proof is good, is not decided here. Strict: attributes in their order, no `m=`,
// user names in ASCII (ours are; others would need SASLprep, RFC 4013).

#include <string>
#include <string_view>

#include "common/smtp/parsed.h"
#include "common/smtp/syntax_error.h"

namespace staffetta::smtp {

inline constexpr size_t kMaxScramNonce = 256;  // octets of a client's

struct ScramClientFirst {
  // gs2-cbind-flag: of channel bindings the client…
  enum class Binding {
    kNone,     // "n": has none
    kSpurned,  // "y": has some, and believes that the server has none
    kUsed,     // "p=<name>": uses this one
  };
  Binding binding = Binding::kNone;
  std::string binding_name;  // of kUsed: "tls-exporter"
  std::string authzid;       // often empty
  std::string user;
  std::string nonce;
  std::string gs2_header;  // as it was sent: "n,,"
  std::string bare;        // the rest, as it was sent
};
Parsed<ScramClientFirst, SyntaxError> ParseScramClientFirst(std::string_view message);

// `nonce` is the client's with the server's behind it.
std::string ScramServerFirst(std::string_view nonce, std::string_view salt, int iterations);

struct ScramClientFinal {
  std::string binding;  // decoded: the gs2 header, behind it the binding's data when it is used
  std::string nonce;
  std::string proof;          // decoded
  std::string without_proof;  // as it was sent
};
Parsed<ScramClientFinal, SyntaxError> ParseScramClientFinal(std::string_view message);

std::string ScramServerFinal(std::string_view signature);

// What both have said: what they prove to have seen (RFC 5802 §3, AuthMessage).
std::string ScramAuthMessage(const ScramClientFirst& client_first, std::string_view server_first,
                             const ScramClientFinal& client_final);

}  // namespace staffetta::smtp
