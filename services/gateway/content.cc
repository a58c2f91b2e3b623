#include "gateway/content.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/text.h"
#include "common/mime/address_list.h"
#include "common/mime/dates.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header_edit.h"
#include "common/mime/structure.h"
#include "common/smtp/ascii.h"
#include "common/smtp/utf8.h"
#include "gateway/priority.h"
#include "gateway/smtp_api.h"

namespace staffetta::gateway {
namespace {

constexpr size_t kMaxSubject = 200;
constexpr size_t kMaxIdempotencyKey = 255;
constexpr std::string_view kIdempotencyField = "Idempotency-Key";
constexpr std::string_view kRemoved[] = {"Bcc", "Resent-Bcc", kIdempotencyField, kSmtpApiField};

// How often a field may stand there, and what breaking that is called.
struct AuthorField {
  std::string_view name;
  ContentFault several;
  ContentFault disguised;
  ContentFault bad;
};

constexpr AuthorField kFrom = {"From", ContentFault::kSeveralFrom, ContentFault::kDisguisedFrom,
                               ContentFault::kBadFrom};
constexpr AuthorField kSender = {"Sender", ContentFault::kSeveralSender, ContentFault::kBadSender,
                                 ContentFault::kBadSender};

// Appends the addresses of the field, if it is there.
std::optional<ContentFault> ReadAuthors(const mime::HeaderBlock& header, const AuthorField& rule,
                                        std::vector<smtp::Mailbox>* authors) {
  const mime::Field* const field = header.Find(rule.name);
  if (field == nullptr) return std::nullopt;
  if (header.Count(rule.name) > 1) return rule.several;
  if (field->space_before_colon) return rule.disguised;
  auto addresses = mime::ParseAddressList(field->value);
  if (!addresses) return rule.bad;
  for (mime::Address& address : *addresses) authors->push_back(std::move(address.mailbox));
  return std::nullopt;
}

// One, of visible ASCII.
std::optional<ContentFault> ReadIdempotencyKey(const mime::HeaderBlock& header, std::string* key) {
  const mime::Field* const field = header.Find(kIdempotencyField);
  if (field == nullptr) return std::nullopt;
  const std::string_view value = smtp::Trim(field->value);
  const bool visible =
      std::all_of(value.begin(), value.end(), [](char c) { return c > 32 && c < 127; });
  if (value.empty() || value.size() > kMaxIdempotencyKey || !visible ||
      header.Count(kIdempotencyField) > 1) {
    return ContentFault::kBadIdempotencyKey;
  }
  *key = value;
  return std::nullopt;
}

// `header` has no line endings but CRLF.
bool HasLongLine(std::string_view header, size_t max_line) {
  while (header.size() > max_line) {
    const size_t end = std::min(header.find("\r\n"), header.size());
    if (end > max_line) return true;
    header.remove_prefix(end + 2);
  }
  return false;
}

}  // namespace

smtp::Parsed<Examined, ContentFault> ExamineReturned(std::string_view content,
                                                     const ContentRules& rules) {
  Examined examined{
      .header = mime::HeaderBlock::Parse(
          content, {.max_fields = rules.max_header_fields, .max_bytes = rules.max_header})};
  const mime::HeaderBlock& header = examined.header;
  if (header.fault() != mime::HeaderBlock::Fault::kNone) return ContentFault::kHeaderTooLarge;
  if (header.Count("Received") > static_cast<size_t>(rules.max_received)) {
    return ContentFault::kLooping;
  }
  if (const mime::Field* const subject = header.Find("Subject")) {
    examined.subject = mime::DecodeHeaderText(subject->value, kMaxSubject);
  }
  return examined;
}

smtp::Parsed<Examined, ContentFault> ExamineHeader(std::string_view content,
                                                   const ContentRules& rules) {
  auto read = ExamineReturned(content, rules);
  if (!read) return read;
  Examined& examined = *read;
  const mime::HeaderBlock& header = examined.header;
  if (header.bad_bytes()) return ContentFault::kBadBytes;
  if (rules.utf8 && header.eight_bit() && !smtp::IsUtf8(content.substr(0, header.header_end()))) {
    return ContentFault::kHeaderNotUtf8;
  }
  if (rules.binary && HasLongLine(content.substr(0, header.header_end()), rules.max_line)) {
    return ContentFault::kLineTooLong;
  }
  // What one reader takes for the end of the header another one skips: a second From could follow.
  if (header.no_colon() && !header.fields().empty()) return ContentFault::kNotAField;
  if (const auto fault = ReadAuthors(header, kFrom, &examined.authors)) return *fault;
  if (examined.authors.empty()) return ContentFault::kNoFrom;
  if (const auto fault = ReadAuthors(header, kSender, &examined.authors)) return *fault;
  if (const auto fault = ReadIdempotencyKey(header, &examined.idempotency_key)) return *fault;
  return read;
}

smtp::Parsed<Examined, ContentFault> Examine(std::string_view content, const ContentRules& rules) {
  auto examined = ExamineHeader(content, rules);
  if (!examined) return examined;
  const mime::Structure structure = mime::Measure(examined->header, content, rules.max_mime_depth);
  if (structure.depth > rules.max_mime_depth) return ContentFault::kNestedTooDeep;
  examined->eight_bit_part = structure.eight_bit_header;
  return examined;
}

Finished FinishContent(const Examined& examined, std::string_view content, const Finish& finish) {
  const mime::HeaderBlock& header = examined.header;
  const Trace& trace = finish.trace;
  Finished finished{.subject = examined.subject};
  mime::Edits edits(header);
  for (const std::string_view name : kRemoved) {
    edits.Remove(name);
  }
  ShowClass(finish.priority, header, &edits);
  if (finish.fields != nullptr && !finish.fields->empty()) {
    const size_t room = finish.max_size - std::min(finish.max_size, content.size());
    std::optional<std::string> subject;
    finished.too_big = !Substitute(*finish.fields, header, content, room, &edits, &subject);
    if (finished.too_big) return finished;
    if (subject) finished.subject = mime::DecodeHeaderText(*subject, kMaxSubject);
  }
  std::string top = ReceivedField(trace);
  if (header.Find("Date") == nullptr) {
    absl::StrAppend(&top, "Date: ", mime::FormatDate(trace.unix_seconds), "\r\n");
  }
  if (header.Find("Message-ID") == nullptr) {
    absl::StrAppend(&top, "Message-ID: <", ToAbsl(trace.id), "@", ToAbsl(trace.hostname), ">\r\n");
  }
  edits.Prepend(top);
  finished.content = edits.Apply(content);
  const std::string_view all = finished.content;
  finished.utf8_header =
      examined.eight_bit_part || !smtp::IsAscii(all.substr(0, all.find("\r\n\r\n")));
  return finished;
}

}  // namespace staffetta::gateway
