#include "common/smtp/reply.h"

#include <algorithm>
#include <array>

#include "common/smtp/ascii.h"

namespace staffetta::smtp {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }

bool IsContinuationOctet(char c) { return (c & 0xC0) == 0x80; }

// The code that `text` starts with, and how many octets it takes with one following space; the
// code must be followed by a space or the end.
std::optional<std::pair<EnhancedCode, size_t>> LeadingEnhancedCode(std::string_view text) {
  const size_t space = std::min(text.find(' '), text.size());
  const std::optional<EnhancedCode> code = ParseEnhancedCode(text.substr(0, space));
  if (!code) return std::nullopt;
  return std::pair(*code, std::min(space + 1, text.size()));
}

}  // namespace

size_t LinePiece(std::string_view text, size_t room) {
  if (text.size() <= room) return text.size();
  const size_t space = text.rfind(' ', room);
  if (space != std::string_view::npos && space > 0) return space;
  size_t cut = room;
  while (cut > 0 && IsContinuationOctet(text[cut])) --cut;
  return cut == 0 ? room : cut;
}

std::string EnhancedCode::ToString() const {
  if (cls == 0) return "";
  return std::to_string(cls) + "." + std::to_string(subject) + "." + std::to_string(detail);
}

std::optional<EnhancedCode> ParseEnhancedCode(std::string_view text) {
  std::array<int, 3> parts{};
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t end = i < 2 ? text.find('.') : text.size();
    if (end == std::string_view::npos || end == 0 || end > 3) return std::nullopt;
    for (char c : text.substr(0, end)) {
      if (!IsDigit(c)) return std::nullopt;
      parts[i] = parts[i] * 10 + (c - '0');
    }
    if (end > 1 && text.front() == '0') return std::nullopt;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (parts[0] != 2 && parts[0] != 4 && parts[0] != 5) return std::nullopt;
  return EnhancedCode{parts[0], parts[1], parts[2]};
}

void SerializeTo(const Reply& reply, std::string* out) {
  std::string prefix = std::to_string(reply.code) + " ";
  if (reply.enhanced) prefix += reply.enhanced.ToString() + " ";
  const size_t room = kMaxReplyLine - 2 - prefix.size();

  size_t last_line = 0;
  std::string_view rest = reply.text;
  while (true) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    do {
      const size_t piece = LinePiece(line, room);
      last_line = out->size();
      out->append(prefix);
      (*out)[last_line + 3] = '-';
      const size_t text_at = out->size();
      out->append(line.substr(0, piece));
      std::replace_if(out->begin() + text_at, out->end(), IsControl, '?');
      out->append("\r\n");
      line.remove_prefix(piece);
      if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    } while (!line.empty());
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  (*out)[last_line + 3] = ' ';
}

std::string Serialize(const Reply& reply) {
  std::string out;
  SerializeTo(reply, &out);
  return out;
}

std::string ToLogLine(const Reply& reply) {
  std::string out = std::to_string(reply.code);
  if (reply.enhanced) out += " " + reply.enhanced.ToString();
  if (!reply.text.empty()) out += ' ';
  for (char c : reply.text) {
    if (c == '\n') {
      out += " / ";
    } else {
      out += IsControl(c) ? '?' : c;
    }
  }
  return out;
}

void ReplyParser::Reset() { *this = ReplyParser(); }

ReplyParser::State ReplyParser::Feed(std::string_view line) {
  if (state_ == State::kError) return state_;
  if (state_ == State::kDone) Reset();
  state_ = State::kError;

  if (++lines_ > kMaxLines || (bytes_ += line.size()) > kMaxBytes) return state_;
  if (line.size() < 3 || line[0] < '2' || line[0] > '5') return state_;
  if (!IsDigit(line[1]) || !IsDigit(line[2])) return state_;
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (lines_ > 1 && code != reply_.code) return state_;
  const char separator = line.size() > 3 ? line[3] : ' ';
  if (separator != ' ' && separator != '-') return state_;

  std::string_view text = line.substr(std::min<size_t>(4, line.size()));
  if (const auto leading = LeadingEnhancedCode(text)) {
    const auto& [enhanced, length] = *leading;
    if (lines_ == 1 && enhanced.cls == code / 100) reply_.enhanced = enhanced;
    if (enhanced == reply_.enhanced) text.remove_prefix(length);
  }
  reply_.code = code;
  if (lines_ > 1) reply_.text += '\n';
  const size_t text_at = reply_.text.size();
  reply_.text.append(text);
  std::replace_if(reply_.text.begin() + text_at, reply_.text.end(), IsControl, '?');
  state_ = separator == '-' ? State::kMore : State::kDone;
  return state_;
}

}  // namespace staffetta::smtp
