#include "common/mime/content_type.h"

#include "common/smtp/ascii.h"

namespace staffetta::mime {
namespace {

constexpr size_t kMaxParameters = 50;

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ == text_.size(); }
  size_t at() const { return at_; }
  std::string_view From(size_t start) const { return text_.substr(start, at_ - start); }

  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // White space, line breaks and comments, which nest. False: a comment without end.
  bool SkipSpace() {
    int depth = 0;
    for (; !AtEnd(); ++at_) {
      const char c = text_[at_];
      if (c == '(') {
        ++depth;
      } else if (depth == 0) {
        if (!smtp::IsBlank(c) && c != '\r' && c != '\n') return true;
      } else if (c == ')') {
        --depth;
      } else if (c == '\\' && at_ + 1 < text_.size()) {
        ++at_;
      }
    }
    return depth == 0;
  }

  // RFC 2045 §5.1; also the 8-bit octets that clients write into file names.
  std::string_view TakeToken() {
    const size_t start = at_;
    const auto is_token = [](char c) {
      const auto octet = static_cast<unsigned char>(c);
      return octet > 32 && octet != 127 &&
             std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
    };
    while (!AtEnd() && is_token(text_[at_])) ++at_;
    return From(start);
  }

  // Behind the opening quote; nothing when there is no closing one.
  std::optional<std::string> TakeQuoted() {
    std::string value;
    while (!AtEnd()) {
      char c = text_[at_++];
      if (c == '"') return value;
      if (c == '\r' || c == '\n') continue;
      if (c == '\\' && !AtEnd()) c = text_[at_++];
      value += c;
    }
    return std::nullopt;
  }

 private:
  const std::string_view text_;
  size_t at_ = 0;
};

std::optional<Parameter> TakeParameter(Cursor* cursor) {
  Parameter parameter{.name = smtp::ToLower(cursor->TakeToken())};
  if (parameter.name.empty() || !cursor->SkipSpace() || !cursor->Take('=')) return std::nullopt;
  if (!cursor->SkipSpace()) return std::nullopt;
  const size_t start = cursor->at();
  if (cursor->Take('"')) {
    auto value = cursor->TakeQuoted();
    if (!value) return std::nullopt;
    parameter.value = *std::move(value);
  } else {
    parameter.value = cursor->TakeToken();
    if (parameter.value.empty()) return std::nullopt;
  }
  parameter.raw = cursor->From(start);
  return parameter;
}

}  // namespace

const Parameter* ContentType::Find(std::string_view name) const {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

std::optional<ContentType> ParseContentType(std::string_view raw_value) {
  Cursor cursor(raw_value);
  ContentType parsed;
  if (!cursor.SkipSpace()) return std::nullopt;
  parsed.type = smtp::ToLower(cursor.TakeToken());
  if (parsed.type.empty() || !cursor.SkipSpace() || !cursor.Take('/')) return std::nullopt;
  if (!cursor.SkipSpace()) return std::nullopt;
  parsed.subtype = smtp::ToLower(cursor.TakeToken());
  if (parsed.subtype.empty()) return std::nullopt;
  while (cursor.SkipSpace()) {
    if (cursor.AtEnd()) return parsed;
    if (!cursor.Take(';') || !cursor.SkipSpace()) return std::nullopt;
    if (cursor.AtEnd()) return parsed;  // "text/plain;" is written by many
    auto parameter = TakeParameter(&cursor);
    if (!parameter || parsed.parameters.size() == kMaxParameters) return std::nullopt;
    if (parsed.Find(parameter->name) != nullptr) return std::nullopt;
    parsed.parameters.push_back(*std::move(parameter));
  }
  return std::nullopt;
}

}  // namespace staffetta::mime
