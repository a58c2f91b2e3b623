#pragma once

// A Lua script and its SHA-1, by which Redis knows it.

#include <memory>
#include <string>
#include <string_view>

namespace prometheus {
class Histogram;
}

namespace staffetta::redis {

// Immutable; a copy shares the source. `name` is for messages and figures: one of few that the
// program knows.
class Script {
 public:
  Script(std::string_view name, std::string source);

  const std::string& name() const { return data_->name; }
  const std::string& source() const { return data_->source; }
  const std::string& sha1() const { return data_->sha1; }  // 40 lower-case hex digits
  // How long it takes, as who runs it sees it.
  prometheus::Histogram& seconds() const { return *data_->seconds; }

 private:
  struct Data {
    std::string name;
    std::string source;
    std::string sha1;
    prometheus::Histogram* seconds;
  };
  std::shared_ptr<const Data> data_;
};

}  // namespace staffetta::redis
