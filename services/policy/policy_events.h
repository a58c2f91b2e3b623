#pragma once

#include <string>

#include "common/rpc/event_publisher.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::policy {

// Publishes a change of a sender's state. `what` goes on from "sender example.com ": "is verified".
void PublishState(rpc::EventPublisher* events, const v1::Sender& sender, const std::string& what);

}  // namespace staffetta::policy
