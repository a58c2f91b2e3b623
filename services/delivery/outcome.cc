#include "delivery/outcome.h"

namespace staffetta::delivery {
namespace {

constexpr int kServiceClosing = 421;
constexpr int kTooManyRecipients = 452;
constexpr int kTooManyRecipientsOld = 552;  // RFC 5321 §4.5.3.1.10 has it treated as 452
constexpr int kHostTakesNoMail = 521;       // RFC 7504

// The host is at fault: another one may do better, and later this one too.
Verdict HostTrouble(const Context& context) {
  switch (context.hosts) {
    case HostsLeft::kSome:
      return {Kind::kNextHost, Scope::kHost};
    case HostsLeft::kNone:
      return {Kind::kDeferred, Scope::kHost};
  }
  return {Kind::kDeferred, Scope::kHost};
}

// The same, when another host is the only hope, now or once it is up again.
Verdict HostRefusal(const Context& context) {
  switch (context.hosts) {
    case HostsLeft::kSome:
      return {Kind::kNextHost, Scope::kHost};
    case HostsLeft::kNone:
      break;
  }
  return {context.down == HostsDown::kSome ? Kind::kDeferred : Kind::kFailed, Scope::kHost};
}

// An idle connection may have been closed at any time: that says nothing about the host.
Verdict AtMail(const Context& context) {
  switch (context.connection) {
    case Connection::kReused:
      return {Kind::kReconnect, Scope::kHost};
    case Connection::kFresh:
      return HostTrouble(context);
  }
  return HostTrouble(context);
}

Verdict Broken(Stage stage, const Context& context) {
  switch (stage) {
    case Stage::kMail:
      return AtMail(context);
    case Stage::kStartTls:
      return {Kind::kWithoutTls, Scope::kHost};
    case Stage::kEndOfData:
      return {Kind::kUnknown, Scope::kMessage};
    case Stage::kDns:
    case Stage::kConnect:
    case Stage::kGreeting:
    case Stage::kEhlo:
    case Stage::kRcpt:
    case Stage::kData:
    case Stage::kChunk:
      return HostTrouble(context);
  }
  return HostTrouble(context);
}

Verdict Abandoned(Stage stage) {
  if (stage == Stage::kEndOfData) return {Kind::kUnknown, Scope::kMessage};
  return {Kind::kHandBack, Scope::kMessage};
}

Verdict OfReply(Stage stage, const smtp::Reply& reply, const Context& context) {
  const bool permanent = reply.IsPermanent();
  if (reply.code == kServiceClosing) {
    return stage == Stage::kMail ? AtMail(context) : HostTrouble(context);
  }
  switch (stage) {
    case Stage::kDns:
    case Stage::kConnect:
      return HostTrouble(context);
    case Stage::kGreeting:
      // A 5xx greeting is often a passing refusal of this client; only 521 is said for good.
      return reply.code == kHostTakesNoMail ? HostRefusal(context) : HostTrouble(context);
    case Stage::kEhlo:
      return permanent ? HostRefusal(context) : HostTrouble(context);
    case Stage::kStartTls:
      return {Kind::kWithoutTls, Scope::kHost};
    case Stage::kMail:
      if (permanent) return {Kind::kFailed, Scope::kMessage};
      return HostTrouble(context);
    case Stage::kRcpt:
      if (reply.code == kTooManyRecipients || reply.code == kTooManyRecipientsOld) {
        return {context.accepted == Accepted::kSome ? Kind::kNextTransaction : Kind::kDeferred,
                Scope::kRecipient};
      }
      return {permanent ? Kind::kFailed : Kind::kDeferred, Scope::kRecipient};
    case Stage::kData:
    case Stage::kChunk:
      return {permanent ? Kind::kFailed : Kind::kDeferred, Scope::kMessage};
    case Stage::kEndOfData:
      if (reply.IsPositive()) return {Kind::kDelivered, Scope::kMessage};
      return {permanent ? Kind::kFailed : Kind::kDeferred, Scope::kMessage};
  }
  return HostTrouble(context);
}

struct Words {
  int code;
  smtp::EnhancedCode enhanced;
  std::string_view text;
};

Words WordsFor(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return {0, {}, ""};
    case Fault::kNoHost:
      return {550, {5, 1, 2}, "host or domain not found"};
    case Fault::kNullMx:
      return {556, {5, 1, 10}, "the domain takes no mail (null MX)"};
    case Fault::kNoAddress:
      return {550, {5, 4, 4}, "no mail host of the domain has an address"};
    case Fault::kNoPublicAddress:
      return {550, {5, 4, 4}, "all mail hosts of the domain have private addresses"};
    case Fault::kDnsFailure:
      return {451, {4, 4, 3}, "name resolution failed"};
    case Fault::kConnectFailed:
      return {0, {4, 4, 1}, "cannot connect"};
    case Fault::kLost:
      return {0, {4, 4, 2}, "the connection was lost"};
    case Fault::kTimeout:
      return {0, {4, 4, 2}, "no reply in time"};
    case Fault::kGarbage:
      return {0, {4, 5, 0}, "the server does not follow SMTP"};
    case Fault::kTlsFailed:
      return {0, {4, 7, 5}, "the TLS handshake failed"};
    case Fault::kBadAddress:
      return {553, {5, 1, 3}, "the address cannot be sent to a server"};
    case Fault::kTooLarge:
      return {552, {5, 3, 4}, "the message is larger than the server takes"};
    case Fault::kNeedsUtf8:
      return {553, {5, 6, 7}, "the server takes no internationalised addresses (SMTPUTF8)"};
    case Fault::kNotRecodable:
      return {554, {5, 6, 3}, "the server takes only 7-bit content, and it cannot be converted"};
    case Fault::kNeedsTls:
      return {550,
              {5, 7, 10},
              "the sender requires TLS (REQUIRETLS), and the server has none that can be verified"};
    case Fault::kNeedsRequireTls:
      return {550, {5, 7, 30}, "the server does not support REQUIRETLS"};
    case Fault::kNeedsDeliverBy:
      return {
          550, {5, 3, 3}, "the server does not promise to deliver or return in time (DELIVERBY)"};
    case Fault::kTooLate:
      return {0, {5, 4, 7}, "it could not be delivered by the time the sender demands"};
    case Fault::kExpired:
      return {0, {4, 4, 7}, "delivery time expired"};
    case Fault::kNoContent:
      return {0, {4, 3, 0}, "the content could not be read from the queue"};
    case Fault::kDamaged:
      return {0, {5, 3, 0}, "the stored content is damaged"};
    case Fault::kNoInbox:
      return {0, {4, 3, 0}, "the sandbox could not store the message"};
    case Fault::kUnknownChannel:
      return {0, {4, 3, 5}, "the account's channel is not known here"};
    case Fault::kStopped:
      return {0, {4, 3, 2}, "the relay is stopping"};
    case Fault::kLeaseLost:
      return {0, {4, 3, 0}, "another worker took over"};
  }
  return {0, {}, ""};
}

}  // namespace

Heard HeardFault(Stage stage, Fault fault, std::string_view detail) {
  const Words words = WordsFor(fault);
  Heard heard{stage, fault, {words.code, words.enhanced, std::string(words.text)}};
  if (!detail.empty()) heard.reply.text.append(": ").append(detail);
  return heard;
}

Verdict Classify(const Heard& heard, const Context& context) {
  switch (heard.fault) {
    case Fault::kNone:
      return OfReply(heard.stage, heard.reply, context);
    case Fault::kNoHost:
    case Fault::kNullMx:
    case Fault::kNoAddress:
    case Fault::kNoPublicAddress:
      return {Kind::kFailed, Scope::kSite};
    case Fault::kDnsFailure:
      return {Kind::kDeferred, Scope::kSite};
    case Fault::kConnectFailed:
      return HostTrouble(context);
    case Fault::kLost:
    case Fault::kTimeout:
    case Fault::kGarbage:
      return Broken(heard.stage, context);
    case Fault::kTlsFailed:
      return {Kind::kWithoutTls, Scope::kHost};
    case Fault::kNeedsUtf8:
    case Fault::kNotRecodable:
    case Fault::kNeedsTls:
    case Fault::kNeedsRequireTls:
    case Fault::kNeedsDeliverBy:
      return HostRefusal(context);
    case Fault::kBadAddress:
      return {Kind::kFailed, heard.stage == Stage::kRcpt ? Scope::kRecipient : Scope::kMessage};
    case Fault::kTooLarge:
    case Fault::kTooLate:
    case Fault::kExpired:
    case Fault::kDamaged:
      return {Kind::kFailed, Scope::kMessage};
    case Fault::kNoContent:
    case Fault::kNoInbox:
    case Fault::kUnknownChannel:
      return {Kind::kDeferred, Scope::kMessage};
    case Fault::kStopped:
    case Fault::kLeaseLost:
      return Abandoned(heard.stage);
  }
  return {Kind::kDeferred, Scope::kMessage};
}

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kDelivered:
      return "delivered";
    case Kind::kFailed:
      return "failed";
    case Kind::kUnknown:
      return "unknown";
    case Kind::kDeferred:
    case Kind::kNextHost:
    case Kind::kReconnect:
    case Kind::kNextTransaction:
    case Kind::kWithoutTls:
    case Kind::kHandBack:
      return "deferred";
  }
  return "deferred";
}

}  // namespace staffetta::delivery
