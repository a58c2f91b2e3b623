#pragma once

// The report that goes back to the envelope sender (RFC 3464, RFC 6522, RFC 6533; SPEC B1): a
// bounce when something failed, a warning of a delay, word of a relay or delivery. Pure.

#include <absl/time/time.h>

#include <string>
#include <vector>

#include "delivery/delivery.h"
#include "delivery/notices.h"

namespace staffetta::delivery {

struct ReportFrom {
  std::string hostname;
  std::string message_id;  // the report's own
  absl::Time now;
};

// By recipient.
using NewsList = std::vector<News>;

// News of all recipients, by this attempt's outcomes.
NewsList NewsOfAll(const Delivery& delivery, const DelayRule& rule, absl::Time now);

// Whether there is something to tell.
bool NeedsReport(const NewsList& news);

// What the report is about, by the worst of its news.
std::string_view ReportSubject(const NewsList& news);

// Whether a report of a failure carries all of the content, provided that it is here whole:
// RET=FULL asks for it and nothing speaks against it (size, binary content, REQUIRETLS).
bool MayReturnWhole(const Delivery& delivery);

// The whole message: what happened in words, the delivery status, and of the original as far as its
// content is there the header, or all of it when something failed and MayReturnWhole. What servers
// said is reduced to printable ASCII in one line, so that it cannot break out of its place.
std::string BuildReport(const ReportFrom& from, const Delivery& delivery, const NewsList& news);

// "550 5.1.1 no such user"; without a code when no server said it.
std::string InWords(const smtp::Reply& reply);

}  // namespace staffetta::delivery
