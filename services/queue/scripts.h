#pragma once

#include "common/redis/script.h"

namespace staffetta::queue {

// The queue's transitions and views, each one atomic (services/queue/lua).
struct Scripts {
  redis::Script enqueue;
  redis::Script lease;
  redis::Script renew;
  redis::Script complete;
  redis::Script describe;
  redis::Script act;
  redis::Script gate;
  redis::Script stats;
  redis::Script announce;
  redis::Script locate;
  redis::Script sweep;
};

const Scripts& TheScripts();

}  // namespace staffetta::queue
