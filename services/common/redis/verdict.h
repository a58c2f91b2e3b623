#pragma once

// What a result of one node means for a command that another node, or a later time, may serve.

#include "common/redis/connection.h"
#include "common/redis/topology.h"

namespace staffetta::redis {

struct Verdict {
  enum class Kind {
    kFinal,  // Redis has run it, or refused it for a reason of its own
    kLost,   // outcome unknown: final too, but the node is suspect
    kMoved,  // not run: `to` serves the slot
    kAsk,    // not run: `to` has the key while its slot is being moved
    kLater,  // not run: nobody can serve it now
  };
  Kind kind = Kind::kFinal;
  NodeAddress to;
};

// `asked` is whom it was sent to. A script never follows ASK: some of its keys may not have moved
// yet, and where they are going it would make them anew.
Verdict Judge(const Connection::Result& result, bool script, const NodeAddress& asked);

}  // namespace staffetta::redis
