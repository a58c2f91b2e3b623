#include "cli/serve.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/demo.h"
#include "cli/relay.h"
#include "common/base/log.h"
#include "common/base/units.h"

namespace staffetta::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

void Complain(const std::string& text) { std::fprintf(stderr, "staffetta: %s\n", text.c_str()); }

// The data directory, for nobody else's eyes.
absl::Status EnsureDataDir(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat("cannot make the data directory ", dir, ": ",
                                                      error.message(),
                                                      "; choose another with --data"));
  }
  if (chmod(dir.c_str(), 0700) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot make ", dir, " private (chmod 700); does it belong to somebody else?"));
  }
  return absl::OkStatus();
}

// Thousands of ports and sessions want a descriptor each; the usual soft limit is 1,024.
void RaiseFileLimit() {
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// Where the CLI finds us.
void WriteEndpoint(const std::string& data_dir, const std::string& endpoint) {
  std::ofstream(data_dir + "/grpc.endpoint") << endpoint << "\n";
}

}  // namespace

int Serve(const ServeArgs& args) {
  // Before any thread is made, so that every thread leaves these to sigwait below.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);

  RaiseFileLimit();
  log::Init();
  auto config = LoadConfig(args.config_file, args.overrides);
  if (!config.ok()) {
    Complain(std::string(config.status().message()));
    return kUsage;
  }
  log::SetLevel(config->log().level());
  std::set<std::string> roles(args.roles.begin(), args.roles.end());
  if (roles.empty()) roles.insert(AllRoles().begin(), AllRoles().end());
  for (const std::string& role : roles) {
    if (std::find(AllRoles().begin(), AllRoles().end(), role) == AllRoles().end()) {
      Complain(absl::StrCat("--roles: no role \"", role, "\"; there are ",
                            absl::StrJoin(AllRoles(), ", ")));
      return kUsage;
    }
  }
  const std::string data_dir = std::filesystem::absolute(args.data_dir).lexically_normal();
  absl::Status status = EnsureDataDir(data_dir);
  if (!status.ok()) {
    Complain(std::string(status.message()));
    return kFailed;
  }

  const auto pause = [&ends](absl::Duration length) {
    const timespec most = absl::ToTimespec(length);
    return sigtimedwait(&ends, nullptr, &most) < 0;
  };
  auto relay = Relay::Start(*config, data_dir, roles, pause);
  if (absl::IsCancelled(relay.status())) {
    log::Info("{}", std::string(relay.status().message()));
    log::Flush();
    return 0;
  }
  if (!relay.ok()) {
    log::Flush();
    Complain(std::string(relay.status().message()));
    return kFailed;
  }
  WriteEndpoint(data_dir, (*relay)->endpoint());
  if (args.demo) {
    status = SetUpDemo(**relay, data_dir, args.demo_out);
    if (!status.ok()) {
      Complain(absl::StrCat("the demo account: ", std::string(status.message())));
      return kFailed;
    }
  }
  const std::string metrics = (*relay)->metrics_address();
  log::Info("ready: roles {}; SMTP ports {}; gRPC {}{}{}", absl::StrJoin(roles, ","),
            FormatPorts((*relay)->ports()), (*relay)->endpoint(),
            metrics.empty() ? "" : "; metrics ", metrics);
  log::Flush();

  int signal = 0;
  sigwait(&ends, &signal);
  log::Info("stopping; a second signal ends at once");
  log::Flush();
  // What is durable survives an abrupt end; the second signal takes its default effect.
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  relay->reset();
  log::Info("stopped");
  return 0;
}

}  // namespace staffetta::cli
