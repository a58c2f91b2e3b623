#include "delivery/test_server.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/check.h"
#include "common/net/tls_context.h"

namespace staffetta::delivery {
namespace {

constexpr size_t kMaxLine = 4096;

}  // namespace

TestServer::TestServer(Executor executor) : executor_(executor), group_(executor, "test server") {
  auto listener = net::Listener::Bind(executor, "127.0.0.1", 0);
  CHECK(listener.ok());
  listener_ = *std::move(listener);
  group_.Spawn(listener_->Run([executor] { return executor; },
                              [this](Executor, std::unique_ptr<net::Stream> stream) {
                                group_.Spawn(Serve(std::move(stream)));
                              }));
}

TestServer::~TestServer() = default;

Co<void> TestServer::Stop() {
  listener_->Close();
  group_.Cancel();
  co_await group_.Wait();
}

Co<void> TestServer::Serve(std::unique_ptr<net::Stream> stream) {
  co_await asio::this_coro::throw_if_cancelled(false);
  ++connections;
  co_await Talk(stream.get());
  stream->Close();
}

Co<bool> TestServer::Answer(net::Stream* stream, std::string point, std::string usual,
                            std::string* said) {
  std::string answer = std::move(usual);
  std::deque<std::string>& scripted = script[point];
  if (!scripted.empty()) {
    answer = scripted.front();
    scripted.pop_front();
  }
  if (answer == "!silence") {
    char ignored[256];
    bool open = true;
    while (open) {
      const auto got = co_await stream->ReadSome(ignored, sizeof ignored);
      open = got.ok();
    }
    co_return false;
  }
  const bool close = answer.ends_with("!close");
  if (close) answer.resize(answer.size() - 6);
  if (said != nullptr) *said = answer;
  if (!answer.empty()) {
    const absl::Status written = co_await stream->Write(answer + "\r\n");
    if (!written.ok()) co_return false;
  }
  co_return !close;
}

Co<bool> TestServer::ReadContent(net::Stream* stream, net::LineReader* reader) {
  std::string content;
  while (true) {
    const auto line = co_await reader->ReadLine();
    if (!line.ok()) co_return false;
    std::string_view text = line->text;
    if (text == ".") break;
    if (text.starts_with('.')) text.remove_prefix(1);
    content.append(text).append("\r\n");
  }
  contents.push_back(content);
  std::string said;
  const bool goes_on = co_await Answer(stream, ".", "250 2.0.0 taken", &said);
  if (said.starts_with("250")) delivered.push_back(content);
  co_return goes_on;
}

Co<bool> TestServer::ReadChunk(net::Stream* stream, net::LineReader* reader, size_t size,
                               bool last) {
  std::string content;
  while (content.size() < size) {
    if (reader->buffered().empty() && !(co_await reader->Fill()).ok()) co_return false;
    const size_t taken = std::min(reader->buffered().size(), size - content.size());
    content += reader->buffered().substr(0, taken);
    reader->Consume(taken);
  }
  chunks_ += content;
  if (!last) co_return co_await Answer(stream, "chunk", "250 2.0.0 go on");
  content = std::exchange(chunks_, "");
  contents.push_back(content);
  std::string said;
  const bool goes_on = co_await Answer(stream, "BDAT", "250 2.0.0 taken", &said);
  if (said.starts_with("250")) delivered.push_back(content);
  co_return goes_on;
}

Co<void> TestServer::Talk(net::Stream* stream) {
  net::LineReader reader(stream, kMaxLine);
  stream->SetDeadline(absl::Minutes(1));
  bool goes_on = co_await Answer(stream, "connect", "220 test ESMTP");
  bool sender = false;  // MAIL was taken
  int recipients = 0;   // and so many RCPT
  while (goes_on) {
    const auto line = co_await reader.ReadLine();
    if (!line.ok()) co_return;
    const std::string text(line->text);
    commands.push_back(text);
    const std::string verb = text.substr(0, text.find(' '));
    std::string said;
    if (verb == "EHLO") {
      std::string reply = "250-test\r\n";
      for (const std::string& ability : abilities) reply += "250-" + ability + "\r\n";
      if (tls) reply += "250-STARTTLS\r\n";
      goes_on = co_await Answer(stream, verb, reply + "250 HELP");
    } else if (verb == "DATA") {
      const char* const usual = recipients > 0 ? "354 go" : "503 5.5.1 no recipients";
      goes_on = co_await Answer(stream, verb, usual, &said);
      if (goes_on && said.starts_with("354")) {
        goes_on = co_await ReadContent(stream, &reader);
        sender = false;
        recipients = 0;
      }
    } else if (verb == "BDAT") {
      const bool last = text.ends_with(" LAST");
      goes_on = co_await ReadChunk(stream, &reader, std::stoul(text.substr(verb.size())), last);
      if (last) sender = false;
      if (last) recipients = 0;
    } else if (verb == "STARTTLS") {
      goes_on = co_await Answer(stream, verb, "220 go", &said);
      if (goes_on && said.starts_with("220")) {
        reader.Drop();
        const absl::Status status = co_await stream->AcceptTls(tls);
        if (!status.ok()) co_return;
        ++encrypted;
      }
    } else if (verb == "QUIT") {
      (void)co_await Answer(stream, verb, "221 bye");
      co_return;
    } else if (verb == "MAIL") {
      chunks_.clear();
      goes_on = co_await Answer(stream, verb, sender ? "503 5.5.1 nested" : "250 2.1.0 ok", &said);
      sender = sender || said.starts_with("250");
    } else if (verb == "RCPT") {
      goes_on = co_await Answer(stream, verb, sender ? "250 2.1.5 ok" : "503 5.5.1 MAIL", &said);
      if (said.starts_with("250")) ++recipients;
    } else {
      goes_on = co_await Answer(stream, verb, "250 2.0.0 ok");
      sender = false;
      recipients = 0;
    }
  }
}

}  // namespace staffetta::delivery
