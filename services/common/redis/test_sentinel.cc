#include "common/redis/test_sentinel.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace staffetta::redis {

TestSentinels::TestSentinels() {
  for (size_t i = 0; i < kServers; ++i) {
    const uint16_t port = FreeTestPort();
    std::vector<std::string> argv = {"redis-server",
                                     "--port",
                                     absl::StrCat(port),
                                     "--bind",
                                     "127.0.0.1",
                                     "--appendonly",
                                     "yes",
                                     "--appendfsync",
                                     "always",
                                     "--save",
                                     "",
                                     "--repl-diskless-sync-delay",
                                     "0"};
    if (i > 0) {
      argv.insert(argv.end(), {"--replicaof", absl::StrCat("127.0.0.1 ", servers_[0]->port())});
    }
    servers_.push_back(std::make_unique<TestServer>(absl::StrCat(dir_.path(), "/server", i), port,
                                                    std::move(argv)));
    servers_.back()->Start();
  }
  AwaitCondition("two replicas", [&] {
    return servers_[0]->Says(Command("INFO", "replication"), "connected_slaves:2") &&
           servers_[1]->Says(Command("INFO", "replication"), "master_link_status:up") &&
           servers_[2]->Says(Command("INFO", "replication"), "master_link_status:up");
  });
  for (size_t i = 0; i < 3; ++i) {
    const uint16_t port = FreeTestPort();
    const std::string dir = absl::StrCat(dir_.path(), "/sentinel", i);
    const std::string file = dir + "/sentinel.conf";
    sentinels_.push_back(std::make_unique<TestServer>(
        dir, port,
        std::vector<std::string>{"redis-server", file, "--sentinel", "--port", absl::StrCat(port),
                                 "--bind", "127.0.0.1"}));
    std::ofstream(file) << "sentinel monitor " << kMaster << " 127.0.0.1 " << servers_[0]->port()
                        << " 2\nsentinel down-after-milliseconds " << kMaster
                        << " 1000\nsentinel failover-timeout " << kMaster << " 3000\n";
    sentinels_.back()->Start();
  }
  AwaitHealthy();
}

Deployment TestSentinels::deployment() const {
  std::vector<Endpoint> endpoints;
  for (const auto& sentinel : sentinels_) endpoints.push_back(sentinel->endpoint());
  return Deployment::Sentinel(std::move(endpoints), kMaster, {});
}

size_t TestSentinels::Master() {
  for (const auto& sentinel : sentinels_) {
    if (!sentinel->running()) continue;
    const auto address = sentinel->Ask(Command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", kMaster));
    if (!address.ok() || address->array().size() != 2) continue;
    for (size_t i = 0; i < kServers; ++i) {
      if (address->array()[1].str() == absl::StrCat(servers_[i]->port())) return i;
    }
  }
  return 0;
}

void TestSentinels::AwaitHealthy() {
  AwaitCondition("sentinels that know each other and the replicas", [&] {
    for (const auto& sentinel : sentinels_) {
      if (!sentinel->Says(Command("SENTINEL", "CKQUORUM", kMaster), "OK 3 usable")) return false;
      const auto replicas = sentinel->Ask(Command("SENTINEL", "REPLICAS", kMaster));
      if (!replicas.ok() || replicas->array().size() != kServers - 1) return false;
    }
    return servers_[Master()]->Says(Command("INFO", "replication"), "connected_slaves:2");
  });
}

}  // namespace staffetta::redis
