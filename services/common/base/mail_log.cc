#include "common/base/mail_log.h"

#include <absl/strings/str_cat.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <initializer_list>
#include <variant>

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

void AppendValue(std::string_view value, std::string* line) {
  value = value.substr(0, kLongestValue);
  if (!value.empty() && std::all_of(value.begin(), value.end(), IsPlain)) {
    line->append(value);
  } else {
    AppendQuoted(value, line);
  }
}

struct Field {
  std::string_view key;
  std::variant<std::string_view, int64_t> value;
};

// Ids are the relay's own and need no escaping, but a caller may hand on one that it was given.
std::string Line(std::string_view id, std::string_view event, std::initializer_list<Field> fields) {
  std::string line;
  line.reserve(384);
  line.append("id=");
  AppendValue(id.empty() ? "-" : id, &line);
  absl::StrAppend(&line, " event=", ToAbsl(event));
  for (const Field& field : fields) {
    absl::StrAppend(&line, " ", ToAbsl(field.key), "=");
    if (const auto* number = std::get_if<int64_t>(&field.value)) {
      absl::StrAppend(&line, *number);
    } else {
      AppendValue(std::get<std::string_view>(field.value), &line);
    }
  }
  return line;
}

template <class Event>
void Write(const Event& event) {
  spdlog::logger* logger = spdlog::default_logger_raw();
  if (logger->should_log(spdlog::level::info)) logger->log(spdlog::level::info, Format(event));
}

}  // namespace

std::string Format(const Accepted& event) {
  return Line(event.id, "accepted",
              {{"account", event.account},
               {"user", event.user},
               {"client", event.client},
               {"sender", event.sender},
               {"recipients", event.recipients},
               {"size", event.size},
               {"class", event.priority},
               {"durability", event.durability}});
}

std::string Format(const Refused& event) {
  return Line(event.id, "refused",
              {{"account", event.account},
               {"user", event.user},
               {"client", event.client},
               {"sender", event.sender},
               {"code", event.code},
               {"text", event.text}});
}

std::string Format(const Attempt& event) {
  const int64_t ms = std::max<int64_t>(0, absl::ToInt64Milliseconds(event.took));
  const std::string seconds = absl::StrCat(ms / 1000, ".", absl::Dec(ms % 1000, absl::kZeroPad3));
  return Line(event.id, "attempt",
              {{"delivery", event.delivery},
               {"destination", event.destination},
               {"host", event.host},
               {"recipient", event.recipient},
               {"outcome", event.outcome},
               {"code", event.code},
               {"enhanced", event.enhanced},
               {"text", event.text},
               {"attempt", event.attempt},
               {"seconds", std::string_view(seconds)}});
}

std::string Format(const Bounced& event) {
  return Line(event.id, "bounced",
              {{"bounce_id", event.bounce_id},
               {"sender", event.sender},
               {"recipient", event.recipient},
               {"text", event.text}});
}

std::string Format(const LeaseLost& event) {
  return Line(event.id, "lease_lost", {{"delivery", event.delivery}});
}

void LogAccepted(const Accepted& event) { Write(event); }
void LogRefused(const Refused& event) { Write(event); }
void LogAttempt(const Attempt& event) { Write(event); }
void LogBounced(const Bounced& event) { Write(event); }
void LogLeaseLost(const LeaseLost& event) { Write(event); }

}  // namespace staffetta::log
