#pragma once

// SMTP replies (RFC 5321 §4.2) with enhanced codes (RFC 2034, RFC 3463), both ways.

#include <optional>
#include <string>
#include <string_view>

namespace staffetta::smtp {

// A status code of RFC 3463, class.subject.detail. All zero: there is none.
struct EnhancedCode {
  int cls = 0;  // 2, 4 or 5
  int subject = 0;
  int detail = 0;

  explicit operator bool() const { return cls != 0; }
  // "5.7.1"; empty when there is none.
  std::string ToString() const;
  friend bool operator==(const EnhancedCode&, const EnhancedCode&) = default;
};

// The code that is the whole of `text` ("5.7.1"): class 2, 4 or 5, the others 0…999 without
// leading zeros.
std::optional<EnhancedCode> ParseEnhancedCode(std::string_view text);

struct Reply {
  int code = 0;           // 200…599
  EnhancedCode enhanced;  // none in greetings, EHLO, 3xx and peers that have none
  std::string text;       // lines separated by '\n', without codes

  bool IsPositive() const { return code >= 200 && code < 300; }
  bool IsIntermediate() const { return code >= 300 && code < 400; }
  bool IsTransient() const { return code >= 400 && code < 500; }
  bool IsPermanent() const { return code >= 500 && code < 600; }
  friend bool operator==(const Reply&, const Reply&) = default;
};

inline constexpr size_t kMaxReplyLine = 512;  // with CRLF (RFC 5321 §4.5.3.1.5)

// As it goes on the wire, the enhanced code on every line. Controls in the text become '?' and
// long lines are split at a space if there is one (never inside a UTF-8 sequence), so that
// nothing can break out of a reply.
std::string Serialize(const Reply& reply);
void SerializeTo(const Reply& reply, std::string* out);

// One line for logs and bounces: "550 5.7.1 no such user / try another".
std::string ToLogLine(const Reply& reply);

// Reads a peer's reply, one line at a time. Bounded; a peer cannot make it grow.
class ReplyParser {
 public:
  enum class State { kMore, kDone, kError };

  static constexpr size_t kMaxLines = 100;
  static constexpr size_t kMaxBytes = 8192;

  // `line` is without its line ending. After kDone, reply() is whole and the next Feed starts a
  // new one. After kError the connection is of no use: every Feed answers kError until Reset().
  // Controls in the text are replaced by '?'. The enhanced code is read only when its class
  // agrees with the reply code, and then taken off every line that repeats it.
  State Feed(std::string_view line);
  const Reply& reply() const { return reply_; }
  void Reset();

 private:
  State state_ = State::kDone;
  Reply reply_;
  size_t lines_ = 0;
  size_t bytes_ = 0;
};

// How much of `text` goes on a line of at most `room` octets: up to a space if there is one, never
// a part of a character.
size_t LinePiece(std::string_view text, size_t room);

}  // namespace staffetta::smtp
