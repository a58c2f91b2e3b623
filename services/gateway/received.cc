#include "gateway/received.h"

#include <absl/strings/str_cat.h>

#include "common/base/text.h"
#include "common/mime/dates.h"
#include "common/smtp/ascii.h"

namespace staffetta::gateway {
namespace {

// Letters that cannot end a word, a comment or the field.
bool IsHarmless(char c) {
  return smtp::IsAlnum(c) || std::string_view("-._:[]").find(c) != std::string_view::npos;
}

std::string OneWord(std::string_view name) {
  std::string word(name.empty() ? "unknown" : name);
  for (char& c : word) {
    if (!IsHarmless(c)) c = '?';
  }
  return word;
}

// HELO knows no variants.
std::string Protocol(const Trace& trace) {
  if (trace.greeting == Greeting::kHelo) return "SMTP";
  std::string protocol = trace.utf8 ? "UTF8SMTP" : "ESMTP";
  if (trace.tls) protocol += 'S';
  if (trace.authenticated) protocol += 'A';
  return protocol;
}

}  // namespace

std::string ReceivedField(const Trace& trace) {
  const bool ipv6 = trace.client_address.find(':') != std::string_view::npos;
  std::string field =
      absl::StrCat("Received: from ", OneWord(trace.hello), " (",
                   trace.client_name.empty() ? "" : OneWord(trace.client_name) + " ", "[",
                   ipv6 ? "IPv6:" : "", ToAbsl(trace.client_address), "])\r\n\tby ",
                   ToAbsl(trace.hostname), " with ", Protocol(trace), " id ", ToAbsl(trace.id));
  if (trace.tls)
    absl::StrAppend(&field, "\r\n\t(", trace.tls->version, " ", trace.tls->cipher, ")");
  absl::StrAppend(&field, ";\r\n\t", mime::FormatDate(trace.unix_seconds), "\r\n");
  return field;
}

}  // namespace staffetta::gateway
