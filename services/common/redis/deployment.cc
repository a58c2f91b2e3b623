#include "common/redis/deployment.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace staffetta::redis {

Deployment Deployment::Server(Endpoint server) {
  return {.kind = Kind::kServer, .endpoints = {std::move(server)}};
}

Deployment Deployment::Sentinel(std::vector<Endpoint> sentinels, std::string master_name,
                                Endpoint login) {
  return {.kind = Kind::kSentinel,
          .endpoints = std::move(sentinels),
          .master_name = std::move(master_name),
          .login = std::move(login)};
}

Deployment Deployment::Cluster(std::vector<Endpoint> nodes) {
  Endpoint login = nodes.front();
  return {.kind = Kind::kCluster, .endpoints = std::move(nodes), .login = std::move(login)};
}

std::string Deployment::ToString() const {
  const std::string all =
      absl::StrJoin(endpoints, ",", [](std::string* out, const Endpoint& endpoint) {
        absl::StrAppend(out, endpoint.ToString());
      });
  switch (kind) {
    case Kind::kServer:
      return all;
    case Kind::kSentinel:
      return absl::StrCat("master ", master_name, " of sentinels ", all);
    case Kind::kCluster:
      return absl::StrCat("cluster ", all);
  }
  return all;
}

}  // namespace staffetta::redis
