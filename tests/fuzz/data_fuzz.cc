// Content on the wire, both ways (RFC 5321 §4.5.2): however it is cut, it is understood the same;
// what is accepted goes out without a bare CR or LF, and comes back. SPEC S5
//
// The first octet chooses: strict or not, and where the input is cut.

#include "common/smtp/data_decoder.h"
#include "common/smtp/data_encoder.h"
#include "fuzz.h"

namespace staffetta::smtp {

struct Decoded {
  size_t used = 0;
  std::string content;
  bool done = false;
  bool bad = false;
};

Decoded Decode(std::string_view input, bool strict, size_t piece) {
  DataDecoder decoder({.strict = strict, .max_line = 50, .max_size = 5000});
  Decoded decoded;
  while (!decoder.done() && decoded.used < input.size()) {
    const std::string_view next = input.substr(decoded.used, piece);
    const size_t used = decoder.Feed(next, &decoded.content);
    CHECK(used == next.size() || decoder.done());
    decoded.used += used;
  }
  decoded.done = decoder.done();
  decoded.bad = decoder.bad_bytes() || decoder.too_big();
  return decoded;
}

FUZZ {
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const bool strict = (choice & 1) != 0;
  const Decoded whole = Decode(input, strict, input.size() + 1);
  const Decoded pieces = Decode(input, strict, 1 + choice / 2);
  CHECK(whole.used == pieces.used && whole.done == pieces.done && whole.bad == pieces.bad);
  if (whole.bad || !whole.done) return;
  CHECK(whole.content == pieces.content);
  CHECK(input.substr(0, whole.used).substr(whole.used < 5 ? 0 : whole.used - 5).find(".\r\n") !=
        std::string_view::npos);
  for (size_t i = 0; i < whole.content.size(); ++i) {
    const char c = whole.content[i];
    CHECK(c != '\0');
    CHECK(c != '\n' || (i > 0 && whole.content[i - 1] == '\r'));
    CHECK(c != '\r' || (i + 1 < whole.content.size() && whole.content[i + 1] == '\n'));
  }
  std::string sent;
  EncodeData(whole.content, &sent);
  const Decoded again = Decode(sent, true, sent.size() + 1);
  CHECK(again.done && again.used == sent.size() && again.content == whole.content);
}

}  // namespace staffetta::smtp
