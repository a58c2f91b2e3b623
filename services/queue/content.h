#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace staffetta::queue {

// Message content as it is stored: one zstd frame (RFC 8878) with its size and checksum.
// Thread-safe: each thread keeps its own contexts.
std::string CompressContent(std::string_view content, int level);

// DATA_LOSS: the frame is damaged, or its checksum does not fit.
absl::StatusOr<std::string> DecompressContent(std::string_view frame);

}  // namespace staffetta::queue
