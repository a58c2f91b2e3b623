// The load of the edge's bench. Does one thing with many clients, each in a thread of its own, and
// prints what came of it as JSON:
//   edge_bench_load sessions WORD…   one session after the other
//   edge_bench_load messages WORD…   sessions that are kept, each with one message after the other
//       {"done": …, "seconds": …, "cpu": seconds of this process, "resumed": sessions that were}
//   edge_bench_load sink WORD…       takes every message; prints "{}" once it listens, and runs
//   until
//                                    its standard input ends
// Words are NAME=VALUE:
//   ports=P,…     on loopback; clients take turns
//   clients=N seconds=S
//   dialogue=bare  sessions: TCP, the handshake and nothing more, as openssl s_time does it
//            smtp  sessions: banner, EHLO, AUTH PLAIN if there is a login, QUIT
//            envelope  messages: MAIL, RCPT and RSET
//            whole     messages: MAIL, RCPT, DATA and the content
//   tls=none|1.2|1.3   from the first byte
//   starttls=1         by STARTTLS instead
//   resumed=1          with the session of a first connection, which is not counted
//   login=BASE64       of AUTH PLAIN
//   from=ADDRESS size=N   of messages

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "bench/edge/client.h"
#include "bench/lib/recording_sink.h"
#include "common/base/runtime.h"

namespace staffetta::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kHello = "EHLO client.example\r\n";
constexpr std::string_view kQuit = "QUIT\r\n";

struct Plan {
  std::vector<uint16_t> ports;
  int clients = 1;
  double seconds = 1;
  std::string dialogue = "smtp";
  int tls = 0;  // TLS1_2_VERSION, TLS1_3_VERSION; 0: none
  bool starttls = false;
  bool resumed = false;
  std::string login;     // a command, or empty
  std::string envelope;  // MAIL and RCPT
  std::string content;   // with its end

  bool bare() const { return dialogue == "bare"; }
};

std::optional<Plan> ReadPlan(const std::vector<std::string>& words) {
  std::map<std::string, std::string> given;
  for (const std::string& word : words) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(word, absl::MaxSplits('=', 1));
    given.insert(pair);
  }
  Plan plan;
  int size = 0;
  for (const auto& port : absl::StrSplit(given["ports"], ',')) {
    int number = 0;
    if (!absl::SimpleAtoi(port, &number)) return std::nullopt;
    plan.ports.push_back(static_cast<uint16_t>(number));
  }
  for (const auto& [name, to] : {std::pair("clients", &plan.clients), {"size", &size}}) {
    if (given.contains(name) && !absl::SimpleAtoi(given[name], to)) return std::nullopt;
  }
  if (given.contains("seconds") && !absl::SimpleAtod(given["seconds"], &plan.seconds)) {
    return std::nullopt;
  }
  if (given.contains("dialogue")) plan.dialogue = given["dialogue"];
  if (given["tls"] == "1.2") plan.tls = TLS1_2_VERSION;
  if (given["tls"] == "1.3") plan.tls = TLS1_3_VERSION;
  plan.starttls = given.contains("starttls");
  plan.resumed = given.contains("resumed");
  if (given.contains("login")) plan.login = absl::StrCat("AUTH PLAIN ", given["login"], "\r\n");
  const std::string& from = given["from"];
  plan.envelope = absl::StrCat("MAIL FROM:<", from, ">\r\nRCPT TO:<rcpt@sink.example>\r\n");
  plan.content = absl::StrCat("From: <", from, ">\r\nTo: <rcpt@sink.example>\r\nSubject: bench\r\n",
                              "Date: Sun, 22 Nov 2026 04:55:13 +0000\r\n",
                              "Message-ID: <1@client.example>\r\n\r\n");
  const std::string line = std::string(76, 'x') + "\r\n";
  for (int left = size; left > 0; left -= static_cast<int>(line.size())) plan.content += line;
  plan.content += ".\r\n";
  return plan;
}

// One client: its connections one after the other, and what came of them.
class Driver {
 public:
  Driver(const Plan& plan, uint16_t port)
      : plan_(plan), port_(port), tls_(plan.tls, plan.resumed) {}

  // What is not counted: a session to resume.
  bool Prepare() {
    if (!plan_.resumed) return true;
    Client client;
    if (!Open(&client)) return false;
    client.AwaitTickets();
    if (tls_.session() == nullptr) error_ = "no ticket";
    return tls_.session() != nullptr;
  }

  void RunSessions(Clock::time_point end) {
    while (Clock::now() < end) {
      Client client;
      if (!Open(&client)) return;
      resumed_ += client.Resumed() ? 1 : 0;
      if (!plan_.bare() && !Close(&client)) return;
      ++done_;
    }
  }

  void RunMessages(Clock::time_point end) {
    Client client;
    if (!Open(&client)) return;
    const bool whole = plan_.dialogue == "whole";
    const std::string ask = plan_.envelope + (whole ? "DATA\r\n" : "RSET\r\n");
    while (Clock::now() < end) {
      const bool taken = whole ? client.Send(ask) && client.Hear('2', 2) && client.Hear('3') &&
                                     client.Ask(plan_.content, '2')
                               : client.Send(ask) && client.Hear('2', 3);
      if (!taken) return Note(client);
      ++done_;
    }
    if (!Close(&client)) Note(client);
  }

  int64_t done() const { return done_; }
  int64_t resumed() const { return resumed_; }
  const std::string& error() const { return error_; }

 private:
  // Up to the first thing that the dialogue is about.
  bool Open(Client* client) {
    const bool opened = client->Connect(port_) && Secure(client) && (plan_.bare() || Hello(client));
    if (!opened) Note(*client);
    return opened;
  }

  bool Secure(Client* client) {
    if (plan_.tls == 0) return true;
    if (!plan_.starttls) return client->Handshake(tls_);
    return client->Hear('2') && client->Ask(kHello, '2') && client->Ask("STARTTLS\r\n", '2') &&
           client->Handshake(tls_);
  }

  bool Hello(Client* client) {
    if (!plan_.starttls && !client->Hear('2')) return false;
    if (!client->Ask(kHello, '2')) return false;
    return plan_.login.empty() || client->Ask(plan_.login, '2');
  }

  bool Close(Client* client) {
    if (!client->Ask(kQuit, '2')) {
      Note(*client);
      return false;
    }
    client->End();
    return true;
  }

  void Note(const Client& client) { error_ = client.error(); }

  const Plan& plan_;
  const uint16_t port_;
  ClientTls tls_;
  int64_t done_ = 0;
  int64_t resumed_ = 0;
  std::string error_;
};

double CpuSeconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int Drive(const Plan& plan, void (Driver::*run)(Clock::time_point)) {
  std::vector<std::unique_ptr<Driver>> drivers;
  for (int i = 0; i < plan.clients; ++i) {
    drivers.push_back(std::make_unique<Driver>(plan, plan.ports[i % plan.ports.size()]));
    if (drivers.back()->Prepare()) continue;
    std::cerr << drivers.back()->error() << "\n";
    return 1;
  }
  const double cpu = CpuSeconds();
  const Clock::time_point begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(plan.seconds));
  std::vector<std::thread> threads;
  for (const auto& driver : drivers) {
    threads.emplace_back([&driver, run, end] { (driver.get()->*run)(end); });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = Clock::now() - begin;
  int64_t done = 0;
  int64_t resumed = 0;
  for (const auto& driver : drivers) {
    done += driver->done();
    resumed += driver->resumed();
    if (driver->error().empty()) continue;
    std::cerr << driver->error() << "\n";
    return 1;
  }
  std::cout << absl::StrCat("{\"done\": ", done, ", \"seconds\": ", took.count(),
                            ", \"cpu\": ", CpuSeconds() - cpu, ", \"resumed\": ", resumed, "}\n");
  return 0;
}

// Destroyed on its own thread, with the loop still running.
Co<void> Finish(std::unique_ptr<RecordingSink> sink) { co_await sink->Stop(); }

int Sink(uint16_t port) {
  const Runtime runtime(1);
  auto sink = RecordingSink::Start(runtime.executor(0), port, [](std::string_view) {});
  if (!sink.ok()) {
    std::cerr << sink.status() << "\n";
    return 1;
  }
  std::cout << "{}" << std::endl;
  while (std::cin.get() != EOF) continue;
  runtime.Block(Finish(*std::move(sink)));
  return 0;
}

int Main(const std::vector<std::string>& words) {
  const std::string verb = words.size() > 1 ? words[1] : "";
  const auto plan = ReadPlan({words.begin() + std::min<size_t>(2, words.size()), words.end()});
  if (plan && verb == "sessions") return Drive(*plan, &Driver::RunSessions);
  if (plan && verb == "messages") return Drive(*plan, &Driver::RunMessages);
  if (plan && verb == "sink") return Sink(plan->ports[0]);
  std::cerr << "edge_bench_load sessions|messages|sink NAME=VALUE…; see load.cc\n";
  return 2;
}

}  // namespace
}  // namespace staffetta::bench

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  return staffetta::bench::Main({argv, argv + argc});
}
