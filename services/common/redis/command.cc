#include "common/redis/command.h"

namespace staffetta::redis {
namespace {

void AppendCount(std::string& out, char mark, size_t number) {
  char text[24];
  text[0] = mark;
  char* end = std::to_chars(text + 1, text + sizeof text - 2, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(text, end - text);
}

}  // namespace

Command& Command::Add(std::string_view bytes) {
  AppendCount(body_, '$', bytes.size());
  body_.append(bytes);
  body_.append("\r\n", 2);
  ++count_;
  return *this;
}

std::string_view Command::name() const {
  const size_t start = body_.find('\n') + 1;
  return std::string_view(body_).substr(start, name_size_);
}

std::string_view Command::argument(size_t index) const {
  std::string_view rest = body_;
  while (!rest.empty()) {
    const size_t start = rest.find('\n') + 1;
    size_t size = 0;
    std::from_chars(rest.data() + 1, rest.data() + start, size);
    if (index == 0) return rest.substr(start, size);
    --index;
    rest.remove_prefix(start + size + 2);
  }
  return {};
}

void Command::AppendHeader(std::string& out) const { AppendCount(out, '*', count_); }

}  // namespace staffetta::redis
