#include "delivery/smtp_client.h"

#include <absl/strings/numbers.h>

#include <utility>

#include "common/base/text.h"
#include "common/smtp/address.h"
#include "common/smtp/ascii.h"
#include "common/smtp/data_encoder.h"
#include "common/smtp/reply.h"
#include "common/smtp/utf8.h"

namespace staffetta::delivery {
namespace {

constexpr size_t kMaxReplyLine = 4096;       // generous: RFC 5321 has 512
constexpr size_t kContentBlock = 256 << 10;  // what one write and its deadline cover
constexpr int kServiceClosing = 421;
constexpr absl::Duration kQuitTimeout = absl::Seconds(1);

std::string_view Where(Stage stage) {
  switch (stage) {
    case Stage::kDns:
      return "at name resolution";
    case Stage::kConnect:
      return "at connect";
    case Stage::kGreeting:
      return "at the greeting";
    case Stage::kEhlo:
      return "at EHLO";
    case Stage::kStartTls:
      return "at STARTTLS";
    case Stage::kMail:
      return "at MAIL";
    case Stage::kRcpt:
      return "at RCPT";
    case Stage::kData:
      return "at DATA";
    case Stage::kEndOfData:
      return "at the reply to the end of data";
  }
  return "";
}

// Text that may travel in protobuf strings.
std::string AsUtf8(std::string text) {
  if (smtp::IsUtf8(text)) return text;
  for (char& c : text) {
    if ((c & 0x80) != 0) c = '?';
  }
  return text;
}

// Is it a reply that can come there at all?
bool Fits(Stage stage, const smtp::Reply& reply) {
  if (stage == Stage::kData) return !reply.IsPositive();
  return !reply.IsIntermediate();
}

}  // namespace

SmtpClient::SmtpClient(std::unique_ptr<net::Stream> stream, const ClientOptions* options)
    : options_(options), stream_(std::move(stream)), reader_(stream_.get(), kMaxReplyLine) {}

SmtpClient::~SmtpClient() { Close(); }

Co<SmtpClient::Opened> SmtpClient::Open(Target target, const ClientOptions* options) {
  const Tls tls = options->tls ? Tls::kTry : Tls::kNever;
  Opened opened = co_await OpenOnce(target, options, tls);
  if (opened.client || Classify(opened.trouble, {}).kind != Kind::kWithoutTls) co_return opened;
  co_return co_await OpenOnce(target, options, Tls::kNever);
}

Co<SmtpClient::Opened> SmtpClient::OpenOnce(Target target, const ClientOptions* options, Tls tls) {
  Opened opened;
  auto stream = co_await net::Connect(target.address, target.port, options->connect_timeout);
  if (!stream.ok()) {
    const Fault fault =
        absl::IsCancelled(stream.status()) ? Fault::kStopped : Fault::kConnectFailed;
    opened.trouble = HeardFault(Stage::kConnect, fault, ToStd(stream.status().message()));
    co_return opened;
  }
  std::unique_ptr<SmtpClient> client(new SmtpClient(*std::move(stream), options));
  std::optional<Heard> trouble = co_await client->Greet(target, tls);
  if (trouble) {
    opened.trouble = *std::move(trouble);
  } else {
    opened.client = std::move(client);
  }
  co_return opened;
}

Co<std::optional<Heard>> SmtpClient::Greet(Target target, Tls tls) {
  Heard greeting = co_await ReadReply(Stage::kGreeting, options_->reply_timeout);
  if (greeting.fault != Fault::kNone || !greeting.reply.IsPositive()) co_return greeting;
  std::optional<Heard> trouble = co_await Hello();
  if (trouble || tls == Tls::kNever || !abilities_.starttls) co_return trouble;
  co_return co_await StartTls(target.host);
}

Co<std::optional<Heard>> SmtpClient::Hello() {
  abilities_ = {};
  out_ = "EHLO " + options_->helo + "\r\n";
  Heard ehlo = co_await Step(Stage::kEhlo);
  if (!usable_) co_return ehlo;
  if (ehlo.reply.IsPositive()) {
    ReadAbilities(ehlo.reply);
    co_return std::nullopt;
  }
  if (!ehlo.reply.IsPermanent()) co_return ehlo;
  out_ = "HELO " + options_->helo + "\r\n";
  Heard helo = co_await Step(Stage::kEhlo);
  if (!usable_ || !helo.reply.IsPositive()) co_return helo;
  co_return std::nullopt;
}

Co<std::optional<Heard>> SmtpClient::StartTls(std::string server_name) {
  out_ = "STARTTLS\r\n";
  Heard reply = co_await Step(Stage::kStartTls);
  if (!usable_) co_return reply;
  // Refused: RFC 7435 goes on in clear.
  if (!reply.reply.IsPositive()) co_return std::nullopt;
  // Whatever was sent behind the 220 came in clear and counts for nothing (CVE-2011-0411).
  reader_.Drop();
  stream_->SetDeadline(options_->reply_timeout);
  const absl::Status status = co_await stream_->ConnectTls(options_->tls, server_name);
  if (absl::IsCancelled(status)) co_return Broken(Stage::kStartTls, status);
  if (!status.ok()) {
    usable_ = false;
    co_return HeardFault(Stage::kStartTls, Fault::kTlsFailed, ToStd(status.message()));
  }
  co_return co_await Hello();
}

void SmtpClient::ReadAbilities(const smtp::Reply& reply) {
  // The first line is the server's name.
  std::string_view rest = reply.text;
  size_t end = rest.find('\n');
  while (end != std::string_view::npos) {
    rest.remove_prefix(end + 1);
    end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    const size_t space = line.find(' ');
    const std::string_view keyword = line.substr(0, space);
    if (smtp::EqualsIgnoreCase(keyword, "PIPELINING")) abilities_.pipelining = true;
    if (smtp::EqualsIgnoreCase(keyword, "8BITMIME")) abilities_.eight_bit_mime = true;
    if (smtp::EqualsIgnoreCase(keyword, "SMTPUTF8")) abilities_.smtputf8 = true;
    if (smtp::EqualsIgnoreCase(keyword, "STARTTLS")) abilities_.starttls = true;
    if (smtp::EqualsIgnoreCase(keyword, "SIZE")) {
      abilities_.size = true;
      const std::string_view value =
          space == std::string_view::npos ? "" : smtp::Trim(line.substr(space));
      if (!absl::SimpleAtoi(ToAbsl(value), &abilities_.max_size)) abilities_.max_size = 0;
    }
  }
}

Co<std::vector<Heard>> SmtpClient::Send(const Delivery* delivery,
                                        std::vector<std::string_view> recipients) {
  std::vector<Heard> results(recipients.size());
  if (std::optional<Heard> forbidden = Forbidden(*delivery)) {
    results.assign(recipients.size(), *forbidden);
    co_return results;
  }
  std::vector<size_t> asked;  // indexes of those that can be written
  for (size_t i = 0; i < recipients.size(); ++i) {
    const Fault fault = AddressFault(recipients[i]);
    if (fault == Fault::kNone) {
      asked.push_back(i);
    } else {
      results[i] = HeardFault(Stage::kRcpt, fault);
    }
  }
  if (asked.empty()) co_return results;

  const bool group = abilities_.pipelining;
  out_.clear();
  const bool reset = std::exchange(needs_reset_, false);
  if (reset) out_ += "RSET\r\n";
  if (group) {
    AppendMail(*delivery);
    for (size_t i : asked) AppendRcpt(recipients[i]);
    out_ += "DATA\r\n";
  }
  ++transactions_;
  Heard mail;
  if (reset) mail = co_await Step(Stage::kMail);
  if (usable_) {
    if (!group) AppendMail(*delivery);
    mail = co_await Step(Stage::kMail);
  }
  const bool welcome = usable_ && mail.reply.IsPositive();
  for (size_t i : asked) results[i] = mail;
  if (!usable_ || (!welcome && !group)) co_return results;

  needs_reset_ = welcome;
  std::vector<size_t> accepted;
  for (size_t at = 0; at < asked.size(); ++at) {
    if (!group) AppendRcpt(recipients[asked[at]]);
    Heard rcpt = co_await Step(Stage::kRcpt);
    if (!welcome && usable_) continue;
    if (!usable_) {
      // Nobody of this transaction has the message, but those refused were refused.
      for (size_t i : accepted) results[i] = rcpt;
      if (welcome) {
        for (; at < asked.size(); ++at) results[asked[at]] = rcpt;
      }
      co_return results;
    }
    if (rcpt.reply.IsPositive()) {
      accepted.push_back(asked[at]);
    } else {
      results[asked[at]] = std::move(rcpt);
    }
  }

  if (!group) {
    if (accepted.empty()) co_return results;
    out_ = "DATA\r\n";
  }
  Heard end = co_await Step(Stage::kData);
  if (usable_ && end.reply.IsIntermediate()) {
    needs_reset_ = false;
    if (accepted.empty()) {
      // RFC 2920 §3.1: a server may say 354 all the same; nothing but the dot may follow.
      out_ = ".\r\n";
      (void)co_await Step(Stage::kEndOfData);
      co_return results;
    }
    end = co_await SendContent(delivery);
  }
  for (size_t i : accepted) results[i] = end;
  co_return results;
}

Co<Heard> SmtpClient::SendContent(const Delivery* delivery) {
  if (!delivery->lease.Holds()) {
    Close();
    co_return HeardFault(Stage::kData, Fault::kLeaseLost);
  }
  smtp::DataEncoder encoder;
  std::string_view rest = delivery->content;
  while (rest.size() > kContentBlock) {
    encoder.Feed(rest.substr(0, kContentBlock), &out_);
    rest.remove_prefix(kContentBlock);
    std::optional<Heard> trouble = co_await Flush(Stage::kData);
    if (trouble) co_return *std::move(trouble);
  }
  out_.reserve(rest.size() + rest.size() / 64 + 8);
  encoder.Feed(rest, &out_);
  encoder.Finish(&out_);
  // A failed write leaves out its end, which is the dot: the server cannot have the whole message.
  std::optional<Heard> trouble = co_await Flush(Stage::kData);
  if (trouble) co_return *std::move(trouble);
  co_return co_await ReadReply(Stage::kEndOfData, options_->final_timeout);
}

Co<std::optional<Heard>> SmtpClient::Flush(Stage stage) {
  stream_->SetDeadline(options_->reply_timeout);
  const absl::Status status = co_await stream_->Write(out_);
  out_.clear();
  if (!status.ok()) co_return Broken(stage, status);
  co_return std::nullopt;
}

Co<Heard> SmtpClient::Step(Stage stage) {
  if (!out_.empty()) {
    std::optional<Heard> trouble = co_await Flush(stage);
    if (trouble) co_return *std::move(trouble);
  }
  co_return co_await ReadReply(stage, options_->reply_timeout);
}

Co<Heard> SmtpClient::ReadReply(Stage stage, absl::Duration timeout) {
  smtp::ReplyParser parser;
  smtp::ReplyParser::State state = smtp::ReplyParser::State::kMore;
  stream_->SetDeadline(timeout);
  while (state == smtp::ReplyParser::State::kMore) {
    const std::string_view buffered = reader_.buffered();
    const size_t lf = buffered.find('\n');
    if (lf == std::string_view::npos) {
      if (buffered.size() >= kMaxReplyLine) {
        state = smtp::ReplyParser::State::kError;
        break;
      }
      const absl::Status status = co_await reader_.Fill();
      if (!status.ok()) co_return Broken(stage, status);
      continue;
    }
    std::string_view line = buffered.substr(0, lf);
    if (line.ends_with('\r')) line.remove_suffix(1);
    state = parser.Feed(line);
    reader_.Consume(lf + 1);
  }
  if (state == smtp::ReplyParser::State::kError || !Fits(stage, parser.reply())) {
    usable_ = false;
    co_return HeardFault(stage, Fault::kGarbage, Where(stage));
  }
  if (parser.reply().code == kServiceClosing) usable_ = false;
  smtp::Reply reply = parser.reply();
  reply.text = AsUtf8(std::move(reply.text));
  co_return Heard{stage, Fault::kNone, std::move(reply)};
}

void SmtpClient::AppendMail(const Delivery& delivery) {
  out_ += "MAIL FROM:<";
  out_ += delivery.sender;
  out_ += '>';
  if (abilities_.size) {
    out_ += " SIZE=";
    out_ += std::to_string(delivery.content.size());
  }
  if (delivery.eight_bit && abilities_.eight_bit_mime) out_ += " BODY=8BITMIME";
  if (delivery.utf8 && abilities_.smtputf8) out_ += " SMTPUTF8";
  out_ += "\r\n";
}

void SmtpClient::AppendRcpt(std::string_view recipient) {
  out_ += "RCPT TO:<";
  out_ += recipient;
  out_ += ">\r\n";
}

std::optional<Heard> SmtpClient::Forbidden(const Delivery& delivery) const {
  if (!delivery.sender.empty()) {
    const Fault fault = AddressFault(delivery.sender);
    if (fault != Fault::kNone) return HeardFault(Stage::kMail, fault, "the sender's");
  }
  if (abilities_.max_size != 0 && delivery.content.size() > abilities_.max_size) {
    return HeardFault(Stage::kMail, Fault::kTooLarge,
                      std::to_string(abilities_.max_size) + " bytes");
  }
  return std::nullopt;
}

Fault SmtpClient::AddressFault(std::string_view address) const {
  // Parsed again here, so that nothing that came by another way breaks out of its command.
  if (!smtp::ParseMailbox(address, /*allow_utf8=*/true).ok()) return Fault::kBadAddress;
  if (!abilities_.smtputf8 && !smtp::IsAscii(address)) return Fault::kNeedsUtf8;
  return Fault::kNone;
}

Heard SmtpClient::Broken(Stage stage, const absl::Status& status) {
  usable_ = false;
  if (absl::IsCancelled(status)) return HeardFault(stage, Fault::kStopped);
  const Fault fault = absl::IsDeadlineExceeded(status) ? Fault::kTimeout : Fault::kLost;
  return HeardFault(stage, fault, Where(stage));
}

Co<void> SmtpClient::Quit() {
  if (usable_) {
    usable_ = false;
    stream_->SetDeadline(kQuitTimeout);
    (void)co_await stream_->Write("QUIT\r\n");
  }
  Close();
}

void SmtpClient::Close() {
  usable_ = false;
  stream_->Close();
}

}  // namespace staffetta::delivery
