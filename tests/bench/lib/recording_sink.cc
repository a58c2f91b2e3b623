#include "bench/lib/recording_sink.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "common/net/line_reader.h"

namespace staffetta::bench {
namespace {

constexpr size_t kMaxLine = 4096;
constexpr absl::Duration kLongestSession = absl::Hours(1);
constexpr char kAbilities[] = "250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
constexpr char kTaken[] = "250 2.0.0 taken\r\n";

std::string_view Address(std::string_view command) {
  const size_t begin = command.find('<') + 1;
  return command.substr(begin, command.find('>', begin) - begin);
}

// The replies to what a client pipelines go out together.
Co<bool> Reply(net::Stream* stream, const net::LineReader* reader, std::string* replies) {
  if (reader->HasLine()) co_return true;
  const std::string now = std::exchange(*replies, "");
  co_return (co_await stream->Write(now)).ok();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordingSink>> RecordingSink::Start(Executor executor,
                                                                    uint16_t port, Taken taken) {
  auto listener = net::Listener::Bind(executor, "127.0.0.1", port);
  if (!listener.ok()) return listener.status();
  return std::unique_ptr<RecordingSink>(
      new RecordingSink(executor, *std::move(listener), std::move(taken)));
}

RecordingSink::RecordingSink(Executor executor, std::unique_ptr<net::Listener> listener,
                             Taken taken)
    : listener_(std::move(listener)), taken_(std::move(taken)), group_(executor, "sink") {
  // Its thread may run already.
  asio::post(executor, [this, executor] {
    group_.Spawn(listener_->Run([executor] { return executor; },
                                [this](Executor, std::unique_ptr<net::Stream> stream) {
                                  group_.Spawn(Serve(std::move(stream)));
                                }));
  });
}

Co<void> RecordingSink::Stop() {
  listener_->Close();
  group_.Cancel();
  co_await group_.Wait();
}

Co<void> RecordingSink::Serve(std::unique_ptr<net::Stream> stream) {
  co_await asio::this_coro::throw_if_cancelled(false);
  stream->SetDeadline(kLongestSession);
  net::LineReader reader(stream.get(), kMaxLine);
  std::string replies = "220 sink ESMTP\r\n";
  std::string recipient;
  bool in_content = false;
  bool goes_on = co_await Reply(stream.get(), &reader, &replies);
  while (goes_on) {
    const auto line = co_await reader.ReadLine();
    if (!line.ok()) co_return;
    const std::string_view text = line->text;
    if (in_content) {
      if (text != ".") continue;
      in_content = false;
      replies += kTaken;
      goes_on = (co_await stream->Write(std::exchange(replies, ""))).ok();
      taken_(recipient);
      continue;
    }
    if (text.starts_with("EHLO")) {
      replies += kAbilities;
    } else if (text.starts_with("RCPT")) {
      recipient = Address(text);
      replies += "250 2.1.5 ok\r\n";
    } else if (text == "DATA") {
      in_content = true;
      replies += "354 go\r\n";
    } else if (text == "QUIT") {
      goes_on = (co_await stream->Write("221 2.0.0 bye\r\n")).ok();
      co_return;
    } else {
      replies += "250 2.0.0 ok\r\n";
    }
    goes_on = co_await Reply(stream.get(), &reader, &replies);
  }
}

}  // namespace staffetta::bench
