#include "cli/connection.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/endpoint.h"
#include "common/base/key_file.h"

namespace staffetta::cli {
namespace {

constexpr char kDefaultEndpoint[] = "127.0.0.1:4410";
constexpr char kDefaultDirectory[] = "/var/lib/staffetta";
constexpr char kLocalDirectory[] = "./var";
constexpr char kOtherKeys[] =
    "name the data directory of `staffetta serve` with --data DIR, or the key's file with "
    "--key-file FILE, or put the key in STAFFETTA_KEY";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string KeyFileOf(const std::string& directory) {
  return (std::filesystem::path(directory) / "operator.key").string();
}

absl::StatusOr<std::string> FindEndpoint(const ConnectionOptions& options,
                                         const std::string& directory) {
  std::string source = "--server";
  std::string endpoint = options.server;
  if (endpoint.empty()) {
    source = "STAFFETTA_SERVER";
    endpoint = Environment("STAFFETTA_SERVER");
  }
  if (endpoint.empty()) {
    source = (std::filesystem::path(directory) / "grpc.endpoint").string();
    std::ifstream file(source);
    std::getline(file, endpoint);
    absl::StripAsciiWhitespace(&endpoint);
  }
  if (endpoint.empty()) return kDefaultEndpoint;
  if (auto parsed = ParseEndpoint(endpoint); !parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", parsed.status().message()));
  }
  return endpoint;
}

// gRPC ends the process when metadata holds anything but visible characters.
absl::StatusOr<std::string> KeyOfEnvironment(std::string key) {
  absl::StripAsciiWhitespace(&key);
  if (key.empty() || !std::all_of(key.begin(), key.end(), absl::ascii_isgraph)) {
    return absl::InvalidArgumentError(
        "STAFFETTA_KEY holds no key: it is one word of visible characters");
  }
  return key;
}

absl::StatusOr<std::string> KeyOfFile(const std::string& path) {
  auto key = ReadKeyFile(path);
  if (absl::IsNotFound(key.status())) {
    return absl::NotFoundError(absl::StrCat("there is no key file ", path, "; ", kOtherKeys));
  }
  if (absl::IsPermissionDenied(key.status())) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the key file ", path, " may not be read; run this as the file's owner, or ", kOtherKeys));
  }
  return key;
}

}  // namespace

std::string DataDirectory(const std::string& option) {
  if (!option.empty()) return option;
  if (std::string named = Environment("STAFFETTA_DATA"); !named.empty()) return named;
  std::error_code ignored;
  if (std::filesystem::exists(KeyFileOf(kLocalDirectory), ignored)) return kLocalDirectory;
  return kDefaultDirectory;
}

std::string ServeDirectory(const std::string& option) {
  if (!option.empty()) return option;
  const std::string named = Environment("STAFFETTA_DATA");
  return named.empty() ? kDefaultDirectory : named;
}

absl::StatusOr<Connection> FindConnection(const ConnectionOptions& options) {
  const std::string directory = DataDirectory(options.data);
  Connection connection;
  auto endpoint = FindEndpoint(options, directory);
  if (!endpoint.ok()) return endpoint.status();
  connection.endpoint = *std::move(endpoint);

  absl::StatusOr<std::string> key;
  std::string of_environment = Environment("STAFFETTA_KEY");
  if (options.key_file.empty() && !of_environment.empty()) {
    connection.key_source = "the environment variable STAFFETTA_KEY";
    key = KeyOfEnvironment(std::move(of_environment));
  } else {
    const std::string path = options.key_file.empty() ? KeyFileOf(directory) : options.key_file;
    connection.key_source = absl::StrCat("the file ", path);
    key = KeyOfFile(path);
  }
  if (!key.ok()) return key.status();
  connection.key = *std::move(key);
  return connection;
}

}  // namespace staffetta::cli
