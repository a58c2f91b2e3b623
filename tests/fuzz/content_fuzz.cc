// A message from the wire to the queue: what is accepted has one sender, one Received more and none
// of the fields that stay here; its body keeps every octet. The first octet chooses the class. SPEC
// S8, V6

#include "fuzz.h"
#include "gateway/content.h"
#include "gateway/priority.h"

namespace staffetta::gateway {

FUZZ {
  if (input.empty()) return;
  const int message_class = 1 + static_cast<unsigned char>(input.front()) % 5;
  const std::string content(input.substr(1));
  const auto examined = Examine(content, {.max_header = 64 << 10});
  if (!examined) return;
  CHECK(!examined->authors.empty());
  const Trace trace{.hello = input.substr(0, 10),
                    .client_address = "192.0.2.1",
                    .hostname = "relay.example",
                    .id = "the-id"};
  const Finished finished =
      FinishContent(*examined, content, {.trace = trace, .priority = message_class});
  CHECK(!finished.too_big);
  const mime::HeaderBlock header = mime::HeaderBlock::Parse(finished.content);
  if (header.fault() != mime::HeaderBlock::Fault::kNone) return;
  CHECK(header.Count("Received") == examined->header.Count("Received") + 1);
  for (const char* gone : {"Bcc", "Resent-Bcc", "X-SMTPAPI", "Idempotency-Key"}) {
    CHECK(header.Find(gone) == nullptr);
  }
  for (const char* there : {"Date", "Message-ID"}) CHECK(header.Find(there) != nullptr);
  CHECK(header.Count("From") == 1);
  const auto shown = ClassOfHeader(header);
  CHECK(shown ? *shown == message_class : message_class == 3);
  CHECK(finished.content.substr(header.body_offset()) ==
        content.substr(examined->header.body_offset()));
}

}  // namespace staffetta::gateway
