#pragma once

#include <cstdint>
#include <string>

namespace staffetta::bench {

// What a message of the load says.
enum class Content {
  kLight,      // compresses to almost nothing: a deep queue costs little memory and time
  kRealistic,  // compresses as the HTML mail of a shop does, about three times
};

inline constexpr size_t kContentSize = 4096;

// Message `number`: header and body, kContentSize bytes. Cheap: the bodies are made once.
std::string MakeContent(Content content, int64_t number);

// Bytes that zstd makes of a message, on average, at the level that the queue has by default.
double CompressedSize(Content content);

}  // namespace staffetta::bench
