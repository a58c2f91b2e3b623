#pragma once

// hiredis's RESP2 parser, giving Values.

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "common/redis/value.h"

struct redisReader;

namespace staffetta::redis {

class ReplyReader {
 public:
  ReplyReader();

  void Feed(const char* bytes, size_t size);
  // The next whole reply; nullopt when more bytes are needed; INTERNAL when the bytes are not
  // RESP2, after which the reader is of no more use.
  absl::StatusOr<std::optional<Value>> Next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<Value> root_;
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace staffetta::redis
