#pragma once

#include <cstdint>
#include <string>

namespace staffetta::mime {

// "Sun, 22 Nov 2026 04:55:13 +0000" (RFC 5322 §3.3), from seconds since 1970 UTC. Times outside
// the years 1900…9999 are moved to the nearest of them.
std::string FormatDate(int64_t unix_seconds);

}  // namespace staffetta::mime
