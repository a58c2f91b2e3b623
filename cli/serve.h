#pragma once

#include <string>
#include <vector>

#include "common/base/config.h"

namespace staffetta::cli {

// The command line of `staffetta serve`.
struct ServeArgs {
  std::string config_file;  // empty: defaults only
  std::vector<Override> overrides;
  std::string data_dir = "/var/lib/staffetta";
  std::vector<std::string> roles;  // empty: all
  bool demo = false;
  std::string demo_out;  // empty: none
};

// Runs the roles until SIGINT or SIGTERM; the exit code: 0 after an orderly stop, 1 when it could
// not start, 2 for a bad configuration or role.
int Serve(const ServeArgs& args);

}  // namespace staffetta::cli
