#pragma once

#include <absl/status/statusor.h>

#include <string>

namespace staffetta::cli {

// What the caller said about where the services are; empty: nothing.
struct ConnectionOptions {
  std::string server;    // --server
  std::string data;      // --data
  std::string key_file;  // --key-file
};

// Where to call, with which key.
struct Connection {
  std::string endpoint;    // "host:port" or "unix:/path"
  std::string key;         // never shown
  std::string key_source;  // for people: "the file var/operator.key"
};

// The data directory of the services to administrate: the option, else STAFFETTA_DATA, else ./var
// when it holds an operator's key, else where packages put it.
std::string DataDirectory(const std::string& option);

// The data directory to serve from: the same but for ./var.
std::string ServeDirectory(const std::string& option);

// The endpoint is --server, else STAFFETTA_SERVER, else what a running `serve` wrote to
// DATA/grpc.endpoint, else the default port on this machine. The key is that of --key-file, else
// STAFFETTA_KEY, else that of DATA/operator.key. Nothing is connected. On failure the message says
// what to do.
absl::StatusOr<Connection> FindConnection(const ConnectionOptions& options);

}  // namespace staffetta::cli
