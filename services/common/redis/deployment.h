#pragma once

// Which Redis a client talks to, and how it is run.

#include <string>
#include <vector>

#include "common/redis/endpoint.h"

namespace staffetta::redis {

struct Deployment {
  enum class Kind {
    kServer,    // one server
    kSentinel,  // the master that sentinels name; they make another one when it dies
    kCluster,   // masters that share the slots, each with replicas
  };

  static Deployment Server(Endpoint server);
  // `login` gives user, password and database of the master; its host and port are learnt.
  static Deployment Sentinel(std::vector<Endpoint> sentinels, std::string master_name,
                             Endpoint login);
  // Some of the nodes, better several: the others are learnt from one that answers. All take the
  // user and password of the first.
  static Deployment Cluster(std::vector<Endpoint> nodes);

  // For people and logs: never has a password.
  std::string ToString() const;

  Kind kind = Kind::kServer;
  std::vector<Endpoint> endpoints;  // the server, the sentinels or the nodes: at least one
  std::string master_name;          // kSentinel
  Endpoint login;                   // kSentinel, kCluster
};

}  // namespace staffetta::redis
