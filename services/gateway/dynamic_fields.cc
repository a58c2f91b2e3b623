#include "gateway/dynamic_fields.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mime/charset.h"
#include "common/mime/content_type.h"
#include "common/mime/encoded_word.h"
#include "common/mime/quoted_printable.h"
#include "common/mime/text_parts.h"
#include "common/smtp/ascii.h"
#include "common/smtp/base64.h"
#include "common/smtp/utf8.h"

namespace staffetta::gateway {
namespace {

using mime::TextPart;
using mime::TransferEncoding;

constexpr size_t kMaxLine = 998;  // RFC 5322 §2.1.1

// How a value is written where it is put.
struct Form {
  std::string_view charset;  // known
  bool html = false;
  bool one_line = false;
};

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Write(std::string_view value, const Form& form) {
  std::string text = form.html ? EscapeHtml(value) : std::string(value);
  if (form.one_line) {
    for (char& c : text) {
      if (c == '\r' || c == '\n' || c == '\t') c = ' ';
    }
  }
  return mime::FromUtf8(text, form.charset,
                        form.html ? mime::Instead::kHtmlReference : mime::Instead::kQuestionMark);
}

// Puts values in place, as long as there is room for them.
class Filler {
 public:
  Filler(const DynamicFields& fields, size_t room) : fields_(fields), room_(room) {
    for (const auto& [name, value] : fields) longest_ = std::max(longest_, name.size());
  }

  // The text with the values in it; nothing when there is none to put there.
  std::optional<std::string> Fill(std::string_view text, const Form& form) {
    std::optional<std::string> out;
    size_t copied = 0;
    size_t open = text.find('[');
    while (open != std::string_view::npos) {
      const std::string_view rest = text.substr(open + 1, longest_ + 1);
      const size_t length = rest.find_first_of("[]");
      const bool closed = length != std::string_view::npos && rest[length] == ']';
      const auto field = closed ? fields_.find(ToAbsl(rest.substr(0, length))) : fields_.end();
      if (field == fields_.end()) {
        open = text.find('[', open + 1);
        continue;
      }
      const std::string value = Write(field->second, form);
      if (value.size() > room_) {
        too_large_ = true;
        return std::nullopt;
      }
      room_ -= value.size();
      eight_bit_ = eight_bit_ || !smtp::IsAscii(value);
      if (!out) out.emplace();
      out->append(text.substr(copied, open - copied));
      out->append(value);
      copied = open + length + 2;
      open = text.find('[', copied);
    }
    if (out) out->append(text.substr(copied));
    return out;
  }

  bool too_large() const { return too_large_; }
  // A value that was put in place since this was asked last had octets over 127.
  bool TakeEightBit() { return std::exchange(eight_bit_, false); }

 private:
  const DynamicFields& fields_;
  size_t room_;
  size_t longest_ = 0;
  bool too_large_ = false;
  bool eight_bit_ = false;
};

std::optional<std::string> DecodeBase64(std::string_view encoded) {
  std::string compact;
  compact.reserve(encoded.size());
  for (const char c : encoded) {
    if (c != '\r' && c != '\n' && !smtp::IsBlank(c)) compact += c;
  }
  return smtp::DecodeBase64Strict(compact);
}

std::string EncodeBase64Lines(std::string_view text) {
  constexpr size_t kLine = 76;
  const std::string encoded = smtp::EncodeBase64(text);
  std::string out;
  out.reserve(encoded.size() + encoded.size() / kLine * 2 + 2);
  for (size_t at = 0; at < encoded.size(); at += kLine) {
    out.append(encoded, at, kLine);
    out += "\r\n";
  }
  return out;
}

bool HasLongLine(std::string_view text) {
  while (text.size() > kMaxLine) {
    const size_t end = text.find("\r\n");
    if (std::min(end, text.size()) > kMaxLine) return true;
    text.remove_prefix(end + 2);
  }
  return false;
}

// Where the line that begins at `start` ends, with all lines that soft line breaks join to it.
size_t EndOfJoinedLines(std::string_view encoded, size_t start) {
  while (true) {
    const size_t end = encoded.find("\r\n", start);
    if (end == std::string_view::npos) return encoded.size();
    const std::string_view line = encoded.substr(start, end - start);
    const size_t last = line.find_last_not_of(" \t");
    if (last == std::string_view::npos || line[last] != '=') return end;
    start = end + 2;
  }
}

// Encodes anew only the lines that change.
std::string FillQuotedPrintable(std::string_view encoded, const Form& form, Filler* filler) {
  std::string out;
  for (size_t start = 0; start < encoded.size();) {
    const size_t end = EndOfJoinedLines(encoded, start);
    const std::string_view line = encoded.substr(start, end - start);
    const auto filled = filler->Fill(mime::DecodeQuotedPrintable(line), form);
    out += filled ? mime::EncodeQuotedPrintable(*filled) : std::string(line);
    out.append(encoded.substr(end, 2));
    start = end + 2;
  }
  return out;
}

// One text part of a content and what becomes of it.
class PartEditor {
 public:
  PartEditor(std::string_view content, const TextPart& part, mime::Edits* edits)
      : content_(content), part_(part), edits_(*edits) {}

  void Fill(Filler* filler) {
    const std::string_view encoded = content_.substr(part_.begin, part_.end - part_.begin);
    const std::optional<std::string> decoded = Decoded(encoded);
    const std::string_view text = decoded ? std::string_view(*decoded) : encoded;
    if (text.find('[') == std::string_view::npos) return;
    if (text.find("-----BEGIN PGP ") != std::string_view::npos) return;
    const bool ascii_label = part_.charset.empty() || part_.charset == "us-ascii";
    if (!ascii_label && !mime::IsKnownCharset(part_.charset)) return;
    // Octets over 127 that nothing explains: values may not add to them.
    const bool strange = ascii_label && !smtp::IsUtf8(text);
    Form form{.charset = part_.charset, .html = part_.html};
    if (ascii_label) form.charset = strange ? "us-ascii" : "utf-8";

    Filler again = *filler;
    filler->TakeEightBit();
    std::optional<std::string> filled = filler->Fill(text, form);
    if (!filled) return;
    const bool eight_bit = filler->TakeEightBit();
    if (ascii_label && eight_bit) SetUtf8();
    switch (part_.encoding) {
      case TransferEncoding::kBase64:
        return SetBody(EncodeBase64Lines(*filled));
      case TransferEncoding::kQuotedPrintable:
        return SetBody(FillQuotedPrintable(encoded, form, &again));
      case TransferEncoding::kSevenBit:
      case TransferEncoding::kEightBit:
        const bool seven_bit = part_.encoding == TransferEncoding::kSevenBit && smtp::IsAscii(text);
        if ((seven_bit && eight_bit) || HasLongLine(*filled)) {
          SetField("Content-Transfer-Encoding", "quoted-printable");
          filled = mime::EncodeQuotedPrintable(*filled);
        }
        return SetBody(*std::move(filled));
    }
  }

 private:
  // The text without its transfer encoding, if it has one; base64 that is none has no text.
  std::optional<std::string> Decoded(std::string_view encoded) const {
    if (part_.encoding == TransferEncoding::kQuotedPrintable) {
      return mime::DecodeQuotedPrintable(encoded);
    }
    if (part_.encoding == TransferEncoding::kBase64) return DecodeBase64(encoded).value_or("");
    return std::nullopt;
  }

  void SetBody(std::string body) {
    edits_.Cut(part_.begin, part_.end - part_.begin, std::move(body));
  }

  void SetField(std::string_view name, std::string_view value) {
    std::string line = mime::FieldLine(name, value);
    if (const mime::Field* const field = part_.header.Find(name)) {
      edits_.Cut(part_.header_offset + field->offset, field->length, std::move(line));
    } else {
      edits_.Cut(part_.header_offset, 0, std::move(line));
      const bool is_message = part_.header_offset == 0;
      if (is_message && !declares_mime_ && part_.header.Find("MIME-Version") == nullptr) {
        edits_.Cut(0, 0, mime::FieldLine("MIME-Version", "1.0"));
        declares_mime_ = true;
      }
    }
  }

  void SetUtf8() {
    const mime::Field* const field = part_.header.Find("Content-Type");
    if (field == nullptr) return SetField("Content-Type", "text/plain; charset=utf-8");
    const auto type = mime::ParseContentType(field->value);
    const mime::Parameter* const charset = type ? type->Find("charset") : nullptr;
    if (charset != nullptr) {
      const auto offset = static_cast<size_t>(charset->raw.data() - content_.data());
      return edits_.Cut(offset, charset->raw.size(), "utf-8");
    }
    const std::string value = mime::Unfold(field->value);
    const bool open = !value.empty() && value.back() == ';';
    SetField("Content-Type", absl::StrCat(value, open ? " " : "; ", "charset=utf-8"));
  }

  const std::string_view content_;
  const TextPart& part_;
  mime::Edits& edits_;
  bool declares_mime_ = false;
};

// An encoded word that cannot be decoded, octets that are not UTF-8, controls: the subject stays as
// it is.
void FillSubject(const mime::HeaderBlock& header, Filler* filler, mime::Edits* edits,
                 std::optional<std::string>* subject) {
  const mime::Field* const field = header.Find("Subject");
  if (field == nullptr) return;
  std::string text = mime::DecodeWords(field->value);
  std::replace(text.begin(), text.end(), '\t', ' ');  // of folds
  if (text.find("=?") != std::string::npos || !smtp::IsUtf8(text) || smtp::HasControl(text)) return;
  const auto filled = filler->Fill(text, {.charset = "utf-8", .one_line = true});
  if (!filled) return;
  edits->Cut(field->offset, field->length,
             mime::FieldLine(field->name, mime::EncodeHeaderText(*filled)));
  *subject = *filled;
}

}  // namespace

bool Substitute(const DynamicFields& fields, const mime::HeaderBlock& header,
                std::string_view content, size_t room, mime::Edits* edits,
                std::optional<std::string>* subject) {
  if (fields.empty()) return true;
  Filler filler(fields, room);
  FillSubject(header, &filler, edits, subject);
  for (const TextPart& part : mime::FindTextParts(header, content)) {
    if (filler.too_large()) return false;
    PartEditor(content, part, edits).Fill(&filler);
  }
  return !filler.too_large();
}

}  // namespace staffetta::gateway
