#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/net/resolver.h"

namespace staffetta::net {

// A real name server (nsd) on a free port of 127.0.0.1, UDP and TCP, authoritative for the root
// zone: records of any domain can be given, every other name is NXDOMAIN.
//
//   const auto dns = TestDns::Start("example.com. MX 10 mx.example.com.\n"
//                                   "mx.example.com. A 192.0.2.1\n");
//   auto resolver = NewResolver(executor, dns->options());
//
// Names are absolute, end them with a dot. The default TTL is 60 s. Aborts the test program when
// nsd cannot be started. Blocking.
class TestDns {
 public:
  static std::unique_ptr<TestDns> Start(std::string_view zone_text);
  ~TestDns();
  TestDns(const TestDns&) = delete;
  TestDns& operator=(const TestDns&) = delete;

  uint16_t port() const { return port_; }
  // For ResolverOptions::servers: "127.0.0.1@5300".
  std::string server() const;
  ResolverOptions options() const;

  // Kills it: nothing answers on the port any more.
  void Stop();
  // Answers from other records, on the same port. Resolvers may still remember the old ones.
  void Restart(std::string_view zone_text);

 private:
  TestDns();
  void WriteZone(std::string_view zone_text) const;
  void WriteConfig() const;
  bool Run();
  std::string Log() const;

  std::string dir_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// A port of 127.0.0.1 where, at this moment, nobody listens.
uint16_t FreePort();

}  // namespace staffetta::net
