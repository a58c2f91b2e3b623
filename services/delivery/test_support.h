#pragma once

// What the tests of this directory share.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/base/await.h"
#include "common/net/resolver.h"

namespace staffetta::delivery {

// Names from maps.
class FakeResolver final : public net::Resolver {
 public:
  std::map<std::string, std::vector<net::MxRecord>> mx;
  std::map<std::string, std::vector<asio::ip::address>> addresses;
  std::set<std::string> broken;     // SERVFAIL
  std::set<std::string> cancelled;  // their look-up is
  int lookups = 0;                  // that were begun

  void SetAddresses(const std::string& name, const std::vector<std::string>& texts) {
    addresses[name].clear();
    for (const std::string& text : texts) {
      addresses[name].push_back(asio::ip::make_address(text));
    }
  }

  Co<absl::StatusOr<std::vector<net::MxRecord>>> Mx(std::string name) override {
    if (const absl::Status failure = Begin(name); !failure.ok()) co_return failure;
    co_return mx[name];
  }
  Co<absl::StatusOr<std::vector<asio::ip::address>>> Addresses(std::string name) override {
    if (const absl::Status failure = Begin(name); !failure.ok()) co_return failure;
    co_return addresses[name];
  }
  Co<absl::StatusOr<std::vector<std::string>>> Txt(std::string) override {
    co_return std::vector<std::string>();
  }

 private:
  absl::Status Begin(const std::string& name) {
    ++lookups;
    if (broken.contains(name)) return absl::UnavailableError("SERVFAIL");
    if (cancelled.contains(name)) return absl::CancelledError("as told");
    return absl::OkStatus();
  }
};

}  // namespace staffetta::delivery
