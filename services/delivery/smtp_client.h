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
#include "delivery/delivery.h"
#include "delivery/mx.h"
#include "delivery/outcome.h"

namespace staffetta::delivery {

struct ClientOptions {
  std::string helo;
  absl::Duration connect_timeout = absl::Seconds(30);
  absl::Duration reply_timeout = absl::Minutes(5);   // each reply, each block of content
  absl::Duration final_timeout = absl::Minutes(10);  // the reply to the end of data
  std::shared_ptr<const net::TlsContext> tls;        // null: no STARTTLS
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

  // One transaction: `content` of `delivery` from its sender to `recipients`. For each recipient
  // what decided: a refusal, or what became of the message. Content is written only while the
  // delivery's lease holds. Content with octets over 127 goes out as it is, also to a server
  // without 8BITMIME or SMTPUTF8: they pass it on, and there is no better way left. An address
  // with such octets fails there.
  Co<std::vector<Heard>> Send(const Delivery* delivery, std::vector<std::string_view> recipients);

  // Whether another transaction may follow.
  bool usable() const { return usable_; }
  // Transactions so far.
  int transactions() const { return transactions_; }
  bool encrypted() const { return stream_->tls().has_value(); }

  // Says QUIT, if it may, and closes; waits for nothing.
  Co<void> Quit();
  // Ends it at once; a running call ends with kStopped.
  void Close();

 private:
  enum class Tls { kTry, kNever };
  struct Abilities {
    bool pipelining = false;
    bool eight_bit_mime = false;
    bool smtputf8 = false;
    bool starttls = false;
    bool size = false;
    uint64_t max_size = 0;  // 0: not told
  };

  SmtpClient(std::unique_ptr<net::Stream> stream, const ClientOptions* options);

  static Co<Opened> OpenOnce(Target target, const ClientOptions* options, Tls tls);
  // nullopt: it went well.
  Co<std::optional<Heard>> Greet(Target target, Tls tls);
  Co<std::optional<Heard>> Hello();
  Co<std::optional<Heard>> StartTls(std::string server_name);
  void ReadAbilities(const smtp::Reply& reply);

  // Writes out_. nullopt: written.
  Co<std::optional<Heard>> Flush(Stage stage);
  Co<Heard> ReadReply(Stage stage, absl::Duration timeout);
  // Writes out_ unless it went out with the group, and reads the reply.
  Co<Heard> Step(Stage stage);
  Co<Heard> SendContent(const Delivery* delivery);

  void AppendMail(const Delivery& delivery);
  void AppendRcpt(std::string_view recipient);
  // What forbids the transaction before anything is written.
  std::optional<Heard> Forbidden(const Delivery& delivery) const;
  // kNone: the address may be written to this server.
  Fault AddressFault(std::string_view address) const;
  Heard Broken(Stage stage, const absl::Status& status);

  const ClientOptions* const options_;
  std::unique_ptr<net::Stream> stream_;
  net::LineReader reader_;
  Abilities abilities_;
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
