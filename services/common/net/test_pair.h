#pragma once

#include <memory>
#include <string>

#include "common/net/stream.h"
#include "common/net/tls_context.h"

namespace staffetta::net {

// Two ends of one TCP connection over loopback, both on the executor's thread.
struct StreamPair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};
StreamPair NewStreamPair(Executor executor);

// A directory for one test, removed with what is in it.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A server's context with a new certificate for "mx.example.test".
std::shared_ptr<const TlsContext> NewTestServerContext();

}  // namespace staffetta::net
