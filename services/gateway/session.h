#pragma once

// One SMTP session (RFC 5321): the dialogue and nothing else. Grammar is in common/smtp, decisions
// are behind backends.h, replies in verdicts.h, content in content.h. What is to come has its
// place: a verb in Dispatch, a mechanism in sasl_exchange.h, a parameter of MAIL or
// RCPT in mail_params.h, a header in content.h (X-SMTPAPI).
//
// The sources follow the dialogue: session.cc (the loop, EHLO), session_secure.cc (STARTTLS, AUTH),
// session_xclient.cc (XCLIENT), session_mail.cc (MAIL, RCPT), session_data.cc (DATA),
// session_bdat.cc (BDAT), session_submit.cc (into the queue).

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/co.h"
#include "common/base/task_group.h"
#include "common/net/line_reader.h"
#include "common/net/server_tls.h"
#include "common/net/stream.h"
#include "common/smtp/command.h"
#include "common/smtp/data_decoder.h"
#include "gateway/backends.h"
#include "gateway/content.h"
#include "gateway/memory.h"
#include "gateway/sasl_exchange.h"
#include "gateway/session_limits.h"
#include "gateway/settings.h"
#include "gateway/state.h"
#include "gateway/verdicts.h"

namespace staffetta::gateway {

// What all sessions share. Outlives them.
struct Surroundings {
  Settings settings;
  Backends backends;
  MemoryBudget* memory = nullptr;
  const net::ServerTls* tls = nullptr;  // null: STARTTLS is not offered
  const Clock* clock = &Clock::Real();
};

// What is known of a client before the first word.
struct Arrival {
  std::string client_address;  // text; an IPv4 client is IPv4, whatever the socket
  TlsPolicy tls = TlsPolicy::kOptional;
  std::unique_ptr<SessionLimits::Place> place;  // counted for that address
};

// Confined to its stream's thread.
class Session {
 public:
  // `group` carries what goes on beside the dialogue; it and `surroundings` outlive the session.
  Session(std::unique_ptr<net::Stream> stream, const Surroundings* surroundings, TaskGroup* group,
          Arrival arrival);

  // From the banner until the connection is closed. Once.
  Co<void> Run();

  // While Run() runs, beside it. The relay shuts down: an idle session is told so and closed now,
  // one in a transaction behind it (SPEC S10).
  void Drain();
  // The peer has let its deadline pass: it is told so and closed. (The stream's own deadline comes
  // a little later and ends also those that do not read what they are told.)
  bool IsOverdue(std::chrono::steady_clock::time_point now) const {
    return waiting_ != Waiting::kNo && now >= deadline_;
  }
  void TimeOut() { Leave(Said::kTimeout); }

  // Ends it at once.
  void Close();

 private:
  enum class Next { kGoOn, kEnd, kLost };  // lost: the peer hears nothing more

  // --- session.cc
  // Greets, unless the client has begun to talk already.
  Co<Next> Welcome();
  Co<Next> OneCommand();
  Co<Next> Dispatch(smtp::Command command);
  // The banner.
  void Greet();
  void Verify(std::string_view argument);
  void TakeHello(std::string_view argument, Greeting greeting);
  std::string EhloText() const;
  // Whether the session may go on with the identity it has (SPEC U4).
  enum class Standing { kGood, kLost, kUnknown };
  Co<Standing> CheckStanding();

  // The next line, once all replies are out.
  Co<absl::StatusOr<net::LineReader::Line>> NextLine();
  // A reply; one that refuses for good counts as an error.
  void Say(const smtp::Reply& reply);
  // The same, and nothing counts.
  void Answer(const smtp::Reply& reply);
  void Say(Said said) { Say(ReplyFor(said)); }
  bool TooManyErrors() const { return connection_.errors > settings().max_errors; }
  // Writes the replies collected so far.
  Co<absl::Status> Flush();
  // The stream has failed: nothing more can be said.
  Next Lost(const absl::Status& status);
  void SetDeadline(absl::Duration timeout);
  // Lets the peer wait, unless the session is to end.
  Co<void> Pause(absl::Duration length);
  // Ends the wait for the peer: Run() says this and closes.
  void Leave(Said said);
  bool MayStartTls() const {
    return around_.tls != nullptr && arrival_.tls != TlsPolicy::kNone && !connection_.tls;
  }
  bool MustStartTls() const { return arrival_.tls == TlsPolicy::kRequired && !connection_.tls; }

  // Who it is and all it has said are no more: the next word is EHLO (RFC 3207 §4.2).
  void Forget();

  // --- session_mail.cc
  // The smaller one of what the gateway and what the user's caps say (SPEC U10).
  int64_t MaxMessageSize() const;
  int MaxRecipients() const;
  Co<void> Mail(std::string_view argument);
  ParamRules RulesForParams() const;
  void Rcpt(std::string_view argument);
  // Makes sure that it is known who submits; else why it is not.
  Co<std::optional<Said>> Identify();
  // Why the user may not send as all of these (SPEC V6, V7).
  Co<std::optional<smtp::Reply>> Authorise(std::vector<smtp::Mailbox> addresses,
                                           std::string subject);
  // Says that the sender or the message is refused, and logs it; `id` once the message has one.
  void Refuse(const smtp::Reply& reply, const std::string& id = "");
  void LogRefusal(const smtp::Reply& reply, const std::string& id = "") const;

  // --- session_secure.cc
  Co<Next> StartTls(std::string_view argument);
  Co<Next> Auth(std::string_view argument);
  std::optional<Said> WhyNoAuth() const;
  SaslOffer Offer() const;
  // Says what came of AUTH.
  Co<Next> Conclude(Decided decided, uint64_t changes);
  // Takes the identity; false: the user has too many sessions, this one ends.
  bool Become(Identity identity, uint64_t changes);

  // --- session_xclient.cc
  bool MayXclient() const;
  Co<void> Xclient(std::string_view argument);
  Co<bool> Vouched(std::string user);

  // --- session_data.cc
  Co<Next> Data(std::string_view argument);
  std::optional<Said> WhyNoData(std::string_view argument) const;
  Next RefuseData(Said said);
  // `expected` octets will come, it is said.
  void BeginContent(smtp::DataDecoder::Framing framing, uint64_t expected);
  // Reads up to the end of the content, or so many octets; null: throws them away.
  Co<absl::Status> ReadContent(Incoming* content, uint64_t octets);
  // It has come whole: says what came of it. The transaction is over.
  Co<void> EndContent();

  // --- session_submit.cc
  // Checks the header's senders, finishes the content and queues it; says what came of it.
  Co<void> Submit(std::string content);
  // The same for mail that comes back: nobody's rights are asked, nobody's wishes are read, and
  // Received is all that is added (SPEC S12).
  Co<void> SubmitReturned(std::string content);
  // Content has become large, or a piece of it has gathered: begins the stream, unless it has to
  // stay whole, and puts what is there. What is wrong is said at the end.
  Co<void> PassOn(Incoming* content);
  // Judges the header, and edits it. Why the message is refused; nullopt: the stream is open, or
  // the content stays whole for its dynamic fields.
  Co<std::optional<smtp::Reply>> BeginStream(Incoming* content);
  std::optional<smtp::Reply> BeginReturnedStream(Incoming* content);
  // null: there is none.
  std::shared_ptr<MemoryBudget::Reservation> RoomForStream(const Incoming& content) const;
  void OpenStream(Message message, StreamRules rules,
                  std::shared_ptr<MemoryBudget::Reservation> memory);
  // The stream's last octets are here: queues the message; says what came of it.
  Co<void> SubmitStream(std::string last);
  // All of the message but its recipients and its content, once its user may send it; or why not.
  Co<smtp::Parsed<Message, smtp::Reply>> Admit(Examined* examined, SmtpApi* asked, absl::Time now);
  Message AdmitReturned(Examined* examined) const;
  // Why the user may not submit one more message now; else it is counted.
  Co<std::optional<smtp::Reply>> WhyOverCaps();
  ContentRules RulesForContent() const;
  // Only of content that may be binary it is asked whether DATA can carry it.
  std::optional<smtp::DataFit> FitOfContent() const;
  Trace TraceOf(const std::string& id, absl::Time now) const;
  Co<void> Queue(Message message);

  // --- session_bdat.cc
  // `trouble`: why the chunk is refused, whatever it is.
  Co<Next> Bdat(std::string_view argument, std::optional<Said> trouble = std::nullopt);
  std::optional<Said> WhyNoChunk() const;
  void RefuseChunk(const smtp::Reply& reply);

  const Settings& settings() const { return around_.settings; }

  const Surroundings& around_;
  TaskGroup* const group_;
  const std::unique_ptr<net::Stream> stream_;
  net::LineReader reader_;
  std::string out_;  // replies not yet written
  enum class Waiting { kNo, kForCommand, kForContent };
  Waiting waiting_ = Waiting::kNo;  // for the peer; all replies are out
  std::chrono::steady_clock::time_point deadline_;
  bool draining_ = false;
  std::optional<Said> last_words_;  // Leave() was called
  bool closed_ = false;             // Close() was called
  Timer* pause_ = nullptr;          // while the peer has to wait

  const Arrival arrival_;
  Connection connection_;
  smtp::Verb verb_ = smtp::Verb::kUnknown;  // for the log
  Hello hello_;
  bool network_asked_ = false;
  std::optional<Identified> identified_;
  Transaction transaction_;
};

}  // namespace staffetta::gateway
