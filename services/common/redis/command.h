#pragma once

// A Redis command, written straight in its wire form.

#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace staffetta::redis {

// Arguments are bytes. `Command("SET", key, value)`, or `Command("HSET", key).Add(f).Add(v)`.
class Command {
 public:
  template <class... Args>
  explicit Command(std::string_view name, const Args&... args) : name_size_(name.size()) {
    Add(name);
    (Add(args), ...);
  }

  Command& Add(std::string_view bytes);
  template <std::integral T>
  Command& Add(T number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return Add(std::string_view(digits, end - digits));
  }

  // Room for `bytes` more of arguments, where many are about to be added.
  void Reserve(size_t bytes) { body_.reserve(body_.size() + bytes); }

  // Sends it to where `key` is kept (Redis Cluster). For commands that have no key and are about
  // one node; others go by their first key.
  Command& RouteBy(std::string_view key) {
    route_ = key;
    return *this;
  }
  const std::string& route() const { return route_; }

  // The command word is argument 0; empty when there are not so many. Not after TakeBody.
  std::string_view argument(size_t index) const;

  // The command word: the only part that may appear in a message or log.
  std::string_view name() const;
  size_t argument_count() const { return count_; }
  // `$len\r\n…\r\n` per argument, without the leading `*count\r\n`.
  const std::string& body() const { return body_; }
  std::string TakeBody() { return std::move(body_); }
  void AppendHeader(std::string& out) const;

 private:
  size_t name_size_;
  size_t count_ = 0;
  std::string body_;
  std::string route_;
};

}  // namespace staffetta::redis
