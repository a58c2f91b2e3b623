#include "delivery/bounce.h"

#include <algorithm>
#include <string_view>

#include "common/mime/dates.h"

namespace staffetta::delivery {
namespace {

constexpr size_t kMaxHeader = 64 << 10;  // of the original
constexpr size_t kLineWidth = 76;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }

// One line without controls.
std::string OneLine(std::string_view text) {
  std::string out(text);
  std::replace_if(out.begin(), out.end(), IsControl, ' ');
  return out;
}

std::string Printable(std::string_view text) {
  std::string out = OneLine(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  return out;
}

// `text` in lines of about kLineWidth, each after the first with `indent` before it.
std::string Wrapped(std::string_view text, std::string_view indent) {
  std::string out;
  while (text.size() > kLineWidth) {
    size_t cut = text.rfind(' ', kLineWidth);
    if (cut == std::string_view::npos || cut == 0) cut = kLineWidth;
    out.append(text.substr(0, cut)).append("\r\n").append(indent);
    text.remove_prefix(cut);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return out.append(text);
}

std::string Date(absl::Time time) { return mime::FormatDate(absl::ToUnixSeconds(time)); }

std::string_view HeaderOf(std::string_view content) {
  const size_t end = content.find("\r\n\r\n");
  std::string_view header = end == std::string_view::npos ? content : content.substr(0, end + 2);
  if (header.size() <= kMaxHeader) return header;
  header = header.substr(0, kMaxHeader);
  const size_t last = header.rfind("\r\n");
  return last == std::string_view::npos ? "" : header.substr(0, last + 2);
}

std::string StatusOf(const smtp::Reply& reply) {
  if (reply.enhanced) return reply.enhanced.ToString();
  return reply.code >= 400 && reply.code < 500 ? "4.0.0" : "5.0.0";
}

std::string InPlainText(const std::string& recipient, const Outcome& outcome) {
  std::string out = "<" + OneLine(recipient) + ">:\r\n    ";
  std::string words = InWords(outcome.reply);
  if (!outcome.host.empty()) words = Printable(outcome.host) + ": " + words;
  return out + Wrapped(words, "    ") + "\r\n\r\n";
}

std::string InStatus(const std::string& recipient, const Outcome& outcome) {
  std::string out = "\r\nFinal-Recipient: rfc822; " + Printable(recipient) + "\r\n";
  out += "Action: failed\r\nStatus: " + StatusOf(outcome.reply) + "\r\n";
  if (!outcome.host.empty()) {
    out += "Remote-MTA: dns; " + Printable(outcome.host.substr(0, outcome.host.find(' '))) + "\r\n";
  }
  const std::string_view type = outcome.reply.code == 0 ? "x-staffetta; " : "smtp; ";
  out += "Diagnostic-Code: " + Wrapped(std::string(type) + InWords(outcome.reply), "    ") + "\r\n";
  return out;
}

}  // namespace

bool NeedsBounce(const Delivery& delivery) {
  return !delivery.sender.empty() &&
         std::any_of(delivery.outcomes.begin(), delivery.outcomes.end(),
                     [](const Outcome& outcome) { return outcome.kind == Kind::kFailed; });
}

std::string InWords(const smtp::Reply& reply) {
  std::string out;
  if (reply.code != 0) out += std::to_string(reply.code) + " ";
  if (reply.enhanced) out += reply.enhanced.ToString() + " ";
  return out + Printable(reply.text);
}

std::string BuildBounce(const BounceFrom& from, const Delivery& delivery) {
  std::string text, status;
  for (size_t i = 0; i < delivery.outcomes.size(); ++i) {
    const Outcome& outcome = delivery.outcomes[i];
    if (outcome.kind != Kind::kFailed) continue;
    text += InPlainText(delivery.recipients[i], outcome);
    status += InStatus(delivery.recipients[i], outcome);
  }
  const std::string boundary = "=_" + from.message_id;

  std::string out;
  out += "From: Mail Delivery System <MAILER-DAEMON@" + from.hostname + ">\r\n";
  out += "To: <" + OneLine(delivery.sender) + ">\r\n";
  out += "Subject: Undelivered mail returned to sender\r\n";
  out += "Date: " + Date(from.now) + "\r\n";
  out += "Message-ID: <" + from.message_id + "@" + from.hostname + ">\r\n";
  out += "Auto-Submitted: auto-replied\r\n";
  out += "MIME-Version: 1.0\r\n";
  out += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" + boundary +
         "\"\r\n\r\n";

  out += "--" + boundary + "\r\n";
  out += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
  out += "This is the mail relay " + from.hostname + ".\r\n\r\n";
  out += "Your message " + delivery.message_id +
         " could not be delivered to these\r\nrecipients, and will not be tried again:\r\n\r\n";
  out += text;

  out += "--" + boundary + "\r\nContent-Type: message/delivery-status\r\n\r\n";
  out += "Reporting-MTA: dns; " + from.hostname + "\r\n";
  out += "X-Staffetta-Message-Id: " + delivery.message_id + "\r\n";
  out += "Arrival-Date: " + Date(delivery.accept_time) + "\r\n";
  out += status + "\r\n";

  if (!delivery.content.empty()) {
    out += "--" + boundary + "\r\nContent-Type: text/rfc822-headers\r\n";
    out += "Content-Transfer-Encoding: 8bit\r\n\r\n";
    out.append(HeaderOf(delivery.content)).append("\r\n");
  }
  return out + "--" + boundary + "--\r\n";
}

}  // namespace staffetta::delivery
