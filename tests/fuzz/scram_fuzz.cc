// What clients of SCRAM send (RFC 5802 §7).

#include "common/smtp/sasl.h"
#include "common/smtp/scram.h"
#include "fuzz.h"

namespace staffetta::smtp {
namespace {

bool IsVisible(const std::string& text) {
  for (const char c : text) {
    if (c <= ' ' || c >= '\x7f' || c == ',') return false;
  }
  return !text.empty();
}

}  // namespace

FUZZ {
  if (const auto first = ParseScramClientFirst(input)) {
    CHECK(first->gs2_header + first->bare == input);
    CHECK(!first->user.empty() && first->user.size() <= kMaxAuthName);
    CHECK(IsVisible(first->nonce) && first->nonce.size() <= kMaxScramNonce);
    CHECK(first->bare.substr(0, 2) == "n=");
    const bool used = first->binding == ScramClientFirst::Binding::kUsed;
    CHECK(used != first->binding_name.empty());
    // What is said in its place later is one message, whatever the user's name is.
    const std::string again = "n,," + first->bare;
    CHECK(ParseScramClientFirst(again)->nonce == first->nonce);
  }
  if (const auto final = ParseScramClientFinal(input)) {
    CHECK(IsVisible(final->nonce) && !final->proof.empty() && !final->binding.empty());
    CHECK(input.substr(0, final->without_proof.size()) == final->without_proof);
    CHECK(input.substr(final->without_proof.size(), 3) == ",p=");
  }
}

}  // namespace staffetta::smtp
