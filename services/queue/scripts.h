#pragma once

#include "common/redis/script.h"

namespace staffetta::queue {

// The queue's transitions, each one atomic (services/queue/lua).
struct Scripts {
  redis::Script enqueue;
  redis::Script lease;
  redis::Script renew;
  redis::Script complete;
  redis::Script describe;
};

const Scripts& TheScripts();

}  // namespace staffetta::queue
