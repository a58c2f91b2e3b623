#include "common/net/test_dns.h"

#include <absl/strings/str_cat.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "common/base/text.h"
#include "common/redis/spawn.h"

namespace staffetta::net {
namespace {

using ErrorCode = boost::system::error_code;

constexpr char kServer[] = "/usr/sbin/nsd";  // where Debian has it; not in every user's PATH
constexpr std::chrono::seconds kPatience(10);
constexpr int kPortAttempts = 5;

constexpr char kHead[] =
    "$ORIGIN .\n$TTL 60\n"
    "@ SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 5\n"
    "@ NS ns.invalid.\n"
    "ns.invalid. A 127.0.0.1\n";

[[noreturn]] void GiveUp(const std::string& why) {
  std::fprintf(stderr, "TestDns: %s\n", why.c_str());
  std::abort();
}

// The root's SOA, asked by UDP: is there an answer?
bool Answers(uint16_t port) {
  constexpr std::array<unsigned char, 17> kQuestion{0x12, 0x34, 0, 0, 0, 1, 0, 0, 0,
                                                    0,    0,    0, 0, 0, 6, 0, 1};
  asio::io_context context;
  asio::ip::udp::socket socket(context);
  ErrorCode error;
  socket.connect({asio::ip::address_v4::loopback(), port}, error);
  if (!error) socket.send(asio::buffer(kQuestion), 0, error);
  std::array<char, 512> answer;
  bool answered = false;
  socket.async_receive(asio::buffer(answer),
                       [&](const ErrorCode& failed, size_t) { answered = !failed; });
  context.run_for(std::chrono::milliseconds(200));
  return answered;
}

}  // namespace

uint16_t FreePort() {
  asio::io_context context;
  for (;;) {
    ErrorCode error;
    asio::ip::tcp::acceptor tcp(context);
    asio::ip::udp::socket udp(context);
    tcp.open(asio::ip::tcp::v4(), error);
    tcp.bind({asio::ip::address_v4::loopback(), 0}, error);
    const uint16_t port = tcp.local_endpoint(error).port();
    udp.open(asio::ip::udp::v4(), error);
    udp.bind({asio::ip::address_v4::loopback(), port}, error);
    if (!error) return port;
  }
}

std::unique_ptr<TestDns> TestDns::Start(std::string_view zone_text) {
  std::unique_ptr<TestDns> dns(new TestDns);
  dns->WriteZone(zone_text);
  // Between the choice and nsd's start another program may take the port.
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    dns->port_ = FreePort();
    dns->WriteConfig();
    if (dns->Run()) return dns;
  }
  GiveUp(dns->Log());
}

TestDns::TestDns() {
  std::string name = (std::filesystem::temp_directory_path() / "dns-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) GiveUp("no temporary directory");
  dir_ = name;
}

TestDns::~TestDns() {
  Stop();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

std::string TestDns::server() const { return absl::StrCat("127.0.0.1@", port_); }

ResolverOptions TestDns::options() const {
  ResolverOptions options;
  options.servers.push_back(server());
  return options;
}

void TestDns::Stop() {
  if (pid_ < 0) return;
  // Its own process group: nsd has a child for each of its parts.
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void TestDns::Restart(std::string_view zone_text) {
  Stop();
  WriteZone(zone_text);
  // A child of the one before may still be ending, and hold the port.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!Run()) {
    if (std::chrono::steady_clock::now() > until) GiveUp(Log());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::string TestDns::Log() const {
  std::ifstream log(dir_ + "/log");
  return {std::istreambuf_iterator<char>(log), {}};
}

void TestDns::WriteZone(std::string_view zone_text) const {
  std::ofstream(dir_ + "/zone") << kHead << zone_text << "\n";
}

void TestDns::WriteConfig() const {
  std::ofstream(dir_ + "/nsd.conf")
      << "server:\n  ip-address: 127.0.0.1\n  port: " << port_
      << "\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  database: \"\"\n"
         "  do-ip6: no\n  zonesdir: \""
      << dir_ << "\"\n  pidfile: \"" << dir_ << "/pid\"\n  xfrdfile: \"" << dir_
      << "/xfrd\"\n  xfrdir: \"" << dir_ << "\"\n  zonelistfile: \"" << dir_
      << "/zones\"\nremote-control:\n  control-enable: no\n"
         "zone:\n  name: \".\"\n  zonefile: \"zone\"\n";
}

// False: it ended, or does not answer.
bool TestDns::Run() {
  const auto pid = redis::SpawnTied({kServer, "-d", "-c", dir_ + "/nsd.conf"}, dir_ + "/log", -1);
  if (!pid.ok()) GiveUp(std::string(ToStd(pid.status().message())));
  pid_ = *pid;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    if (Answers(port_)) return true;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Stop();
  return false;
}

}  // namespace staffetta::net
