#include "common/mime/recode_7bit.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/mime/header.h"
#include "common/mime/header_edit.h"
#include "common/mime/part_header.h"
#include "common/mime/quoted_printable.h"
#include "common/smtp/ascii.h"
#include "common/smtp/base64.h"
#include "common/smtp/utf8.h"

namespace staffetta::mime {
namespace {

constexpr size_t kMaxLine = 998;       // RFC 5321 §4.5.3.1.6, without CRLF
constexpr size_t kOctetsPerLine = 57;  // 76 characters of base64
constexpr int kMaxDepth = 20;

std::string EncodeBase64Lines(std::string_view octets) {
  std::string out;
  out.reserve(octets.size() / kOctetsPerLine * 78 + 80);
  while (!octets.empty()) {
    const std::string_view line = octets.substr(0, kOctetsPerLine);
    octets.remove_prefix(line.size());
    out += smtp::EncodeBase64(line);
    if (!octets.empty()) out += "\r\n";
  }
  return out;
}

// A line that divides a multipart.
struct Delimiter {
  size_t begin;  // of the line break before it, which belongs to it
  size_t end;    // behind its own line break
  bool closes;   // no part follows
};

// The next one at or behind `from`, where a line begins.
std::optional<Delimiter> FindDelimiter(std::string_view body, const std::string& delimiter,
                                       size_t from) {
  size_t line = from;
  while (line < body.size()) {
    const size_t line_end = std::min(body.find("\r\n", line), body.size());
    std::string_view rest = body.substr(line, line_end - line);
    if (rest.substr(0, delimiter.size()) == delimiter) {
      rest.remove_prefix(delimiter.size());
      const bool closes = rest.substr(0, 2) == "--";
      if (closes) rest.remove_prefix(2);
      if (smtp::Trim(rest).empty()) {
        const size_t begin = line - std::min<size_t>(line - from, 2);
        return Delimiter{begin, std::min(line_end + 2, body.size()), closes};
      }
    }
    const size_t next = body.find("\r\n--", line_end);
    if (next == std::string_view::npos) break;
    line = next + 2;
  }
  return std::nullopt;
}

enum class Place {
  kMessage,     // the message, or one inside it
  kPart,        // of a multipart
  kDigestPart,  // a message unless it says otherwise (RFC 2046 §5.1.5)
};

class Recoder {
 public:
  // Appends `entity`, header and body, to out(). False: see fault().
  bool Add(std::string_view entity, Place place, int depth) {
    if (Is7Bit(entity)) return Copy(entity);
    if (depth > kMaxDepth) return Fail(RecodeFault::kStructure);
    const HeaderBlock header = HeaderBlock::Parse(entity);
    if (header.fault() != HeaderBlock::Fault::kNone) return Fail(RecodeFault::kStructure);
    const std::string_view top = entity.substr(0, header.body_offset());
    const std::string_view body = entity.substr(top.size());
    if (!smtp::IsAscii(top)) return Fail(RecodeFault::kHeader);
    if (Is7Bit(body)) return Copy(entity);

    std::optional<ContentType> type = TypeOf(header);
    const std::optional<TransferEncoding> encoding = EncodingOf(header);
    if (!type || !encoding) return Fail(RecodeFault::kStructure);
    if (place == Place::kDigestPart && header.Find("Content-Type") == nullptr) {
      type = ContentType{.type = "message", .subtype = "rfc822"};
    }
    const bool multipart = type->type == "multipart";
    if (!multipart && !IsMessage(*type)) return AddLeaf(header, top, body, place, *type, *encoding);

    // What has parts is not encoded itself (RFC 2045 §6.4).
    const bool encoded =
        *encoding == TransferEncoding::kQuotedPrintable || *encoding == TransferEncoding::kBase64;
    if (encoded) return Fail(RecodeFault::kStructure);
    Edits edits(header);
    if (header.Find(kTransferEncoding) != nullptr) edits.Replace(kTransferEncoding, "7bit");
    out_ += edits.Apply(top);
    return multipart ? AddParts(body, *type, depth) : Add(body, Place::kMessage, depth + 1);
  }

  RecodeFault fault() const { return fault_; }
  std::string& out() { return out_; }

 private:
  static bool IsMessage(const ContentType& type) {
    return type.type == "message" && (type.subtype == "rfc822" || type.subtype == "news");
  }

  bool Copy(std::string_view text) {
    out_ += text;
    return true;
  }

  bool Fail(RecodeFault fault) {
    fault_ = fault;
    return false;
  }

  void AddUnread(std::string_view text) {
    if (Is7Bit(text)) out_ += text;
  }

  bool AddParts(std::string_view body, const ContentType& type, int depth) {
    if (type.subtype == "signed") return Fail(RecodeFault::kSigned);
    std::optional<std::string> delimiter = DelimiterOf(type);
    if (!delimiter) return Fail(RecodeFault::kStructure);
    delimiters_.push_back(*std::move(delimiter));
    const bool added =
        AddEach(body, type.subtype == "digest" ? Place::kDigestPart : Place::kPart, depth);
    delimiters_.pop_back();
    return added;
  }

  bool AddEach(std::string_view body, Place place, int depth) {
    const std::string delimiter = delimiters_.back();
    bool inside = false;
    size_t at = 0;
    while (const std::optional<Delimiter> found = FindDelimiter(body, delimiter, at)) {
      const std::string_view before = body.substr(at, found->begin - at);
      if (!inside) {
        AddUnread(before);
      } else if (!Add(before, place, depth + 1)) {
        return false;
      }
      out_ += body.substr(found->begin, found->end - found->begin);
      at = found->end;
      inside = true;
      if (!found->closes) continue;
      AddUnread(body.substr(at));
      return true;
    }
    // Without a last delimiter the last part goes on to the end.
    return inside ? Add(body.substr(at), place, depth + 1) : Fail(RecodeFault::kStructure);
  }

  // Line breaks and octets that were encoded may make a delimiter of what was none.
  bool HasDelimiter(std::string_view text) const {
    return std::any_of(delimiters_.begin(), delimiters_.end(), [&](const std::string& delimiter) {
      return FindDelimiter(text, delimiter, 0).has_value();
    });
  }

  bool AddLeaf(const HeaderBlock& header, std::string_view top, std::string_view body, Place place,
               const ContentType& type, TransferEncoding encoding) {
    const bool fragment =
        type.type == "message" && (type.subtype == "partial" || type.subtype == "external-body");
    if (fragment || encoding == TransferEncoding::kBase64) return Fail(RecodeFault::kStructure);
    std::string decoded;
    if (encoding == TransferEncoding::kQuotedPrintable) {
      decoded = DecodeQuotedPrintable(body);
      body = decoded;
    }
    std::string encoded = EncodeBase64Lines(body);
    if (body.ends_with("\r\n")) encoded += "\r\n";
    const char* name = "base64";
    if (type.type == "text" || type.type == "message") {
      std::string printable = EncodeQuotedPrintable(body);
      if (printable.size() <= encoded.size() && !HasDelimiter(printable)) {
        encoded = std::move(printable);
        name = "quoted-printable";
      }
    }
    Edits edits(header);
    edits.Replace(kTransferEncoding, name);
    if (place == Place::kMessage && header.Find("MIME-Version") == nullptr) {
      edits.Prepend(FieldLine("MIME-Version", "1.0"));
    }
    out_ += edits.Apply(top);
    out_ += encoded;
    return true;
  }

  std::string out_;
  std::vector<std::string> delimiters_;  // of the multiparts around
  RecodeFault fault_ = RecodeFault::kStructure;
};

}  // namespace

std::string_view Describe(RecodeFault fault) {
  switch (fault) {
    case RecodeFault::kHeader:
      return "there is 8-bit text in a header";
    case RecodeFault::kSigned:
      return "it would break the signature inside";
    case RecodeFault::kStructure:
      return "its MIME structure is not understood";
  }
  return "";
}

bool Is7Bit(std::string_view text) {
  size_t line = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && text.substr(i + 1, 1) == "\n") {
      ++i;
      line = 0;
      continue;
    }
    if (c == '\0' || c == '\r' || c == '\n' || (c & 0x80) != 0 || ++line > kMaxLine) return false;
  }
  return true;
}

smtp::Parsed<std::string, RecodeFault> Recode7Bit(std::string_view message) {
  Recoder recoder;
  recoder.out().reserve(message.size() + message.size() / 2);
  if (!recoder.Add(message, Place::kMessage, 0)) return recoder.fault();
  return std::move(recoder.out());
}

}  // namespace staffetta::mime
