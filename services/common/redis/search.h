#pragma once

// The attempts that look for the server to talk to; contract at Dial.

#include <functional>
#include <memory>

#include "common/redis/dial.h"

namespace staffetta::redis {

// Not for kServer. No server is given more than a quarter of `timeout`.
std::shared_ptr<Attempt> Search(Executor executor, const Deployment& deployment,
                                absl::Duration timeout,
                                std::function<void(absl::StatusOr<Socket>)> done);

}  // namespace staffetta::redis
