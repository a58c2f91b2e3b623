// Dynamic fields in any message: no value makes a field of its own, the size is bounded, fields
// that do not occur change nothing. SPEC X1

#include "fuzz.h"
#include "gateway/dynamic_fields.h"

namespace staffetta::gateway {

FUZZ {
  static const auto* const kFields = new DynamicFields{
      {"a", "Ann"}, {"b", "José €\r\nInjected: x\r\n\r\n日本"}, {"c", "<i>'&\"\t"}, {"é", ""}};
  static const auto* const kOthers = new DynamicFields{{std::string("\x01never"), "x"}};
  const mime::HeaderBlock header = mime::HeaderBlock::Parse(input, {.max_bytes = 16 << 10});
  if (header.fault() != mime::HeaderBlock::Fault::kNone) return;
  constexpr size_t kRoom = 10000;
  std::optional<std::string> subject;
  mime::Edits none(header);
  CHECK(Substitute(*kOthers, header, input, kRoom, &none, &subject) && !subject);
  if (input.find("\x01never") == std::string_view::npos) CHECK(none.Apply(input) == input);

  mime::Edits edits(header);
  if (!Substitute(*kFields, header, input, kRoom, &edits, &subject)) return;
  const std::string filled = edits.Apply(input);
  // Quoted-printable triples what it encodes, at worst, and parts get fields in their headers.
  CHECK(filled.size() <= 200 + 3 * (input.size() + kRoom) * 11 / 10 + input.size() * 20);
  const mime::HeaderBlock after = mime::HeaderBlock::Parse(filled, {.max_bytes = 64 << 10});
  if (header.Find("Injected") == nullptr) CHECK(after.Find("Injected") == nullptr);
}

}  // namespace staffetta::gateway
