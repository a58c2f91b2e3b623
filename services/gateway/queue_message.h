#pragma once

#include "gateway/backends.h"
#include "staffetta/queue/v1/queue.pb.h"

namespace staffetta::gateway {

// What the sessions submit, in the queue's words. Pure.
queue::v1::NewMessage ToProto(Message message);

}  // namespace staffetta::gateway
