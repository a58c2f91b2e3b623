#include "common/redis/test_server.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "common/redis/spawn.h"

namespace staffetta::redis {
namespace {

[[noreturn]] void GiveUp(const std::string& why) {
  std::fprintf(stderr, "test servers: %s\n", why.c_str());
  std::abort();
}

}  // namespace

TestDirectory::TestDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "redis-test-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) GiveUp("no temporary directory");
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

uint16_t FreeTestPort() {
  static std::random_device random;
  static std::set<uint16_t> given;
  for (;;) {
    const uint16_t port = std::uniform_int_distribution<uint16_t>(10000, 32000)(random);
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context);
    const asio::ip::tcp::endpoint address(asio::ip::address_v4::loopback(), port);
    boost::system::error_code error;
    acceptor.open(address.protocol(), error);
    if (!error) acceptor.bind(address, error);
    if (!error && given.insert(port).second) return port;
  }
}

void AwaitCondition(const std::string& what, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) GiveUp("in vain awaited: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

TestServer::TestServer(std::string dir, uint16_t port, std::vector<std::string> argv)
    : dir_(std::move(dir)), port_(port), argv_(std::move(argv)) {
  std::filesystem::create_directories(dir_);
}

TestServer::~TestServer() { Kill(); }

Endpoint TestServer::endpoint() const { return {.host = "127.0.0.1", .port = port_}; }

absl::StatusOr<Value> TestServer::Ask(Command command) {
  asio::io_context context(1);
  Client client(context.get_executor(), {.endpoint = Deployment::Server(endpoint())});
  return Await(context, client.Run(std::move(command)));
}

bool TestServer::Says(Command command, const std::string& part) {
  const absl::StatusOr<Value> answer = Ask(std::move(command));
  return answer.ok() && absl::StrContains(answer->str(), part);
}

void TestServer::Start() {
  std::vector<std::string> argv = argv_;
  argv.insert(argv.end(), {"--dir", dir_});
  const absl::StatusOr<pid_t> pid = SpawnTied(std::move(argv), dir_ + "/log", -1);
  if (!pid.ok()) GiveUp(pid.status().ToString());
  pid_ = *pid;
}

void TestServer::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void TestServer::Suspend() { kill(pid_, SIGSTOP); }

void TestServer::Continue() { kill(pid_, SIGCONT); }

}  // namespace staffetta::redis
