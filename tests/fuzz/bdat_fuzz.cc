// A transaction's chunks (RFC 3030 §2): however content is cut in chunks and read, it is understood
// the same; its octets are never commands. SPEC S4, S5
//
// The first octet chooses: strict, binary, and where chunks and reads are cut.

#include <algorithm>
#include <string>

#include "common/smtp/command.h"
#include "common/smtp/data_decoder.h"
#include "common/smtp/data_encoder.h"
#include "fuzz.h"

namespace staffetta::smtp {

constexpr size_t kMaxLine = 50;

struct Taken {
  std::string content;
  bool bad = false;
  bool long_line = false;
};

// What a session does with the octets from a client that sends chunks of `chunk`, in pieces of
// `piece`.
Taken Take(std::string_view wire, DataDecoder::Options options, size_t piece) {
  DataDecoder decoder(options);
  Taken taken;
  bool last = false;
  while (!last) {
    const size_t end = wire.find("\r\n");
    CHECK(end != std::string_view::npos);
    const Command command = ParseCommand(wire.substr(0, end));
    CHECK(command.verb == Verb::kBdat);
    const auto chunk = ParseBdat(command.argument);
    CHECK(chunk.ok() && chunk->size <= wire.size() - end - 2);
    wire.remove_prefix(end + 2);
    for (uint64_t left = chunk->size; left > 0;) {
      const std::string_view input = wire.substr(0, std::min<uint64_t>(left, piece));
      CHECK(decoder.Feed(input, &taken.content) == input.size() && !decoder.done());
      wire.remove_prefix(input.size());
      left -= input.size();
    }
    last = chunk->last;
  }
  CHECK(wire.empty());
  decoder.Finish();
  CHECK(decoder.done());
  taken.bad = decoder.bad_bytes() || decoder.too_big();
  taken.long_line = decoder.line_too_long();
  return taken;
}

std::string InChunks(std::string_view content, size_t chunk) {
  std::string wire;
  for (; content.size() > chunk; content.remove_prefix(chunk)) {
    wire += "BDAT " + std::to_string(chunk) + "\r\n";
    wire += content.substr(0, chunk);
  }
  wire += "BDAT " + std::to_string(content.size()) + " LAST\r\n";
  wire += content;
  return wire;
}

FUZZ {
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const DataDecoder::Options options = {.framing = DataDecoder::Framing::kCounted,
                                        .strict = (choice & 1) != 0,
                                        .binary = (choice & 2) != 0,
                                        .max_line = kMaxLine,
                                        .max_size = 5000};
  const Taken whole = Take(InChunks(input, input.size()), options, input.size() + 1);
  const Taken cut = Take(InChunks(input, 1 + choice % 16), options, 1 + choice / 16);
  CHECK(whole.bad == cut.bad && whole.long_line == cut.long_line);
  if (whole.bad) return;
  CHECK(whole.content == cut.content);
  if (options.binary || options.strict) CHECK(whole.content == input);
  if (options.binary) return;
  const bool ended = whole.content.empty() || whole.content.back() == '\n';
  CHECK(!ended || FitsData(whole.content, whole.long_line ? whole.content.size() : kMaxLine));
}

}  // namespace staffetta::smtp
