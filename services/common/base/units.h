#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// How people write quantities in the configuration and on the command line. All functions fail with
// INVALID_ARGUMENT and a reason that quotes the part at fault; none throws.
namespace staffetta {

// A length of time: numbers with ns, us, ms, s, m, h or d, largest first or not: "500ms", "1h30m",
// "5d", "1.5h"; "0" needs no unit. 0 to 100 years: it may be added to
// any time of today.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// A size in bytes: "4096", "64KiB", "25MiB", "1GiB", "1TiB" (powers of 1024), "10kB", "10MB",
// "1GB", "1TB" (powers of 1000).
absl::StatusOr<int64_t> ParseBytes(std::string_view text);

// TCP ports and inclusive ranges, "23,25,1025-5000": sorted, each once, 1…65535. "0" alone is {0}
// and means any free port.
absl::StatusOr<std::vector<uint16_t>> ParsePorts(std::string_view text);
// The same as text, in ranges where it can be.
std::string FormatPorts(std::vector<uint16_t> ports);

}  // namespace staffetta
