#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace staffetta::policy {

// A sender as it is stored and compared: domains in lower-case A-labels (IDNA 2008), addresses as a
// whole without regard to case.
struct SenderName {
  std::string name;    // "example.com" or "ann@example.com"
  std::string domain;  // "example.com" in both

  bool is_address() const { return name != domain; }
};

// INVALID_ARGUMENT with the reason: neither a domain nor an address that could ever be verified.
absl::StatusOr<SenderName> ParseSenderName(std::string_view text);

// Only an address, of a message.
absl::StatusOr<SenderName> ParseAddress(std::string_view text);

}  // namespace staffetta::policy
