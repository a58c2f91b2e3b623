#include "common/base/mail_log.h"

#include <absl/strings/str_cat.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "common/base/text.h"

namespace staffetta::log {
namespace {

constexpr size_t kLongestValue = 500;

bool IsPlain(unsigned char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '='; }

// The length of the UTF-8 character (RFC 3629) that `text` starts with; 0: it is none, or one that
// must not reach a terminal or ends a line: C1 controls, U+2028, U+2029.
size_t PrintableCharacter(std::string_view text) {
  const auto byte = [text](size_t i) -> uint32_t { return static_cast<unsigned char>(text[i]); };
  const uint32_t head = byte(0);
  const size_t length = head < 0xc2 ? 0 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : head < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  uint32_t point = head & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0xa0, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < kLeast[length] || point > 0x10ffff || surrogate) return 0;
  return point == 0x2028 || point == 0x2029 ? 0 : length;
}

void AppendQuoted(std::string_view value, std::string* line) {
  line->push_back('"');
  while (!value.empty()) {
    const auto c = static_cast<unsigned char>(value.front());
    size_t length = 1;
    if (c == '"' || c == '\\') {
      line->append({'\\', static_cast<char>(c)});
    } else if (c == '\n') {
      line->append("\\n");
    } else if (c == '\r') {
      line->append("\\r");
    } else if (c == '\t') {
      line->append("\\t");
    } else if (c >= ' ' && c < 0x7f) {
      line->push_back(static_cast<char>(c));
    } else if (const size_t utf8 = PrintableCharacter(value); utf8 > 0) {
      line->append(value.substr(0, utf8));
      length = utf8;
    } else {
      absl::StrAppend(line, "\\x", absl::Hex(c, absl::kZeroPad2));
    }
    value.remove_prefix(length);
  }
  line->push_back('"');
}

void Append(std::string_view key, std::string_view value, std::string* line) {
  absl::StrAppend(line, " ", ToAbsl(key), "=");
  value = value.substr(0, kLongestValue);
  if (!value.empty() && std::all_of(value.begin(), value.end(), IsPlain)) {
    line->append(value);
  } else {
    AppendQuoted(value, line);
  }
}

void Append(std::string_view key, int64_t value, std::string* line) {
  absl::StrAppend(line, " ", ToAbsl(key), "=", value);
}

// Ids are the relay's own and need no escaping, but a caller may hand on one that it was given.
std::string Line(std::string_view id, std::string_view event) {
  std::string line;
  line.reserve(384);
  Append("id", id.empty() ? "-" : id, &line);
  line.erase(0, 1);
  absl::StrAppend(&line, " event=", ToAbsl(event));
  return line;
}

template <class Event>
void Write(const Event& event) {
  spdlog::logger* logger = spdlog::default_logger_raw();
  if (logger->should_log(spdlog::level::info)) logger->log(spdlog::level::info, Format(event));
}

}  // namespace

std::string Format(const Accepted& event) {
  std::string line = Line(event.id, "accepted");
  Append("account", event.account, &line);
  Append("user", event.user, &line);
  Append("client", event.client, &line);
  Append("sender", event.sender, &line);
  Append("recipients", event.recipients, &line);
  Append("size", event.size, &line);
  Append("class", event.priority, &line);
  Append("durability", event.durability, &line);
  return line;
}

std::string Format(const Refused& event) {
  std::string line = Line(event.id, "refused");
  Append("account", event.account, &line);
  Append("user", event.user, &line);
  Append("client", event.client, &line);
  Append("sender", event.sender, &line);
  Append("code", event.code, &line);
  Append("text", event.text, &line);
  return line;
}

std::string Format(const Attempt& event) {
  std::string line = Line(event.id, "attempt");
  Append("delivery", event.delivery, &line);
  Append("destination", event.destination, &line);
  Append("host", event.host, &line);
  Append("recipient", event.recipient, &line);
  Append("outcome", event.outcome, &line);
  Append("code", event.code, &line);
  Append("enhanced", event.enhanced, &line);
  Append("text", event.text, &line);
  Append("attempt", event.attempt, &line);
  const int64_t ms = std::max<int64_t>(0, absl::ToInt64Milliseconds(event.took));
  absl::StrAppend(&line, " seconds=", ms / 1000, ".", absl::Dec(ms % 1000, absl::kZeroPad3));
  return line;
}

std::string Format(const Bounced& event) {
  std::string line = Line(event.id, "bounced");
  Append("bounce_id", event.bounce_id, &line);
  Append("sender", event.sender, &line);
  Append("recipient", event.recipient, &line);
  Append("text", event.text, &line);
  return line;
}

std::string Format(const LeaseLost& event) {
  std::string line = Line(event.id, "lease_lost");
  Append("delivery", event.delivery, &line);
  return line;
}

void LogAccepted(const Accepted& event) { Write(event); }
void LogRefused(const Refused& event) { Write(event); }
void LogAttempt(const Attempt& event) { Write(event); }
void LogBounced(const Bounced& event) { Write(event); }
void LogLeaseLost(const LeaseLost& event) { Write(event); }

}  // namespace staffetta::log
