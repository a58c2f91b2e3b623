#pragma once

#include <string>

#include "delivery/delivery.h"

namespace staffetta::delivery {

// The mail log's lines (common/base/mail_log.h) about a delivery.

// One for each recipient's outcome.
void LogAttempts(const Delivery& delivery);
// One for each recipient that the bounce is about.
void LogBounces(const Delivery& delivery, const std::string& bounce_id);
void LogLost(const Delivery& delivery);

}  // namespace staffetta::delivery
