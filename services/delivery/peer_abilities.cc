#include "delivery/peer_abilities.h"

#include <absl/strings/numbers.h>

#include <string_view>

#include "common/base/text.h"
#include "common/smtp/ascii.h"

namespace staffetta::delivery {
namespace {

// Cuts the first word off.
std::string_view TakeWord(std::string_view* text) {
  *text = smtp::TrimLeft(*text);
  const std::string_view word = text->substr(0, text->find(' '));
  text->remove_prefix(word.size());
  return word;
}

// 0 when it is no number.
template <class Number>
Number NumberOf(std::string_view text) {
  Number number = 0;
  return absl::SimpleAtoi(ToAbsl(text), &number) && number > 0 ? number : 0;
}

// "RCPTMAX=20 MAILMAX=5"
void ReadLimits(std::string_view limits, PeerAbilities* abilities) {
  for (std::string_view word = TakeWord(&limits); !word.empty(); word = TakeWord(&limits)) {
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    if (smtp::EqualsIgnoreCase(name, "RCPTMAX")) {
      abilities->max_recipients = NumberOf<size_t>(value);
    } else if (smtp::EqualsIgnoreCase(name, "MAILMAX")) {
      abilities->max_transactions = NumberOf<int>(value);
    }
  }
}

}  // namespace

PeerAbilities ReadAbilities(const smtp::Reply& ehlo) {
  PeerAbilities abilities;
  bool chunking = false;
  // The first line is the server's name.
  std::string_view rest = ehlo.text;
  size_t end = rest.find('\n');
  while (end != std::string_view::npos) {
    rest.remove_prefix(end + 1);
    end = rest.find('\n');
    std::string_view values = rest.substr(0, end);
    const std::string_view keyword = TakeWord(&values);
    const auto is = [&](std::string_view name) { return smtp::EqualsIgnoreCase(keyword, name); };
    if (is("PIPELINING")) abilities.pipelining = true;
    if (is("8BITMIME")) abilities.eight_bit_mime = true;
    if (is("CHUNKING")) chunking = true;
    if (is("BINARYMIME")) abilities.binary_mime = true;
    if (is("SMTPUTF8")) abilities.smtputf8 = true;
    if (is("STARTTLS")) abilities.starttls = true;
    if (is("REQUIRETLS")) abilities.require_tls = true;
    if (is("DSN")) abilities.dsn = true;
    if (is("MT-PRIORITY")) abilities.mt_priority = true;
    if (is("DELIVERBY")) {
      abilities.deliver_by = true;
      abilities.least_time = NumberOf<int64_t>(TakeWord(&values));
    }
    if (is("SIZE")) {
      abilities.size = true;
      abilities.max_size = NumberOf<uint64_t>(TakeWord(&values));
    }
    if (is("LIMITS")) ReadLimits(values, &abilities);
  }
  if (!chunking) abilities.binary_mime = false;
  return abilities;
}

}  // namespace staffetta::delivery
