#include "delivery/report.h"

#include <algorithm>
#include <string_view>

#include "common/mime/dates.h"
#include "common/smtp/idna.h"
#include "common/smtp/utf8.h"
#include "delivery/typed_address.h"

namespace staffetta::delivery {
namespace {

constexpr size_t kMaxHeader = 64 << 10;   // of the original
constexpr size_t kMaxReturned = 1 << 20;  // the original as a whole
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

bool Has(const NewsList& news, News which) {
  return std::find(news.begin(), news.end(), which) != news.end();
}

std::string_view ActionOf(News news) {
  switch (news) {
    case News::kNone:
      return "";
    case News::kFailed:
      return "failed";
    case News::kDelayed:
      return "delayed";
    case News::kRelayed:
      return "relayed";
    case News::kDelivered:
      return "delivered";
  }
  return "";
}

// What comes before the recipients it is said of.
std::string_view Introduction(News news) {
  switch (news) {
    case News::kNone:
      return "";
    case News::kFailed:
      return " could not be delivered to these\r\n"
             "recipients, and will not be tried again:\r\n\r\n";
    case News::kDelayed:
      return " has not been delivered yet to these\r\n"
             "recipients. It will be tried again; you need not do anything:\r\n\r\n";
    case News::kRelayed:
      return " was passed on for these recipients,\r\n"
             "to servers that may not tell what becomes of it:\r\n\r\n";
    case News::kDelivered:
      return " was delivered to these recipients:\r\n\r\n";
  }
  return "";
}

std::string StatusOf(const smtp::Reply& reply) {
  if (reply.enhanced) return reply.enhanced.ToString();
  if (reply.IsPositive()) return "2.0.0";
  return reply.IsTransient() ? "4.0.0" : "5.0.0";
}

std::string InPlainText(const std::string& recipient, const Outcome& outcome) {
  std::string out = "<" + OneLine(recipient) + ">:\r\n    ";
  std::string words = InWords(outcome.reply);
  if (!outcome.host.empty()) words = Printable(outcome.host) + ": " + words;
  return out + Wrapped(words, "    ") + "\r\n\r\n";
}

// RFC 3464 §2.3.
std::string InStatus(const Delivery& delivery, size_t recipient, News news) {
  const Outcome& outcome = delivery.outcomes[recipient];
  const std::vector<Notices>& notices = delivery.demands.notices;
  std::string out = "\r\n";
  if (!notices.empty() && !notices[recipient].original_recipient.empty()) {
    out += "Original-Recipient: " + InReport(notices[recipient].original_recipient) + "\r\n";
  }
  out += "Final-Recipient: " + RecipientInReport(delivery.recipients[recipient]) + "\r\n";
  out.append("Action: ").append(ActionOf(news)).append("\r\n");
  out += "Status: " + StatusOf(outcome.reply) + "\r\n";
  if (!outcome.host.empty()) {
    out += "Remote-MTA: dns; " + Printable(outcome.host.substr(0, outcome.host.find(' '))) + "\r\n";
  }
  if (news == News::kFailed || news == News::kDelayed) {
    const std::string_view type = outcome.reply.code == 0 ? "x-staffetta; " : "smtp; ";
    out +=
        "Diagnostic-Code: " + Wrapped(std::string(type) + InWords(outcome.reply), "    ") + "\r\n";
  }
  if (news == News::kDelayed) out += "Will-Retry-Until: " + Date(delivery.expire_time) + "\r\n";
  return out;
}

// A part of the report, from its Content-Type on.
std::string Part(std::string_view type, std::string_view body) {
  std::string out = "Content-Type: ";
  out.append(type).append("\r\n");
  if (!smtp::IsAscii(body)) out += "Content-Transfer-Encoding: 8bit\r\n";
  return out.append("\r\n").append(body);
}

// The original, or its header (RFC 3461 §4.3, RFC 8689 §5).
std::string OriginalPart(const Delivery& delivery, const NewsList& news) {
  const std::string_view header = HeaderOf(delivery.content);
  // Headers in UTF-8 have types of their own (RFC 6533 §6).
  const bool utf8 = delivery.utf8 && !smtp::IsAscii(header);
  const bool whole = Has(news, News::kFailed) && MayReturnWhole(delivery) && delivery.whole() &&
                     (utf8 || smtp::IsAscii(header));
  if (whole) return Part(utf8 ? "message/global" : "message/rfc822", delivery.content);
  return Part(utf8 ? "message/global-headers" : "text/rfc822-headers", header);
}

}  // namespace

NewsList NewsOfAll(const Delivery& delivery, const DelayRule& rule, absl::Time now) {
  NewsList news;
  for (size_t i = 0; i < delivery.outcomes.size(); ++i) {
    news.push_back(NewsOf(delivery, i, rule, now));
  }
  return news;
}

bool MayReturnWhole(const Delivery& delivery) {
  const auto size = static_cast<size_t>(std::max<int64_t>(delivery.content_size, 0));
  return delivery.demands.ret == smtp::Ret::kFull &&
         std::max(delivery.content.size(), size) <= kMaxReturned && !delivery.binary &&
         !delivery.demands.require_tls;
}

bool NeedsReport(const NewsList& news) {
  return std::any_of(news.begin(), news.end(), [](News each) { return each != News::kNone; });
}

std::string_view ReportSubject(const NewsList& news) {
  if (Has(news, News::kFailed)) return "Undelivered mail returned to sender";
  if (Has(news, News::kDelayed)) return "Mail is delayed";
  return Has(news, News::kRelayed) ? "Mail was passed on" : "Mail was delivered";
}

std::string InWords(const smtp::Reply& reply) {
  std::string out;
  if (reply.code != 0) out += std::to_string(reply.code) + " ";
  if (reply.enhanced) out += reply.enhanced.ToString() + " ";
  return out + Printable(reply.text);
}

std::string BuildReport(const ReportFrom& from, const Delivery& delivery, const NewsList& news) {
  std::string text = "This is the mail relay " + from.hostname + ".\r\n\r\n";
  for (News which : {News::kFailed, News::kDelayed, News::kRelayed, News::kDelivered}) {
    if (!Has(news, which)) continue;
    text.append("Your message " + delivery.message_id).append(Introduction(which));
    for (size_t i = 0; i < news.size(); ++i) {
      if (news[i] == which) text += InPlainText(delivery.recipients[i], delivery.outcomes[i]);
    }
  }

  std::string status;
  if (!delivery.demands.envelope_id.empty()) {
    status += "Original-Envelope-Id: " + Printable(delivery.demands.envelope_id) + "\r\n";
  }
  status += "Reporting-MTA: dns; " + from.hostname + "\r\n";
  status += "X-Staffetta-Message-Id: " + delivery.message_id + "\r\n";
  status += "Arrival-Date: " + Date(delivery.accept_time) + "\r\n";
  for (size_t i = 0; i < news.size(); ++i) {
    if (news[i] != News::kNone) status += InStatus(delivery, i, news[i]);
  }

  const std::string boundary = "=_" + from.message_id;
  std::string body = "--" + boundary + "\r\n" + Part("text/plain; charset=utf-8", text);
  body += "--" + boundary + "\r\n" + Part("message/delivery-status", status + "\r\n");
  if (!delivery.content.empty()) {
    body += "--" + boundary + "\r\n" + OriginalPart(delivery, news) + "\r\n";
  }
  body += "--" + boundary + "--\r\n";

  std::string out;
  out += "From: Mail Delivery System <MAILER-DAEMON@" + from.hostname + ">\r\n";
  out +=
      "To: <" + OneLine(smtp::ToAsciiAddress(delivery.sender).value_or(delivery.sender)) + ">\r\n";
  out.append("Subject: ").append(ReportSubject(news)).append("\r\n");
  out += "Date: " + Date(from.now) + "\r\n";
  out += "Message-ID: <" + from.message_id + "@" + from.hostname + ">\r\n";
  out += "Auto-Submitted: auto-replied\r\n";
  out += "MIME-Version: 1.0\r\n";
  out += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" + boundary +
         "\"\r\n";
  if (!smtp::IsAscii(body)) out += "Content-Transfer-Encoding: 8bit\r\n";
  return out + "\r\n" + body;
}

}  // namespace staffetta::delivery
