#pragma once

#include <string>

#include "common/rpc/event_publisher.h"
#include "staffetta/auth/v1/auth.pb.h"

namespace staffetta::auth {

// Publishes a change of a user's state. `what` goes on from "SMTP user s1_0 ": "is active".
void PublishState(rpc::EventPublisher* events, const v1::User& user, const std::string& what);

}  // namespace staffetta::auth
