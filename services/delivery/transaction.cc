#include "delivery/transaction.h"

#include <utility>

#include "common/mime/header.h"
#include "common/mime/structure.h"
#include "common/smtp/address.h"
#include "common/smtp/idna.h"
#include "common/smtp/params.h"
#include "common/smtp/utf8.h"
#include "delivery/typed_address.h"

namespace staffetta::delivery {
namespace {

constexpr size_t kMaxDepth = 100;  // the edge lets fewer in

// In `out`, without brackets. kNone: it is there.
Fault AppendAddress(std::string_view address, const PeerAbilities& peer, std::string* out) {
  if (!smtp::ParseMailbox(address, /*allow_utf8=*/true).ok()) return Fault::kBadAddress;
  if (peer.smtputf8 || smtp::IsAscii(address)) {
    out->append(address);
    return Fault::kNone;
  }
  const std::optional<std::string> ascii = smtp::ToAsciiAddress(address);
  if (!ascii || !smtp::ParseMailbox(*ascii).ok()) return Fault::kNeedsUtf8;
  out->append(*ascii);
  return Fault::kNone;
}

// Of the message, or of a part (RFC 6532).
bool HasUtf8Header(std::string_view content) {
  if (!smtp::IsAscii(content.substr(0, content.find("\r\n\r\n")))) return true;
  const mime::HeaderBlock header = mime::HeaderBlock::Parse(content);
  return mime::Measure(header, content, kMaxDepth).eight_bit_header;
}

int64_t SecondsLeft(const Demands& demands, absl::Time now) {
  return absl::ToInt64Seconds(demands.deliver_by - now);
}

// What the sender demands and this peer cannot promise.
std::optional<Fault> Unfulfilled(const Demands& demands, const PeerAbilities& peer,
                                 Security security, absl::Time now) {
  if (demands.require_tls) {
    if (security != Security::kVerified) return Fault::kNeedsTls;
    if (!peer.require_tls) return Fault::kNeedsRequireTls;
  }
  if (demands.return_late && (!peer.deliver_by || SecondsLeft(demands, now) < peer.least_time)) {
    return Fault::kNeedsDeliverBy;
  }
  return std::nullopt;
}

// RFC 2852 §4: what is left of the time, and at least a second of it in mode R.
std::string ByParam(const Demands& demands, absl::Time now) {
  int64_t seconds = SecondsLeft(demands, now);
  if (demands.return_late && seconds < 1) seconds = 1;
  return " BY=" + std::to_string(seconds) + (demands.return_late ? ";R" : ";N") +
         (demands.trace ? "T" : "");
}

void AppendDemands(const Demands& demands, const PeerAbilities& peer, absl::Time now,
                   std::string* out) {
  if (peer.dsn) {
    if (demands.ret) *out += *demands.ret == smtp::Ret::kFull ? " RET=FULL" : " RET=HDRS";
    if (!demands.envelope_id.empty()) {
      *out += " ENVID=" + smtp::EncodeXtext(demands.envelope_id);
    }
  }
  if (peer.deliver_by && demands.deliver_by != absl::InfiniteFuture()) {
    *out += ByParam(demands, now);
  }
  if (peer.mt_priority && demands.mt_priority) {
    *out += " MT-PRIORITY=" + std::to_string(*demands.mt_priority);
  }
  if (demands.require_tls) *out += " REQUIRETLS";
}

void AppendNotices(const Notices& notices, std::string* out) {
  const smtp::Notify& notify = notices.notify;
  std::string list;
  if (notify.never) list = ",NEVER";
  if (notify.success) list += ",SUCCESS";
  if (notify.failure) list += ",FAILURE";
  if (notify.delay) list += ",DELAY";
  if (!list.empty()) out->append(" NOTIFY=").append(list, 1);
  if (!notices.original_recipient.empty()) {
    out->append(" ORCPT=").append(OrcptValue(notices.original_recipient));
  }
}

}  // namespace

Transaction Prepare(const Delivery& delivery, const std::vector<size_t>& recipients,
                    const PeerAbilities& peer, Security security, absl::Time now) {
  Transaction transaction;
  const auto forbid = [&](Fault fault, std::string_view detail = "") {
    transaction.forbidden = HeardFault(Stage::kMail, fault, detail);
    return std::move(transaction);
  };
  if (const auto fault = Unfulfilled(delivery.demands, peer, security, now)) return forbid(*fault);

  std::string& mail = transaction.mail;
  mail = "MAIL FROM:<";
  if (!delivery.sender.empty()) {
    const Fault fault = AppendAddress(delivery.sender, peer, &mail);
    if (fault != Fault::kNone) return forbid(fault, "the sender's");
  }
  mail += '>';
  bool utf8 = delivery.utf8 && (delivery.utf8_header || HasUtf8Header(delivery.content));
  if (utf8 && !peer.smtputf8) return forbid(Fault::kNeedsUtf8, "in the header");
  utf8 = utf8 || !smtp::IsAscii(mail);

  auto body = ChooseBody(delivery, peer);
  if (!body) return forbid(Fault::kNotRecodable, mime::Describe(body.error()));
  transaction.body = *std::move(body);
  const size_t size = transaction.body.SizeOf(delivery);
  if (peer.max_size != 0 && size > peer.max_size) {
    return forbid(Fault::kTooLarge, std::to_string(peer.max_size) + " bytes");
  }

  for (size_t at = 0; at < recipients.size(); ++at) {
    Transaction::Recipient& recipient = transaction.recipients.emplace_back();
    recipient.at = at;
    recipient.command = "RCPT TO:<";
    const Fault fault =
        AppendAddress(delivery.recipients[recipients[at]], peer, &recipient.command);
    if (fault != Fault::kNone) {
      recipient.trouble = HeardFault(Stage::kRcpt, fault);
      continue;
    }
    utf8 = utf8 || !smtp::IsAscii(recipient.command);
    recipient.command += '>';
    if (peer.dsn && !delivery.demands.notices.empty()) {
      AppendNotices(delivery.demands.notices[recipients[at]], &recipient.command);
    }
    recipient.command += "\r\n";
  }

  if (peer.size) mail += " SIZE=" + std::to_string(size);
  if (transaction.body.form == smtp::Body::k8BitMime) mail += " BODY=8BITMIME";
  if (transaction.body.form == smtp::Body::kBinaryMime) mail += " BODY=BINARYMIME";
  if (utf8) mail += " SMTPUTF8";
  AppendDemands(delivery.demands, peer, now, &mail);
  mail += "\r\n";
  return transaction;
}

}  // namespace staffetta::delivery
