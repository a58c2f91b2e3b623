#include "queue/scripts.h"

namespace staffetta::queue {
namespace {

#include "queue_scripts.inc"

}  // namespace

const Scripts& TheScripts() {
  static const Scripts scripts{
      .enqueue = {"enqueue", kEnqueue},
      .lease = {"lease", kLease},
      .renew = {"renew", kRenew},
      .complete = {"complete", kComplete},
      .describe = {"describe", kDescribe},
      .act = {"act", kAct},
      .gate = {"gate", kGate},
      .stats = {"stats", kStats},
      .announce = {"announce", kAnnounce},
      .locate = {"locate", kLocate},
      .sweep = {"sweep", kSweep},
  };
  return scripts;
}

}  // namespace staffetta::queue
