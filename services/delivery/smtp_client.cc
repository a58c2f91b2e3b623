#include "delivery/smtp_client.h"

#include <absl/time/clock.h>

#include <utility>

#include "common/base/text.h"
#include "common/smtp/data_encoder.h"
#include "common/smtp/reply.h"
#include "common/smtp/utf8.h"
#include "delivery/egress.h"
#include "delivery/figures.h"

namespace staffetta::delivery {
namespace {

constexpr size_t kMaxReplyLine = 4096;  // generous: RFC 5321 has 512
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
    case Stage::kChunk:
      return "at BDAT";
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
    abilities_ = ReadAbilities(ehlo.reply);
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

Security SmtpClient::security() const {
  const std::optional<net::TlsInfo> tls = stream_->tls();
  if (!tls) return Security::kClear;
  return tls->verified ? Security::kVerified : Security::kEncrypted;
}

Co<std::vector<Heard>> SmtpClient::Send(const Delivery* delivery, std::vector<size_t> recipients) {
  std::vector<Heard> results(recipients.size());
  const Transaction transaction =
      Prepare(*delivery, recipients, abilities_, security(), absl::Now());
  if (transaction.forbidden) {
    results.assign(recipients.size(), *transaction.forbidden);
    co_return results;
  }
  std::vector<const Transaction::Recipient*> asked;
  for (const Transaction::Recipient& recipient : transaction.recipients) {
    if (recipient.trouble.fault == Fault::kNone) {
      asked.push_back(&recipient);
    } else {
      results[recipient.at] = recipient.trouble;
    }
  }
  if (asked.empty()) co_return results;

  const bool group = abilities_.pipelining;
  // A chunk waits until somebody is accepted: to a server that refused all, its octets could be
  // commands (RFC 3030 §2).
  const bool chunked = transaction.body.form == smtp::Body::kBinaryMime;
  out_.clear();
  const bool reset = std::exchange(needs_reset_, false);
  if (reset) out_ += "RSET\r\n";
  if (group) {
    out_ += transaction.mail;
    for (const Transaction::Recipient* recipient : asked) out_ += recipient->command;
    if (!chunked) out_ += "DATA\r\n";
  }
  ++transactions_;
  Heard mail;
  if (reset) mail = co_await Step(Stage::kMail);
  if (usable_) {
    if (!group) out_ += transaction.mail;
    mail = co_await Step(Stage::kMail);
  }
  const bool welcome = usable_ && mail.reply.IsPositive();
  for (const Transaction::Recipient* recipient : asked) results[recipient->at] = mail;
  if (!usable_ || (!welcome && !group)) co_return results;

  needs_reset_ = welcome;
  std::vector<size_t> accepted;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (!group) out_ += asked[i]->command;
    Heard rcpt = co_await Step(Stage::kRcpt);
    if (!welcome && usable_) continue;
    if (!usable_) {
      // Nobody of this transaction has the message, but those refused were refused.
      for (size_t at : accepted) results[at] = rcpt;
      if (welcome) {
        for (; i < asked.size(); ++i) results[asked[i]->at] = rcpt;
      }
      co_return results;
    }
    if (rcpt.reply.IsPositive()) {
      accepted.push_back(asked[i]->at);
    } else {
      results[asked[i]->at] = std::move(rcpt);
    }
  }
  if (accepted.empty() && (chunked || !group)) co_return results;

  Heard end;
  if (chunked) {
    end = co_await SendContent(delivery, &transaction.body);
    // RFC 3030 §2: after a failed chunk nothing but RSET may follow.
    needs_reset_ = !end.reply.IsPositive();
  } else {
    if (!group) out_ = "DATA\r\n";
    end = co_await Step(Stage::kData);
    if (usable_ && end.reply.IsIntermediate()) {
      needs_reset_ = false;
      if (accepted.empty()) {
        // RFC 2920 §3.1: a server may say 354 all the same; nothing but the dot may follow.
        out_ = ".\r\n";
        (void)co_await Step(Stage::kEndOfData);
        co_return results;
      }
      end = co_await SendContent(delivery, &transaction.body);
    }
  }
  for (size_t at : accepted) results[at] = end;
  co_return results;
}

Co<Heard> SmtpClient::SendContent(const Delivery* delivery, const Body* body) {
  const bool chunked = body->form == smtp::Body::kBinaryMime;
  ContentBlocks blocks(delivery, body, options_->content);
  smtp::DataEncoder encoder;
  ContentBlocks::Block block;
  while (!block.last) {
    block = co_await blocks.Next();
    // Without its end, which is the dot or the last chunk's last octet, the server cannot have the
    // whole message. That also goes for a failed write.
    if (block.fault != Fault::kNone) {
      Close();
      co_return HeardFault(Stage::kDns, block.fault);
    }
    if (!delivery->lease.Holds()) {
      Close();
      co_return HeardFault(Stage::kData, Fault::kLeaseLost);
    }
    out_.reserve(block.octets.size() + block.octets.size() / 64 + 64);
    if (chunked) {
      out_ += "BDAT " + std::to_string(block.octets.size()) + (block.last ? " LAST" : "") + "\r\n";
      out_ += block.octets;
    } else {
      encoder.Feed(block.octets, &out_);
      if (block.last) encoder.Finish(&out_);
    }
    std::optional<Heard> trouble = co_await FlushContent(delivery);
    if (trouble) co_return *std::move(trouble);
    if (chunked && !block.last) {
      Heard heard = co_await ReadReply(Stage::kChunk, options_->reply_timeout);
      if (!usable_ || !heard.reply.IsPositive()) co_return heard;
    }
  }
  co_return co_await ReadReply(Stage::kEndOfData, options_->final_timeout);
}

Co<std::optional<Heard>> SmtpClient::FlushContent(const Delivery* delivery) {
  std::string_view rest = out_;
  while (!rest.empty()) {
    const std::string_view slice =
        options_->egress ? rest.substr(0, options_->egress->slice()) : rest;
    rest.remove_prefix(slice.size());
    if (options_->egress) {
      std::optional<Heard> trouble = co_await TakeBandwidth(delivery, slice.size());
      if (trouble) co_return trouble;
    }
    stream_->SetDeadline(options_->reply_timeout);
    const absl::Status status = co_await stream_->Write(slice);
    if (!status.ok()) co_return Broken(Stage::kData, status);
    TheFigures().egress_bytes[delivery->priority].Increment(static_cast<double>(slice.size()));
  }
  out_.clear();
  co_return std::nullopt;
}

Co<std::optional<Heard>> SmtpClient::TakeBandwidth(const Delivery* delivery, size_t bytes) {
  if (co_await options_->egress->Take(delivery->rank(), bytes) == Egress::Taken::kCancelled) {
    usable_ = false;
    co_return HeardFault(Stage::kData, Fault::kStopped);
  }
  if (delivery->lease.Holds()) co_return std::nullopt;
  // It was held for so long that somebody else may have it by now.
  Close();
  co_return HeardFault(Stage::kData, Fault::kLeaseLost);
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
