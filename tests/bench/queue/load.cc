// The load of the queue's bench. Reads commands from standard input, one on a line, and answers
// each with a line of JSON, `{"error": …}` when it failed:
//   enqueue COUNT light|realistic   {"seconds": …, "compressed": bytes of a message's content}
//   fill COUNT light|realistic DOMAINS   the same, with many messages in a call
//   watch SECONDS PERIOD [PACE]     {"leased": …, "late_ms": [ … ]}
//   lease COUNT                     {"seconds": …}
//   complete                        {"seconds": …}
//   urgent RATE SECONDS             {"sent": …, "accepted_ms": [ … ], "delivered_ms": [ … ]}
// Started as `queue_bench_load DIR [PORT]`: DIR is the data directory of a running `staffetta
// serve`, PORT where the urgent mail is to arrive.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>

#include "bench/lib/recording_sink.h"
#include "bench/queue/queue_load.h"
#include "common/base/key_file.h"
#include "common/base/realtime.h"
#include "common/base/runtime.h"
#include "common/rpc/peers.h"

namespace staffetta::bench {
namespace {

using Words = std::vector<std::string>;

constexpr absl::Duration kCallTimeout = absl::Seconds(60);
constexpr int kFillPerCall = 32;

std::string Milliseconds(const std::vector<absl::Duration>& times) {
  return absl::StrCat("[",
                      absl::StrJoin(times, ",",
                                    [](std::string* out, absl::Duration time) {
                                      absl::StrAppend(out, absl::ToDoubleMilliseconds(time));
                                    }),
                      "]");
}

int64_t NumberAt(const Words& words, size_t place) {
  int64_t number = 0;
  return place < words.size() && absl::SimpleAtoi(words[place], &number) ? number : 0;
}

Co<absl::Status> Run(QueueLoad* load, Words words, std::string* answer) {
  auto begin = std::chrono::steady_clock::now();
  const std::string& verb = words[0];
  absl::Status status;
  if (verb == "enqueue" || verb == "fill") {
    QueueLoad::Bulk bulk{.count = NumberAt(words, 1)};
    if (words.size() > 2 && words[2] == "realistic") bulk.content = Content::kRealistic;
    if (verb == "fill") {
      bulk.per_call = kFillPerCall;
      bulk.domains = static_cast<int>(std::max<int64_t>(1, NumberAt(words, 3)));
    }
    *answer = absl::StrCat("\"compressed\": ", CompressedSize(bulk.content), ", ");
    begin = std::chrono::steady_clock::now();
    status = co_await load->Enqueue(bulk);
  } else if (verb == "watch") {
    QueueLoad::Watched watched;
    status = co_await load->WatchLanes({.time = absl::Seconds(NumberAt(words, 1)),
                                        .period = absl::Seconds(NumberAt(words, 2)),
                                        .pace = NumberAt(words, 3)},
                                       &watched);
    *answer = absl::StrCat("\"leased\": ", watched.leased,
                           ", \"late_ms\": ", Milliseconds(watched.late), ", ");
  } else if (verb == "lease") {
    status = co_await load->Lease(NumberAt(words, 1));
  } else if (verb == "complete") {
    status = co_await load->Complete();
  } else if (verb == "urgent") {
    QueueLoad::Urgent urgent;
    status = co_await load->SendUrgent(static_cast<int>(NumberAt(words, 1)),
                                       absl::Seconds(NumberAt(words, 2)), &urgent);
    *answer = absl::StrCat("\"sent\": ", urgent.sent,
                           ", \"accepted_ms\": ", Milliseconds(urgent.accepted),
                           ", \"delivered_ms\": ", Milliseconds(urgent.delivered), ", ");
  } else {
    co_return absl::InvalidArgumentError("no such command");
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  absl::StrAppend(answer, "\"seconds\": ", took.count());
  co_return status;
}

// Answers one command on standard output.
Co<void> Answer(QueueLoad* load, Words words) {
  std::string answer;
  const absl::Status status = co_await Run(load, std::move(words), &answer);
  if (!status.ok()) {
    std::string why = status.ToString();
    std::replace(why.begin(), why.end(), '"', '\'');
    answer = absl::StrCat("\"error\": \"", why, "\"");
  }
  std::cout << "{" << answer << "}" << std::endl;
}

// What receives mail has processors of its own elsewhere; here it must not wait for those of the
// relay.
Co<void> GoFirst() {
  const absl::Status status = BecomeRealtime();
  if (!status.ok())
    std::cerr << "the times of urgent mail are worse than they are: " << status << "\n";
  co_return;
}

// Destroyed on its own thread, with the loop still running.
Co<void> Finish(std::unique_ptr<RecordingSink> sink) {
  if (sink) co_await sink->Stop();
}

int Main(const Words& arguments) {
  if (arguments.size() < 2 || arguments.size() > 3) {
    std::cerr << "queue_bench_load DIR [PORT]\n";
    return 2;
  }
  const auto key = ReadKeyFile(arguments[1] + "/operator.key");
  std::string endpoint;
  std::getline(std::ifstream(arguments[1] + "/grpc.endpoint"), endpoint);
  if (!key.ok() || endpoint.empty()) {
    std::cerr << arguments[1] << ": no relay runs here\n";
    return 1;
  }
  const Runtime runtime(1);
  QueueLoad load(runtime.executor(0), rpc::RemotePeer(endpoint, *key, kCallTimeout));
  std::unique_ptr<RecordingSink> sink;
  if (arguments.size() == 3) {
    runtime.Block(GoFirst());
    auto started =
        RecordingSink::Start(runtime.executor(0), static_cast<uint16_t>(NumberAt(arguments, 2)),
                             [&load](std::string_view recipient) { load.Arrived(recipient); });
    if (!started.ok()) {
      std::cerr << started.status() << "\n";
      return 1;
    }
    sink = *std::move(started);
  }
  for (std::string line; std::getline(std::cin, line);) {
    runtime.Block(Answer(&load, absl::StrSplit(line, ' ')));
  }
  runtime.Block(Finish(std::move(sink)));
  return 0;
}

}  // namespace
}  // namespace staffetta::bench

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  return staffetta::bench::Main({argv, argv + argc});
}
