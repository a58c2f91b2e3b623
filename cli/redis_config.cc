#include "cli/redis_config.h"

#include <absl/strings/str_cat.h>

#include <fstream>
#include <utility>
#include <vector>

#include "common/base/config.h"

namespace staffetta::cli {
namespace {

// Leaves `password` as it is when there is no file.
absl::Status ReadPassword(const std::string& key, const std::string& file, std::string* password) {
  if (file.empty()) return absl::OkStatus();
  std::ifstream in(file);
  if (std::getline(in, *password)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(key, ": cannot read ", file));
}

template <class Addresses>
absl::StatusOr<std::vector<redis::Endpoint>> Parse(const Addresses& addresses,
                                                   const redis::Endpoint& login) {
  std::vector<redis::Endpoint> endpoints;
  for (const std::string& address : addresses) {
    absl::StatusOr<redis::Endpoint> endpoint = redis::Endpoint::Parse(address);
    if (!endpoint.ok()) return endpoint.status();
    endpoint->username = login.username;
    endpoint->password = login.password;
    endpoints.push_back(*std::move(endpoint));
  }
  return endpoints;
}

}  // namespace

bool WantsEmbeddedRedis(const config::v1::Redis& config) {
  return config.address().empty() && config.cluster().empty() && config.sentinels().empty();
}

absl::StatusOr<redis::Deployment> DeploymentOf(const config::v1::Redis& config) {
  redis::Endpoint login;
  login.username = config.user();
  login.password = config.password();
  absl::Status read = ReadPassword("redis.password_file", config.password_file(), &login.password);
  if (!read.ok()) return read;
  if (!config.cluster().empty()) {
    auto nodes = Parse(config.cluster(), login);
    if (!nodes.ok()) return nodes.status();
    return redis::Deployment::Cluster(*std::move(nodes));
  }
  if (!config.sentinels().empty()) {
    redis::Endpoint at_sentinel;
    read = ReadPassword("redis.sentinel_password_file", config.sentinel_password_file(),
                        &at_sentinel.password);
    if (!read.ok()) return read;
    auto sentinels = Parse(config.sentinels(), at_sentinel);
    if (!sentinels.ok()) return sentinels.status();
    return redis::Deployment::Sentinel(*std::move(sentinels), config.master_name(),
                                       std::move(login));
  }
  auto servers = Parse(std::vector<std::string>{config.address()}, login);
  if (!servers.ok()) return servers.status();
  return redis::Deployment::Server(std::move(servers->front()));
}

absl::StatusOr<std::optional<redis::Client::Options>> ContentStoreOf(
    const config::v1::ContentStore& config) {
  if (config.address().empty()) return std::nullopt;
  redis::Endpoint login;
  login.username = config.user();
  login.password = config.password();
  const absl::Status read =
      ReadPassword("redis.content.password_file", config.password_file(), &login.password);
  if (!read.ok()) return read;
  auto servers = Parse(std::vector<std::string>{config.address()}, login);
  if (!servers.ok()) return servers.status();
  return redis::Client::Options{.endpoint = redis::Deployment::Server(std::move(servers->front())),
                                .command_timeout = DurationOf(config.command_timeout())};
}

}  // namespace staffetta::cli
