#pragma once

// What the tests of this directory share.

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/net/resolver.h"

namespace staffetta::delivery {

// Runs `context` until the coroutine has ended.
template <class T>
T Run(asio::io_context& context, Co<T> coroutine) {
  std::optional<T> result;
  asio::co_spawn(context.get_executor(), std::move(coroutine),
                 [&result](std::exception_ptr error, T value) {
                   if (error) std::rethrow_exception(error);
                   result = std::move(value);
                 });
  context.restart();
  while (!result && context.run_one() > 0) {
  }
  return *std::move(result);
}

// Names from maps.
class FakeResolver final : public net::Resolver {
 public:
  std::map<std::string, std::vector<net::MxRecord>> mx;
  std::map<std::string, std::vector<asio::ip::address>> addresses;
  std::set<std::string> broken;  // SERVFAIL

  void SetAddresses(const std::string& name, const std::vector<std::string>& texts) {
    addresses[name].clear();
    for (const std::string& text : texts) {
      addresses[name].push_back(asio::ip::make_address(text));
    }
  }

  Co<absl::StatusOr<std::vector<net::MxRecord>>> Mx(std::string name) override {
    if (broken.contains(name)) co_return absl::UnavailableError("SERVFAIL");
    co_return mx[name];
  }
  Co<absl::StatusOr<std::vector<asio::ip::address>>> Addresses(std::string name) override {
    if (broken.contains(name)) co_return absl::UnavailableError("SERVFAIL");
    co_return addresses[name];
  }
  Co<absl::StatusOr<std::vector<std::string>>> Txt(std::string) override {
    co_return std::vector<std::string>();
  }
};

}  // namespace staffetta::delivery
