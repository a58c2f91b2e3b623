// Addresses in commands (RFC 5321 §4.1.2) and in the header (RFC 5322 §3.4): what is accepted is
// understood the same when it is written again.

#include "common/mime/address_list.h"
#include "common/smtp/utf8.h"
#include "fuzz.h"

namespace staffetta::smtp {

void Again(const Mailbox& mailbox) {
  const std::string written = mailbox.ToString();
  CHECK(!HasControl(written));
  const auto read = ParseMailbox(written, true);
  CHECK(read && *read == mailbox);
  CHECK(NormalizedKey(*read) == NormalizedKey(mailbox));
}

FUZZ {
  for (const bool utf8 : {false, true}) {
    if (const auto mailbox = ParseMailbox(input, utf8)) Again(*mailbox);
    const auto path = ParsePath(input, {.allow_utf8 = utf8});
    if (path && !path->IsNull()) Again(*path);
  }
  if (const auto list = mime::ParseAddressList(input)) {
    CHECK(!list->empty() && list->size() <= mime::kMaxAddresses);
    for (const mime::Address& address : *list) Again(address.mailbox);
  }
}

}  // namespace staffetta::smtp
