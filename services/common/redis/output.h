#pragma once

// The bytes of one write: small commands copied together, large ones left where they are.

#include <boost/asio/buffer.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/redis/command.h"

namespace staffetta::redis {

class Output {
 public:
  void Add(Command& command);
  bool empty() const { return small_.empty(); }
  // Valid until Add or Clear.
  std::vector<boost::asio::const_buffer> Buffers() const;
  void Clear();

 private:
  std::string small_;
  // Each with the length of small_ that goes before it. Never moved while a write refers to them.
  std::vector<std::pair<size_t, std::string>> large_;
};

}  // namespace staffetta::redis
