#include "gateway/dialogue.h"

#include <absl/strings/str_cat.h>

#include <boost/asio/co_spawn.hpp>
#include <cstring>
#include <map>
#include <memory>
#include <regex>

#include "common/base/config.h"
#include "common/base/task_group.h"
#include "common/base/text.h"
#include "common/net/tls_context.h"
#include "common/smtp/ascii.h"
#include "common/smtp/base64.h"
#include "common/smtp/sasl.h"
#include "gateway/fakes.h"
#include "gateway/session.h"

namespace staffetta::gateway {
namespace {

using Kind = DialogueStep::Kind;

const std::map<std::string, std::string, std::less<>>& Variables() {
  static const auto* const variables = new std::map<std::string, std::string, std::less<>>{
      {"USER", "s1_0"},
      {"USER64", smtp::EncodeBase64("s1_0")},
      {"PASSWORD64", smtp::EncodeBase64("secret")},
      {"PLAIN", smtp::EncodePlain("s1_0", "secret")},
      {"SENDER", "ann@example.com"},
      {"DOMAIN", "example.com"},
      {"RCPT", "bob@receiver.example"},
  };
  return *variables;
}

// "{NAME}" and "{text*3}".
std::string Expand(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t close = text.front() == '{' ? text.find('}') : std::string_view::npos;
    if (close == std::string_view::npos) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string_view inner = text.substr(1, close - 1);
    const size_t star = inner.rfind('*');
    const auto variable = Variables().find(inner);
    if (variable != Variables().end()) {
      out += variable->second;
    } else if (star != std::string_view::npos) {
      const int times = std::atoi(std::string(inner.substr(star + 1)).c_str());
      for (int i = 0; i < times; ++i) out += inner.substr(0, star);
    } else {
      out += text.substr(0, close + 1);
    }
    text.remove_prefix(close + 1);
  }
  return out;
}

// \r \n \0 \t \\ and \xHH.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    constexpr std::string_view kNames = "rn0t\\";
    constexpr std::string_view kMeant("\r\n\0\t\\", 5);
    if (c == 'x' && i + 2 < text.size()) {
      out += static_cast<char>(smtp::HexDigit(text[i + 1]) * 16 + smtp::HexDigit(text[i + 2]));
      i += 2;
    } else if (const size_t at = kNames.find(c); at != std::string_view::npos) {
      out += kMeant[at];
    }
  }
  return out;
}

bool IsSetting(std::string_view text) {
  return text.substr(0, 4) == "set " || text.substr(0, 7) == "client " || text == "tls off" ||
         text == "whole" || text == "tokens" || text == "many failures" ||
         text.substr(0, 5) == "caps ";
}

// The client's side of the dialogue, as the session's stream.
class Player final : public net::Stream {
 public:
  Player(const std::vector<DialogueStep>* steps, FakeBackends* backends, size_t max_read)
      : steps_(*steps), backends_(*backends), max_read_(max_read) {
    for (const DialogueStep& step : steps_) {
      if (step.kind == Kind::kSet && step.text.substr(0, 7) == "client ") {
        peer_ = asio::ip::make_address(step.text.substr(7));
      }
    }
  }

  Co<absl::StatusOr<size_t>> ReadSome(char* data, size_t size) override {
    if (closed_) co_return absl::CancelledError("closed");
    if (input_.empty()) Advance();
    if (input_.empty()) co_return absl::OutOfRangeError("the client has left");
    const size_t length = std::min({size, input_.size(), max_read_});
    std::memcpy(data, input_.data(), length);
    input_.erase(0, length);
    co_return length;
  }

  Co<absl::Status> Write(std::string_view data) override {
    output_ += data;
    co_return absl::OkStatus();
  }

  Co<absl::Status> AcceptTls(std::shared_ptr<const net::TlsContext>) override {
    tls_ = net::TlsInfo{"TLSv1.3", "TLS_AES_256_GCM_SHA384"};
    co_return absl::OkStatus();
  }
  Co<absl::Status> ConnectTls(std::shared_ptr<const net::TlsContext>, std::string) override {
    co_return absl::UnimplementedError("a server's stream");
  }

  void SetDeadline(absl::Duration) override {}
  std::optional<net::TlsInfo> tls() const override { return tls_; }
  std::optional<std::string> channel_binding(net::ChannelBinding kind) const override {
    if (!tls_ || kind != net::ChannelBinding::kTlsExporter) return std::nullopt;
    return "the binding";
  }
  asio::ip::address peer_address() const override { return peer_; }
  asio::ip::address local_address() const override { return asio::ip::address_v4::loopback(); }
  uint16_t local_port() const override { return 25; }
  bool HasInput() const override { return false; }
  void Interrupt() override {}
  Co<absl::Status> Finish(std::string last_words, absl::Duration) override {
    const absl::Status written = co_await Write(last_words);
    Close();
    co_return written;
  }
  void Close() override { closed_ = true; }

  // The session has ended: what of the dialogue is left must fit.
  absl::Status Finish() {
    while (status_.ok() && next_ < steps_.size()) {
      const DialogueStep& step = steps_[next_++];
      if (step.kind == Kind::kSend) Fail(step, "the session has ended before");
      if (step.kind != Kind::kClosed) Check(step);
    }
    if (status_.ok() && !output_.empty()) {
      status_ = absl::InternalError(absl::StrCat("left over: ", output_));
    }
    return status_;
  }

 private:
  // Goes on to what the client sends next.
  void Advance() {
    while (status_.ok() && next_ < steps_.size()) {
      const DialogueStep& step = steps_[next_];
      if (step.kind == Kind::kSend) {
        if (!output_.empty()) return Fail(step, "before this, unexpected: " + output_);
        for (; next_ < steps_.size() && steps_[next_].kind == Kind::kSend; ++next_) {
          input_ += steps_[next_].text;
        }
        return;
      }
      ++next_;
      if (step.kind == Kind::kClosed) return Fail(step, "not closed");
      Check(step);
    }
  }

  void Check(const DialogueStep& step) {
    switch (step.kind) {
      case Kind::kExpect:
        Expect(step, TakeLine());
        break;
      case Kind::kReply: {
        std::string line = TakeLine();
        while (line.size() > 3 && line[3] == '-') line = TakeLine();
        Expect(step, line);
        break;
      }
      case Kind::kTls:
        if (!tls_) Fail(step, "the session does not speak TLS");
        break;
      case Kind::kQueued:
        if (std::to_string(backends_.queue.size()) != step.text) {
          Fail(step, absl::StrCat(backends_.queue.size(), " are queued"));
        }
        break;
      case Kind::kContent:
        if (backends_.queue.messages.empty()) return Fail(step, "nothing is queued");
        Search(step, backends_.queue.ContentOf(backends_.queue.messages.back()));
        break;
      case Kind::kEvent:
        Happen(step);
        break;
      case Kind::kSet:
      case Kind::kSend:
      case Kind::kClosed:
        break;
    }
  }

  void Search(const DialogueStep& step, const std::string& content) {
    if (!std::regex_search(content, std::regex(step.text))) Fail(step, content);
  }

  void Happen(const DialogueStep& step) {
    if (step.text == "auth down") {
      backends_.authenticator.down = true;
    } else if (step.text == "auth up") {
      backends_.authenticator.down = false;
    } else if (step.text == "policy down") {
      backends_.senders.down = true;
    } else if (step.text == "queue down") {
      backends_.queue.down = true;
    } else if (step.text == "rights of the user change") {
      backends_.authenticator.Revise("s1_0");
    } else if (step.text == "rights of another change") {
      backends_.authenticator.ReviseOther();
    } else {
      Fail(step, "no such event");
    }
  }

  std::string TakeLine() {
    const size_t end = output_.find("\r\n");
    if (end == std::string::npos) return "";
    std::string line = output_.substr(0, end);
    output_.erase(0, end + 2);
    return line;
  }

  void Expect(const DialogueStep& step, const std::string& line) {
    const bool regex = step.text.substr(0, 1) == "~";
    const bool fits = regex ? std::regex_search(line, std::regex(step.text.substr(1)))
                            : !line.empty() && line.compare(0, step.text.size(), step.text) == 0;
    if (!fits) Fail(step, line.empty() ? "nothing was said" : line);
  }

  void Fail(const DialogueStep& step, const std::string& what) {
    if (!status_.ok()) return;
    status_ = absl::InternalError(
        absl::StrCat("line ", step.line, ", expected ", step.text, "\n  but: ", what));
  }

  const std::vector<DialogueStep>& steps_;
  FakeBackends& backends_;
  const size_t max_read_;
  size_t next_ = 0;
  std::string input_;
  std::string output_;
  std::optional<net::TlsInfo> tls_;
  bool closed_ = false;
  asio::ip::address peer_ = asio::ip::make_address("198.51.100.1");
  absl::Status status_;
};

absl::StatusOr<DialogueStep> ParseStep(std::string_view line) {
  const std::string_view mark = line.substr(0, 2);
  const std::string rest(smtp::TrimLeft(line.substr(std::min<size_t>(2, line.size()))));
  // One space behind the mark belongs to it; more are what is sent.
  const std::string_view exact =
      line.substr(std::min<size_t>(line.substr(2, 1) == " " ? 3 : 2, line.size()));
  if (mark == "C:") return DialogueStep{Kind::kSend, Unescape(Expand(exact)) + "\r\n"};
  if (mark == "C-") return DialogueStep{Kind::kSend, Unescape(Expand(exact))};
  if (mark == "C#" || mark == "C!") {
    const std::string octets = Unescape(Expand(exact));
    const char* const last = mark == "C!" ? " LAST" : "";
    return DialogueStep{Kind::kSend, absl::StrCat("BDAT ", octets.size(), last, "\r\n", octets)};
  }
  if (mark == "S:") return DialogueStep{Kind::kExpect, Expand(rest)};
  if (mark == "S+") return DialogueStep{Kind::kReply, Expand(rest)};
  if (mark == "Q:") return DialogueStep{Kind::kQueued, rest};
  if (mark == "Q~") return DialogueStep{Kind::kContent, Expand(rest)};
  if (mark == "@ ") return DialogueStep{IsSetting(rest) ? Kind::kSet : Kind::kEvent, rest};
  if (line == "TLS") return DialogueStep{Kind::kTls, "TLS"};
  if (line == "CLOSED") return DialogueStep{Kind::kClosed, "CLOSED"};
  return absl::InvalidArgumentError("not a step of a dialogue");
}

bool Has(const std::vector<DialogueStep>& steps, std::string_view setting) {
  return std::any_of(steps.begin(), steps.end(), [setting](const DialogueStep& step) {
    return step.kind == Kind::kSet && step.text == setting;
  });
}

// What is behind the gateway.
void Prepare(const std::vector<DialogueStep>& steps, FakeBackends* backends) {
  FakeAuthenticator::User& user = backends->authenticator.users["s1_0"];
  if (Has(steps, "many failures")) user.verdict = AuthVerdict::kTooManyFailures;
  for (const DialogueStep& step : steps) {
    if (step.kind != Kind::kSet || step.text.substr(0, 5) != "caps ") continue;
    const size_t equals = step.text.find('=');
    const std::string name = step.text.substr(5, equals - 5);
    const int value = std::atoi(step.text.c_str() + equals + 1);
    Caps& caps = user.identity.caps;
    if (name == "recipients_per_message") caps.recipients_per_message = value;
    if (name == "message_size") caps.message_size = value;
    if (name == "messages_per_minute") caps.messages_per_minute = value;
  }
}

}  // namespace

absl::StatusOr<std::vector<DialogueStep>> ParseDialogue(std::string_view text) {
  std::vector<DialogueStep> steps;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto step = ParseStep(line);
    if (!step.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", step.status().message()));
    }
    step->line = number;
    steps.push_back(*std::move(step));
  }
  return steps;
}

bool IsWhole(const std::vector<DialogueStep>& steps) { return Has(steps, "whole"); }

absl::Status PlayDialogue(const std::vector<DialogueStep>& steps, size_t max_read) {
  std::vector<Override> overrides;
  bool tls = true;
  for (const DialogueStep& step : steps) {
    if (step.kind != Kind::kSet) continue;
    if (step.text == "tls off") tls = false;
    if (step.text.substr(0, 4) != "set ") continue;
    const size_t equals = step.text.find('=');
    overrides.push_back(
        {absl::StrCat("gateway.", step.text.substr(4, equals - 4)), step.text.substr(equals + 1)});
  }
  const auto config = LoadConfig("", overrides);
  if (!config.ok()) return config.status();
  Options options = OptionsFrom(*config, "relay.example", {});
  options.session.auth_tokens = Has(steps, "tokens");

  FakeBackends backends;
  Prepare(steps, &backends);
  MemoryBudget memory(options.max_memory);
  SessionLimits limits({.in_all = 1, .per_address = 1, .per_user = 1});
  const net::ServerTls any_tls(net::TlsContext::OpportunisticClient());
  const FakeClock clock;
  const Surroundings surroundings{.settings = options.session,
                                  .backends = backends.all(),
                                  .memory = &memory,
                                  .tls = tls ? &any_tls : nullptr,
                                  .clock = &clock};
  auto stream = std::make_unique<Player>(&steps, &backends, max_read);
  Player& player = *stream;
  const std::string address = stream->peer_address().to_string();
  asio::io_context io;
  TaskGroup group(io.get_executor(), "dialogue");
  Session session(std::move(stream), &surroundings, &group,
                  {address, options.listeners.front().tls, limits.Enter()});
  group.Spawn(session.Run());
  io.run();
  if (memory.used() != 0) return absl::InternalError("content is still counted");
  return player.Finish();
}

}  // namespace staffetta::gateway
