#pragma once

#include <string>

#include "delivery/delivery.h"
#include "delivery/report.h"

namespace staffetta::delivery {

// The mail log's lines (common/base/mail_log.h) about a delivery.

// One for each recipient's outcome.
void LogAttempts(const Delivery& delivery);
// One for each recipient whose failure the report tells.
void LogBounces(const Delivery& delivery, const NewsList& news, const std::string& report_id);
void LogLost(const Delivery& delivery);

}  // namespace staffetta::delivery
