#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/line_reader.h"
#include "common/net/stream.h"
#include "delivery/content_blocks.h"
#include "delivery/delivery.h"
#include "delivery/mx.h"
#include "delivery/outcome.h"
#include "delivery/peer_abilities.h"
#include "delivery/transaction.h"

namespace staffetta::delivery {

class Egress;

struct ClientOptions {
  std::string helo;
  absl::Duration connect_timeout = absl::Seconds(30);
  absl::Duration reply_timeout = absl::Minutes(5);   // each reply, each block of content
  absl::Duration final_timeout = absl::Minutes(10);  // the reply to the end of data
  std::shared_ptr<const net::TlsContext> tls;        // null: no STARTTLS
  Egress* egress = nullptr;                          // for content; null: as fast as it goes
  ContentSource* content = nullptr;                  // of what is not here whole
};

// One SMTP connection to one server, as client (RFC 5321), with opportunistic STARTTLS and
// pipelining (RFC 2920). It reports what it heard; outcome.h decides what that means. Confined to
// its thread; one call at a time.
class SmtpClient {
 public:
  struct Opened;
  // Connects, greets and, when the server offers it, encrypts. A failed handshake is followed by a
  // new connection in clear. `options` must outlive the client.
  static Co<Opened> Open(Target target, const ClientOptions* options);
  ~SmtpClient();

  // One transaction (see Prepare): `delivery` to those of its recipients, which are indexes. For
  // each what decided: a refusal, or what became of the message. Content is written only while the
  // delivery's lease holds, and as options->egress lets it; no deadline runs while it waits there.
  // When a piece of it cannot be had the connection is closed before its end, so that the server
  // has no message.
  Co<std::vector<Heard>> Send(const Delivery* delivery, std::vector<size_t> recipients);

  // Whether another transaction may follow.
  bool usable() const { return usable_ && !spent(); }
  // Transactions so far.
  int transactions() const { return transactions_; }
  // Of the last EHLO.
  const PeerAbilities& abilities() const { return abilities_; }
  Security security() const;
  // It takes what requires TLS on the whole way (RFC 8689).
  bool promises_tls() const { return security() == Security::kVerified && abilities_.require_tls; }

  // Says QUIT, if it may, and closes; waits for nothing.
  Co<void> Quit();
  // Ends it at once; a running call ends with kStopped.
  void Close();

 private:
  enum class Tls { kTry, kNever };

  SmtpClient(std::unique_ptr<net::Stream> stream, const ClientOptions* options);

  static Co<Opened> OpenOnce(Target target, const ClientOptions* options, Tls tls);
  // nullopt: it went well.
  Co<std::optional<Heard>> Greet(Target target, Tls tls);
  Co<std::optional<Heard>> Hello();
  Co<std::optional<Heard>> StartTls(std::string server_name);

  // Writes out_. nullopt: written.
  Co<std::optional<Heard>> Flush(Stage stage);
  // Writes out_, which is content, slice by slice where the bandwidth is limited.
  Co<std::optional<Heard>> FlushContent(const Delivery* delivery);
  Co<std::optional<Heard>> TakeBandwidth(const Delivery* delivery, size_t bytes);
  Co<Heard> ReadReply(Stage stage, absl::Duration timeout);
  // Writes out_ unless it went out with the group, and reads the reply.
  Co<Heard> Step(Stage stage);
  Co<Heard> SendContent(const Delivery* delivery, const Body* body);

  // The peer takes no more transactions (RFC 9422 §4.1).
  bool spent() const {
    return abilities_.max_transactions != 0 && transactions_ >= abilities_.max_transactions;
  }
  Heard Broken(Stage stage, const absl::Status& status);

  const ClientOptions* const options_;
  std::unique_ptr<net::Stream> stream_;
  net::LineReader reader_;
  PeerAbilities abilities_;
  std::string out_;
  bool usable_ = true;        // false after a fault or a 421
  bool needs_reset_ = false;  // the server still has a transaction open
  int transactions_ = 0;
};

struct SmtpClient::Opened {
  std::unique_ptr<SmtpClient> client;  // null: see trouble
  Heard trouble;
};

}  // namespace staffetta::delivery
