#include "common/smtp/idna.h"

#include <idn2.h>

#include "common/smtp/ascii.h"
#include "common/smtp/utf8.h"

namespace staffetta::smtp {

std::optional<std::string> ToALabels(std::string_view domain) {
  std::string name(domain);
  if (IsAscii(domain)) return name;
  char* ascii = nullptr;
  const int result = idn2_to_ascii_8z(name.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (result != IDN2_OK) return std::nullopt;
  name = ascii;
  idn2_free(ascii);
  return name;
}

std::string NormalizedDomain(std::string_view domain) {
  const std::optional<std::string> labels = ToALabels(domain);
  return ToLower(labels ? std::string_view(*labels) : domain);
}

std::optional<std::string> ToAsciiAddress(std::string_view address) {
  const size_t at = address.rfind('@');
  const std::string_view local = address.substr(0, at);
  if (!IsAscii(local)) return std::nullopt;
  if (at == std::string_view::npos) return std::string(address);
  const std::optional<std::string> domain = ToALabels(address.substr(at + 1));
  if (!domain) return std::nullopt;
  return std::string(local) + "@" + *domain;
}

}  // namespace staffetta::smtp
