// Header blocks, encoded words, content types, parts, quoted-printable, 7-bit (RFC 2045 to 2047,
// 5322).

#include "common/mime/content_type.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"
#include "common/mime/header_edit.h"
#include "common/mime/quoted_printable.h"
#include "common/mime/recode_7bit.h"
#include "common/mime/structure.h"
#include "common/mime/text_parts.h"
#include "common/smtp/utf8.h"
#include "fuzz.h"

namespace staffetta::mime {

FUZZ {
  const HeaderBlock header = HeaderBlock::Parse(input);
  if (header.fault() == HeaderBlock::Fault::kNone) {
    CHECK(Edits(header).Apply(input) == input);
    size_t at = 0;
    for (const Field& field : header.fields()) {
      CHECK(field.offset == at);
      at += field.length;
      const std::string text = DecodeHeaderText(field.value, 200);
      CHECK(text.size() <= 200 && smtp::IsUtf8(text) && !smtp::HasControl(text));
      CHECK(DecodeWords(EncodeHeaderText(text)).size() == text.size() ||
            text.find_first_of(" \t") != std::string::npos);
      if (const auto type = ParseContentType(field.value)) {
        for (const Parameter& parameter : type->parameters) {
          CHECK(field.value.find(parameter.raw) != std::string_view::npos);
        }
      }
    }
    CHECK(at == header.header_end());
    const Structure structure = Measure(header, input, 20);
    CHECK(structure.depth <= 21 && structure.depth <= Measure(header, input, 40).depth);
    size_t before = header.body_offset();
    for (const TextPart& part : FindTextParts(header, input)) {
      CHECK(before <= part.begin && part.begin <= part.end && part.end <= input.size());
      before = part.end;
    }
  }
  CHECK(DecodeQuotedPrintable(EncodeQuotedPrintable(input)) == input);
  if (const auto recoded = Recode7Bit(input)) {
    CHECK(smtp::IsAscii(*recoded));
    CHECK(*recoded == input || !Is7Bit(input));
    const auto again = Recode7Bit(*recoded);
    CHECK(again.ok() && *again == *recoded);
  }
}

}  // namespace staffetta::mime
